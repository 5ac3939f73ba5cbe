// FITS 4.0: a header of 80-character cards in blocks of 2880 bytes, then big-endian pixels padded
// to such blocks.
const [cardBytes, blockBytes] = [80, 2880];

/** Name and value of each card, in their order. */
export type Cards = Readonly<Record<string, string | number | boolean>>;

type Pixels = Float32Array | Float64Array;

/**
 * A square image: `cards` is what the header says beyond type and size; one with EXTNAME makes it
 * an extension.
 */
export function imageHdu(pixels: Pixels, cards: Cards): Buffer {
  const header = imageHeader(Math.sqrt(pixels.length), pixels.BYTES_PER_ELEMENT, cards);
  const hdu = Buffer.allocUnsafeSlow(hduBytes(header, pixels));
  writeHdu(hdu, 0, header, pixels);
  return hdu;
}

/** The header alone, to be written in front of many images of that size. */
export function imageHeader(side: number, bytesPerPixel: number, cards: Cards): Buffer {
  const isExtension = "EXTNAME" in cards;
  const size = { BITPIX: -8 * bytesPerPixel, NAXIS: 2, NAXIS1: side, NAXIS2: side };
  const all: Cards = {
    ...(isExtension ? { XTENSION: "IMAGE" } : { SIMPLE: true }),
    ...size,
    ...(isExtension && { PCOUNT: 0, GCOUNT: 1 }),
    ...cards,
  };
  const text = Object.entries(all).map(cardText).join("") + "END".padEnd(cardBytes);
  return Buffer.from(text.padEnd(wholeBlocks(text.length)), "latin1");
}

/** Exchanges the number of a card in a header made with `imageHeader`. */
export function setNumber(header: Buffer, name: string, value: number): void {
  header.write(
    numberText(value),
    header.indexOf(`${name.padEnd(8)}= `, 0, "latin1") + 10,
    "latin1",
  );
}

export function hduBytes(header: Uint8Array, pixels: Pixels): number {
  return header.length + wholeBlocks(pixels.byteLength);
}

/** Writes header and pixels at that place; returns where they end. */
export function writeHdu(out: Buffer, at: number, header: Uint8Array, pixels: Pixels): number {
  const end = at + hduBytes(header, pixels);
  out.set(header, at);
  const data = out.subarray(at + header.length, at + header.length + pixels.byteLength);
  data.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength));
  if (pixels.BYTES_PER_ELEMENT === 4) data.swap32();
  else data.swap64();
  out.fill(0, at + header.length + pixels.byteLength, end);
  return end;
}

function wholeBlocks(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** Fixed format: numbers and logicals end in column 30, strings begin in column 11. */
function cardText([name, value]: readonly [string, Cards[string]]): string {
  const start = `${name.padEnd(8)}= `;
  if (typeof value === "string") return `${start}'${value.padEnd(8)}'`.padEnd(cardBytes);
  return `${start}${typeof value === "boolean" ? (value ? "T" : "F").padStart(20) : numberText(value)}`.padEnd(
    cardBytes,
  );
}

/** 20 characters. */
function numberText(value: number): string {
  return (Number.isInteger(value) ? String(value) : value.toExponential(12).toUpperCase()).padStart(
    20,
  );
}
