import { FinkError } from "../errors.ts";

// Confluent wire format: byte 0, schema id (4 bytes, big-endian), Avro datum.
const headerBytes = 5;

/** Id of the writer's schema and where the datum begins. */
export interface WireHeader {
  readonly id: number;
  readonly start: number;
}

export function readWireHeader(bytes: Uint8Array, start: number, end: number): WireHeader {
  if (end - start <= headerBytes)
    throw new FinkError(
      "avro",
      `a message of ${end - start} bytes has no datum after byte 0 and the schema id`,
    );
  if (bytes[start] !== 0) {
    throw new FinkError(
      "avro",
      `the message begins with byte 0x${bytes[start].toString(16).padStart(2, "0")}, not with 0x00 and a schema id`,
    );
  }
  return {
    id: new DataView(bytes.buffer, bytes.byteOffset).getUint32(start + 1),
    start: start + headerBytes,
  };
}

export function writeWire(id: number, datum: Uint8Array): Uint8Array {
  const message = new Uint8Array(headerBytes + datum.length);
  new DataView(message.buffer).setUint32(1, id);
  message.set(datum, headerBytes);
  return message;
}
