import { crc32 } from "node:zlib";
import { hduBytes, imageHeader, writeHdu } from "./fits.ts";

// gzip (RFC 1952) of FITS images, in three blocks of deflate (RFC 1951): the header, the pixels,
// the padding. Pixels of noise repeat nothing: a Huffman code is all that shortens them. That takes
// half the time of zlib's fastest way at the same size, and gives the same bytes on all machines.

/**
 * Makes the compressor of square images with one header. It writes to `out`, which has room for
 * twice the pixels, and returns the part it used.
 */
export function imageGzip(side: number): (pixels: Float32Array, out: Uint8Array) => Uint8Array {
  const header = imageHeader(side, Float32Array.BYTES_PER_ELEMENT, { BUNIT: "DN" });
  const fits = Buffer.alloc(hduBytes(header, new Float32Array(side * side)));
  const padding = new Uint8Array(fits.length - header.length - side * side * 4);
  const begin: Bits = { out: new Uint8Array(2 * header.length), at: 0, bits: 0, count: 0 };
  begin.out.set(gzipHeader);
  begin.at = gzipHeader.length;
  putFixed(begin, header, false);
  return (pixels, out) => {
    writeHdu(fits, 0, header, pixels);
    out.set(begin.out.subarray(0, begin.at));
    const to: Bits = { ...begin, out };
    putPixels(to, new Uint32Array(pixels.buffer, pixels.byteOffset, pixels.length));
    putFixed(to, padding, true);
    put(to, 0, 7); // up to the next whole byte
    new DataView(out.buffer, out.byteOffset).setUint32(to.at, crc32(fits), true);
    new DataView(out.buffer, out.byteOffset).setUint32(to.at + 4, fits.length, true);
    return out.subarray(0, to.at + 8);
  };
}

/** Deflate, no name, no time, Unix. */
const gzipHeader = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3);

/** What is being written: `count` bits, fewer than eight between calls, wait for their byte. */
interface Bits {
  readonly out: Uint8Array;
  at: number;
  bits: number;
  count: number;
}

/** The lowest `length` bits of the value, at most 16. */
function put(to: Bits, value: number, length: number): void {
  to.bits |= value << to.count;
  to.count += length;
  for (; to.count >= 8; to.count -= 8, to.bits >>>= 8) to.out[to.at++] = to.bits;
}

const endOfBlock = 256;

/** A block in the fixed code, with runs: for text and zeros. */
function putFixed(to: Bits, bytes: Uint8Array, isLast: boolean): void {
  put(to, isLast ? 1 : 0, 1);
  put(to, 1, 2);
  for (let i = 0; i < bytes.length;) {
    let run = 0;
    while (run < 258 && i > 0 && bytes[i + run] === bytes[i - 1]) run++;
    if (run < 3) {
      putFixedSymbol(to, bytes[i++]);
      continue;
    }
    // of the lengths that need no extra bits: 258, or 3 to 10
    const length = run === 258 ? 258 : Math.min(run, 10);
    putFixedSymbol(to, length === 258 ? 285 : 254 + length);
    put(to, 0, 5); // distance 1
    i += length;
  }
  putFixedSymbol(to, endOfBlock);
}

function putFixedSymbol(to: Bits, symbol: number): void {
  if (symbol < 144) put(to, reversed(0x30 + symbol, 8), 8);
  else if (symbol < 256) put(to, reversed(0x190 + symbol - 144, 9), 9);
  else if (symbol < 280) put(to, reversed(symbol - 256, 7), 7);
  else put(to, reversed(0xc0 + symbol - 280, 8), 8);
}

/**
 * A block with a code of its own for the pixels, given as words: their bytes count from the
 * highest, as in FITS.
 */
function putPixels(to: Bits, pixels: Uint32Array): void {
  const codes = codesFor(pixels);
  put(to, 0b10 << 1, 3); // not the last; dynamic code
  put(to, 0, 5); // 257 symbols
  put(to, 1, 5); // two distances, which are not used: some decoders want them
  put(to, 15, 4);
  // the code of the lengths: 0 … 15 with four bits each, no repetitions, which come first
  for (let i = 0; i < 19; i++) put(to, i < 3 ? 0 : 4, 3);
  for (const code of codes) put(to, reversed(code & 15, 4), 4);
  for (let distance = 0; distance < 2; distance++) put(to, reversed(1, 4), 4);
  const view = new DataView(to.out.buffer, to.out.byteOffset);
  let { at, bits, count } = to;
  for (let i = 0; i < pixels.length; i++) {
    const pixel = pixels[i];
    for (let shift = 16; shift >= 0; shift -= 16) {
      const high = codes[(pixel >>> (shift + 8)) & 255];
      const low = codes[(pixel >>> shift) & 255];
      bits |= (high >>> 4) << count;
      count += high & 15;
      bits |= (low >>> 4) << count;
      count += low & 15; // at most 7 + 2 · 12
      view.setUint32(at, bits, true);
      at += count >>> 3;
      bits >>>= count & 24;
      count &= 7;
    }
  }
  to.at = at;
  to.bits = bits;
  to.count = count;
  put(to, codes[endOfBlock] >>> 4, codes[endOfBlock] & 15);
}

const symbols = 257;
/** So that two codes and what waits fit 32 bits. */
const longestCode = 12;
const counts = new Uint32Array(symbols);
const sorted = new Uint32Array(symbols);
const weights = new Uint32Array(2 * symbols - 1);
const parents = new Uint16Array(2 * symbols - 1);
const depths = new Uint8Array(2 * symbols - 1);
const codes = new Uint32Array(symbols);

/**
 * Huffman's code for bytes and end of block: each the code, first bit lowest, shifted by four, and
 * its length. Every second pixel is counted.
 */
function codesFor(pixels: Uint32Array): Uint32Array {
  counts.fill(1);
  for (let i = 0; i < pixels.length; i += 2) {
    const pixel = pixels[i];
    counts[pixel >>> 24]++;
    counts[(pixel >>> 16) & 255]++;
    counts[(pixel >>> 8) & 255]++;
    counts[pixel & 255]++;
  }
  while (!setDepths()) for (let i = 0; i < symbols; i++) counts[i] = (counts[i] + 1) >> 1;
  const ofLength = new Uint16Array(longestCode + 1);
  for (let i = 0; i < symbols; i++) ofLength[depths[i]]++;
  const next = new Uint16Array(longestCode + 1);
  for (let length = 2; length <= longestCode; length++)
    next[length] = (next[length - 1] + ofLength[length - 1]) << 1;
  const lengths = codes; // in the order of the symbols
  for (let i = 0; i < symbols; i++) lengths[sorted[i] & 511] = depths[i];
  for (let symbol = 0; symbol < symbols; symbol++) {
    const length = lengths[symbol];
    codes[symbol] = (reversed(next[length]++, length) << 4) | length;
  }
  return codes;
}

/**
 * Joins the two lightest again and again; leaves are in the order of `sorted`. False where a code
 * would be too long.
 */
function setDepths(): boolean {
  for (let i = 0; i < symbols; i++) sorted[i] = (counts[i] << 9) | i;
  sorted.sort();
  for (let i = 0; i < symbols; i++) weights[i] = sorted[i] >>> 9;
  let [leaf, inner] = [0, symbols];
  for (let joined = symbols; joined < weights.length; joined++) {
    weights[joined] = 0;
    for (let child = 0; child < 2; child++) {
      const lightest =
        leaf < symbols && (inner >= joined || weights[leaf] <= weights[inner]) ? leaf++ : inner++;
      weights[joined] += weights[lightest];
      parents[lightest] = joined;
    }
  }
  depths[weights.length - 1] = 0;
  for (let i = weights.length - 2; i >= 0; i--) depths[i] = depths[parents[i]] + 1;
  return depths[0] <= longestCode;
}

function reversed(value: number, length: number): number {
  return reversedBits[value] >>> (longestCode - length);
}

const reversedBits = Uint16Array.from({ length: 1 << longestCode }, (_, value) => {
  let result = 0;
  for (let i = 0; i < longestCode; i++) result |= ((value >>> i) & 1) << (longestCode - 1 - i);
  return result;
});
