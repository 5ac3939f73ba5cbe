/** A message as the survey publishes it. */
export interface Packet {
  readonly bytes: Uint8Array;
  readonly alertId: bigint;
  readonly objectId: string;
}
