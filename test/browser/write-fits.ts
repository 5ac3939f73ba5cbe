/** Makes FITS files for tests: cards as they are given, pixels in stored values. */
export function writeFits(
  width: number,
  height: number,
  bitpix: number,
  stored: readonly number[],
  cards: readonly string[] = [],
): Uint8Array {
  const all = [
    "SIMPLE  =                    T",
    `BITPIX  = ${String(bitpix).padStart(20)}`,
    "NAXIS   =                    2",
    `NAXIS1  = ${String(width).padStart(20)}`,
    `NAXIS2  = ${String(height).padStart(20)}`,
    ...cards,
    "END",
  ];
  const header = padded(
    new TextEncoder().encode(all.map((card) => card.padEnd(80)).join("")),
    0x20,
  );
  const step = Math.abs(bitpix) / 8;
  const data = new DataView(new ArrayBuffer(stored.length * step));
  stored.forEach((value, i) => put(data, i * step, bitpix, value));
  return Buffer.concat([header, padded(new Uint8Array(data.buffer), 0)]);
}

function put(data: DataView, at: number, bitpix: number, value: number): void {
  if (bitpix === 8) data.setUint8(at, value);
  else if (bitpix === 16) data.setInt16(at, value);
  else if (bitpix === 32) data.setInt32(at, value);
  else if (bitpix === 64) data.setBigInt64(at, BigInt(value));
  else if (bitpix === -32) data.setFloat32(at, value);
  else data.setFloat64(at, value);
}

function padded(bytes: Uint8Array, fill: number): Uint8Array {
  const all = new Uint8Array(Math.ceil(bytes.length / 2880) * 2880).fill(fill);
  all.set(bytes);
  return all;
}

/** A star on noise, as a ZTF stamp is: 63 × 63 floats. */
export function starFits(seed: number, peak: number): Uint8Array {
  const side = 63;
  const pixels = Array.from({ length: side * side }, (_, i) => {
    const [x, y] = [(i % side) - 31, Math.floor(i / side) - 31];
    const noise = Math.sin(i * 12.9898 + seed * 78.233) * 43758.5453;
    return peak * Math.exp(-(x * x + y * y) / 8) + 20 * (noise - Math.floor(noise));
  });
  return writeFits(side, side, -32, pixels);
}
