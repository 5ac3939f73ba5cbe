/** Random numbers of one stream; the same seeds give the same numbers on every machine. */
export interface Random {
  /** In [0, 1). */
  uniform(): number;
  between(low: number, high: number): number;
  /** 0 … n - 1 */
  integer(n: number): number;
  /** Mean 0, standard deviation 1. */
  normal(): number;
  pick<T>(choices: readonly T[]): T;
}

/** A stream for each combination of seeds: sfc32 (C. Doty-Humphrey, PractRand), its state filled by mixing the seeds in. */
export function randomStream(...seeds: readonly number[]): Random {
  const next = sfc32(seeds);
  const uniform = (): number => next() / 2 ** 32;
  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer: (n) => Math.floor(n * uniform()),
    // Box-Muller; 1 - u is never 0
    normal: () => Math.sqrt(-2 * Math.log(1 - uniform())) * Math.cos(2 * Math.PI * uniform()),
    pick: (choices) => choices[Math.floor(choices.length * uniform())],
  };
}

function sfc32(seeds: readonly number[]): () => number {
  let [a, b, c, counter] = [0x9e3779b9, 0x243f6a88, 0xb7e15162, 1];
  const next = (): number => {
    const sum = (a + b + counter++) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return sum >>> 0;
  };
  for (const seed of seeds) {
    a ^= seed;
    b ^= Math.floor(seed / 2 ** 32);
    for (let i = 0; i < 12; i++) next();
  }
  return next;
}
