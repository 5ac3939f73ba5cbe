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

/**
 * A stream for each combination of seeds: sfc32 (C. Doty-Humphrey, PractRand), its state filled by
 * mixing the seeds in.
 */
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

/**
 * 32 mixed bits of whole numbers (the finaliser of MurmurHash3 after each), for one draw that must
 * not cost a stream.
 */
export function hashOf(...values: readonly number[]): number {
  let hash = 0x9747b28c;
  for (const value of values) {
    hash ^= value;
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    hash = Math.imul((hash ^ (hash >>> 16)) + Math.floor(value / 2 ** 32), 0x9e3779b1);
  }
  return (hash ^ (hash >>> 15)) >>> 0;
}

/** In [0, 1), from a hash. */
export function uniformOf(...values: readonly number[]): number {
  return hashOf(...values) / 2 ** 32;
}

/** Mean 0, standard deviation 1, from a hash. */
export function normalOf(...values: readonly number[]): number {
  const [u, v] = [hashOf(...values), hashOf(...values, 1)];
  return Math.sqrt(-2 * Math.log(1 - u / 2 ** 32)) * Math.cos((2 * Math.PI * v) / 2 ** 32);
}

/**
 * A Poisson number of that mean: by counting below 30 (Knuth, TAOCP 2, 3.4.1), from the normal
 * distribution above.
 */
export function poisson(mean: number, random: Random): number {
  if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * random.normal()));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > limit; count++) product *= random.uniform();
  return count;
}
