/** Compression of a whole file. */
export type Packing = "none" | "gzip" | "zstd";

/** A kind of file that alerts come in: containers and single messages, or archives of them. */
export interface AlertFileFormat {
  readonly kind: "alerts" | "tar" | "zip";
  readonly packing: Packing;
}

const packings: Readonly<Record<string, Packing>> = {
  "": "none",
  ".gz": "gzip",
  ".zst": "zstd",
  ".tgz": "gzip",
  ".tzst": "zstd",
};

/** For messages: the names that Fink reads alerts from. */
export const readableNames =
  ".avro, .bin (each also .gz or .zst), .parquet, .tar, .tar.gz, .tar.zst and .zip";

/** The format of a file by its name; null when it holds no alerts. */
export function alertFileFormat(name: string): AlertFileFormat | null {
  const lower = name.toLowerCase();
  if (lower.endsWith(".zip")) return { kind: "zip", packing: "none" };
  const alerts = /\.(?:avro|bin)(|\.gz|\.zst)$/.exec(lower);
  if (alerts) return { kind: "alerts", packing: packings[alerts[1]] };
  const tar = /\.tar(|\.gz|\.zst)$|(\.tgz|\.tzst)$/.exec(lower);
  return tar && { kind: "tar", packing: packings[tar[1] ?? tar[2]] };
}

const unpackers: Readonly<Record<string, string>> = {
  xz: "xz -d",
  lzma: "xz -d",
  txz: "tar -xf",
  bz2: "bunzip2",
  tbz: "tar -xf",
  tbz2: "tar -xf",
  z: "uncompress",
  lz: "lzip -d",
  lz4: "lz4 -d",
  br: "brotli -d",
  "7z": "7z x",
  rar: "unrar x",
};

/** Advice for a file that may hold alerts and cannot be read; null for all other files. */
export function unpackAdvice(path: string): string | null {
  const ending = /\.([a-z0-9]+)$/i.exec(path)?.[1].toLowerCase() ?? "";
  if (/\.parquet\.(gz|zst)$/i.test(path))
    return `${path} is a compressed Parquet file, which Fink does not read. Unpack it first: ${ending === "gz" ? "gunzip" : "unzstd"} ${path}`;
  return unpackers[ending]
    ? `${path} is packed as .${ending}, which Fink does not read. Unpack it first: ${unpackers[ending]} ${path}`
    : null;
}
