// FITS 4.0: a header of 80-character cards in blocks of 2880 bytes, then big-endian pixels padded to such blocks.
const blockBytes = 2880;

export type Card = readonly [name: string, value: string | number | boolean];

/** A square image: `cards` is what the header says beyond type and size. */
export function imageHdu(pixels: Float32Array | Float64Array, cards: readonly Card[]): Buffer {
  const bytesPerPixel = pixels.BYTES_PER_ELEMENT;
  const side = Math.sqrt(pixels.length);
  const isExtension = cards.some(([name]) => name === "EXTNAME");
  const header = headerOf([
    isExtension ? ["XTENSION", "IMAGE"] : ["SIMPLE", true],
    ["BITPIX", -8 * bytesPerPixel],
    ["NAXIS", 2],
    ["NAXIS1", side],
    ["NAXIS2", side],
    ...(isExtension
      ? ([
          ["PCOUNT", 0],
          ["GCOUNT", 1],
        ] as const)
      : []),
    ...cards,
  ]);
  const hdu = Buffer.alloc(header.length + Math.ceil(pixels.byteLength / blockBytes) * blockBytes);
  hdu.set(header);
  hdu.set(new Uint8Array(pixels.buffer, pixels.byteOffset, pixels.byteLength), header.length);
  const data = hdu.subarray(header.length, header.length + pixels.byteLength);
  if (bytesPerPixel === 4) data.swap32();
  else data.swap64();
  return hdu;
}

function headerOf(cards: readonly Card[]): Buffer {
  const text = [...cards.map(cardText), "END".padEnd(80)].join("");
  return Buffer.from(text.padEnd(Math.ceil(text.length / blockBytes) * blockBytes), "latin1");
}

/** Fixed format: numbers and logicals end in column 30, strings begin in column 11. */
function cardText([name, value]: Card): string {
  const start = `${name.padEnd(8)}= `;
  if (typeof value === "string") return `${start}'${value.padEnd(8)}'`.padEnd(80);
  const text = typeof value === "boolean" ? (value ? "T" : "F") : Number.isInteger(value) ? String(value) : value.toExponential(12).toUpperCase();
  return `${start}${text.padStart(20)}`.padEnd(80);
}
