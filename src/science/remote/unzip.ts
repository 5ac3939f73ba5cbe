import { inflateRawSync } from "node:zlib";

/**
 * The first file of a ZIP archive (APPNOTE.TXT of PKWARE, 4.3): its sizes are in the directory at
 * the end. Throws for what is none, or is cut short.
 */
export function firstFileOf(zip: Buffer): Buffer {
  const end = zip.lastIndexOf(Buffer.from("PK\x05\x06", "latin1"));
  if (end < 0) throw new Error("no ZIP archive, or not the whole of it");
  const directory = zip.readUInt32LE(end + 16);
  const [method, size, local] = [
    zip.readUInt16LE(directory + 10),
    zip.readUInt32LE(directory + 20),
    zip.readUInt32LE(directory + 42),
  ];
  const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
  const stored = zip.subarray(start, start + size);
  if (method !== 0 && method !== 8)
    throw new Error(`its compression is method ${method}, not deflate`);
  return method === 0 ? stored : inflateRawSync(stored, { maxOutputLength: mostBytes });
}

const mostBytes = 2 ** 30;
