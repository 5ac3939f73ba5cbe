const blockBytes = 512;

/**
 * One file of a tar archive: POSIX.1-1988 "ustar" header, bytes, zeros up to a whole block. `name`
 * has at most 100 bytes.
 */
export function tarEntry(name: string, bytes: Uint8Array, modifiedMs: number): Uint8Array[] {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number) =>
    header.write(value.toString(8).padStart(digits, "0"), at, "latin1");
  header.write(name, 0, 100, "latin1");
  octal(0o644, 100, 7);
  octal(0, 108, 7); // owner and group
  octal(0, 116, 7);
  octal(bytes.length, 124, 11);
  octal(Math.max(0, Math.floor(modifiedMs / 1000)), 136, 11);
  header.write("0", 156, "latin1"); // a plain file
  header.write("ustar\x0000", 257, "latin1");
  header.fill(" ", 148, 156); // the checksum is taken with blanks in its place
  octal(
    header.reduce((sum, byte) => sum + byte, 0),
    148,
    6,
  );
  header[154] = 0;
  return [header, bytes, new Uint8Array((blockBytes - (bytes.length % blockBytes)) % blockBytes)];
}

/** What a tar archive ends with. */
export const tarEnd = new Uint8Array(2 * blockBytes);
