/** A message as the survey publishes it. */
export interface Packet {
  /** They hold until the next packet is made: copy them. */
  readonly bytes: Uint8Array;
  readonly alertId: bigint;
  readonly objectId: string;
}

/** A function that puts parts behind one another, in memory that its next result takes over. */
export function joiner(): (...parts: readonly Uint8Array[]) => Uint8Array {
  let memory = new Uint8Array(1 << 18);
  return (...parts) => {
    const size = parts.reduce((sum, part) => sum + part.length, 0);
    if (size > memory.length) memory = new Uint8Array(2 * size);
    let at = 0;
    for (const part of parts) {
      memory.set(part, at);
      at += part.length;
    }
    return memory.subarray(0, size);
  };
}
