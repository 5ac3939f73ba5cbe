/** A packet on its way out. */
export interface OutgoingPacket {
  readonly survey: string;
  /** YYYYMMDD */
  readonly night: string;
  /** Name of its file: alert id and extension. */
  readonly name: string;
  /** What keeps the alerts of one object in order: its id. */
  readonly key: string;
  /** ms since 1970 */
  readonly publishedAt: number;
  /** Not changed by anybody any more. */
  readonly bytes: Uint8Array;
}

/** Where packets go: a folder, archives, Kafka. */
export interface Target {
  /**
   * Takes packets, and resolves when there is room for more. Throws FinkError "io" or "kafka" when
   * they cannot be delivered.
   */
  put(packets: readonly OutgoingPacket[]): Promise<void>;
  /** Resolves when everything is where it belongs. */
  close(): Promise<void>;
  /** Instead of `close`, early: what is whole stays, and nothing half remains. Never throws. */
  abandon(): Promise<void>;
  /** Packets that are in their place for good. */
  delivered(): number;
  /** Where they are, for people: paths or topics. */
  places(): readonly string[];
}

/** A schema that readers of packets need besides, as messages in Confluent wire format do. */
export interface NumberedSchema {
  readonly id: number;
  /** JSON text */
  readonly text: string;
}
