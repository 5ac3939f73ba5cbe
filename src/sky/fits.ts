/** Reader of FITS images (FITS standard 4.0): the first header-data unit that holds pixels. */
export interface FitsImage {
  readonly width: number;
  readonly height: number;
  /** Row by row, the first row of the file first; blank pixels are NaN. */
  readonly pixels: Float64Array;
  readonly header: FitsHeader;
}

export type FitsHeader = ReadonlyMap<string, string | number | boolean>;

const BLOCK = 2880;
const CARD = 80;
const MAX_BYTES = 64 * 2 ** 20;

/** Takes the file gzipped or not. Throws an `Error` in plain words when there is no image in it. */
export async function readFits(file: Uint8Array): Promise<FitsImage> {
  return imageIn(file[0] === 0x1f && file[1] === 0x8b ? await gunzip(file) : file);
}

/** Of a file that is not gzipped. */
export function imageIn(bytes: Uint8Array): FitsImage {
  for (let offset = 0; offset < bytes.length;) {
    const { header, end } = readHeader(bytes, offset);
    const { width, height, size } = shapeOf(header);
    if (width > 0 && height > 0)
      return { width, height, header, pixels: readPixels(bytes, end, width * height, header) };
    offset = end + Math.ceil(size / BLOCK) * BLOCK;
  }
  throw new Error("FITS file without an image");
}

function readHeader(
  bytes: Uint8Array,
  start: number,
): { header: Map<string, string | number | boolean>; end: number } {
  const header = new Map<string, string | number | boolean>();
  const text = new TextDecoder("latin1");
  for (let at = start; at + CARD <= bytes.length; at += CARD) {
    const card = text.decode(bytes.subarray(at, at + CARD));
    const keyword = card.slice(0, 8).trimEnd();
    if (at === start && keyword !== "SIMPLE" && keyword !== "XTENSION")
      throw new Error("not a FITS file");
    if (keyword === "END")
      return { header, end: start + Math.ceil((at + CARD - start) / BLOCK) * BLOCK };
    if (card.startsWith("= ", 8)) header.set(keyword, valueOf(card.slice(10)));
  }
  throw new Error("FITS header without END");
}

/** `'text'` (a quote in it doubled), T, F or a number; then ` / comment`. */
function valueOf(field: string): string | number | boolean {
  const quoted = /^\s*'((?:[^']|'')*)'/.exec(field);
  if (quoted) return quoted[1].replaceAll("''", "'").trimEnd();
  const value = field.split("/", 1)[0].trim();
  if (value === "T" || value === "F") return value === "T";
  return value === "" ? "" : Number(value.replace("D", "E"));
}

/**
 * Width and height are 0 unless the unit is an image; `size` in bytes is that of its data in any
 * case.
 */
function shapeOf(header: FitsHeader): { width: number; height: number; size: number } {
  const { axes, bytes } = fitsDataSize((keyword, otherwise) =>
    Number(header.get(keyword) ?? otherwise),
  );
  const isImage =
    axes.length >= 2 &&
    axes.every((axis) => axis > 0) &&
    (header.get("XTENSION") ?? "IMAGE") === "IMAGE";
  return isImage
    ? { width: axes[0], height: axes[1], size: bytes }
    : { width: 0, height: 0, size: bytes };
}

/** FITS 4.0, section 4.4.1. */
const mostAxes = 999;

/**
 * The axes of a header-data unit and the bytes of its data without padding. `number` reads a
 * keyword of the header. Throws for numbers that the standard does not allow, before anything is
 * allocated or skipped by them.
 */
export function fitsDataSize(number: (keyword: string, otherwise: number) => number): {
  axes: number[];
  bytes: number;
} {
  const whole = (keyword: string, otherwise: number, most = Number.MAX_SAFE_INTEGER): number => {
    const value = number(keyword, otherwise);
    if (Number.isSafeInteger(value) && value >= 0 && value <= most) return value;
    throw new Error(`FITS header with ${keyword} = ${value}; the file is damaged`);
  };
  const axes = Array.from({ length: whole("NAXIS", 0, mostAxes) }, (_, i) =>
    whole(`NAXIS${i + 1}`, 0),
  );
  const elements = axes.length === 0 ? 0 : axes.reduce((product, n) => product * n, 1);
  const bitpix = number("BITPIX", 8);
  if (axes.length > 0 && ![8, 16, 32, 64, -32, -64].includes(bitpix))
    throw new Error(`FITS header with BITPIX ${bitpix}; the file is damaged`);
  const bytes = (Math.abs(bitpix) / 8) * whole("GCOUNT", 1) * (whole("PCOUNT", 0) + elements);
  if (!Number.isSafeInteger(bytes))
    throw new Error(`FITS header with axes of ${axes.join(" × ")}; the file is damaged`);
  return { axes, bytes };
}

/** The first plane, in physical values: BZERO + BSCALE × stored. */
function readPixels(
  bytes: Uint8Array,
  start: number,
  count: number,
  header: FitsHeader,
): Float64Array {
  const bitpix = Number(header.get("BITPIX"));
  const width = Math.abs(bitpix) / 8;
  if (start + count * width > bytes.length)
    throw new Error(`FITS image cut short: ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, count * width);
  const read = readerOf(view, bitpix);
  const scale = Number(header.get("BSCALE") ?? 1);
  const zero = Number(header.get("BZERO") ?? 0);
  const blank = bitpix > 0 ? header.get("BLANK") : undefined;
  const pixels = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    const stored = read(i * width);
    pixels[i] = stored === blank ? Number.NaN : zero + scale * stored;
  }
  return pixels;
}

function readerOf(view: DataView, bitpix: number): (at: number) => number {
  switch (bitpix) {
    case 8:
      return (at) => view.getUint8(at);
    case 16:
      return (at) => view.getInt16(at);
    case 32:
      return (at) => view.getInt32(at);
    case 64:
      return (at) => Number(view.getBigInt64(at));
    case -32:
      return (at) => view.getFloat32(at);
    case -64:
      return (at) => view.getFloat64(at);
    default:
      throw new Error(`FITS image with BITPIX ${bitpix}`);
  }
}

async function gunzip(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([new Uint8Array(bytes)])
    .stream()
    .pipeThrough(new DecompressionStream("gzip"));
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of stream) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error("FITS file decompresses to more than 64 MB");
    chunks.push(chunk);
  }
  return new Uint8Array(await new Blob(chunks).arrayBuffer());
}
