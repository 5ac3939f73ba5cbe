/**
 * A damped random walk (Ornstein-Uhlenbeck process; Kelly et al. 2009, ApJ 698, 895) of mean 0 and
 * standard deviation 1, at any time in any order. Between values far apart midpoints are drawn (the
 * bridge of the process), down to whole days, each from a random number that seed and day alone
 * decide. Linear within a day. `seed` has 31 bits.
 */
export function dampedRandomWalk(seed: number, tauDays: number, mjd: number): number {
  const day = Math.floor(mjd);
  const start = day - (((day % blockDays) + blockDays) % blockDays);
  const { values } = blockAt(seed, tauDays, start);
  const i = day - start;
  return values[i] + (mjd - day) * (values[i + 1] - values[i]);
}

interface Block {
  seed: number;
  tauDays: number;
  start: number;
  /** One more than its days: the last is the first of the next block. */
  readonly values: Float64Array;
}

const blockDays = 64;
/**
 * The latest blocks, each in the place that its seed and start give it: to be faster, the numbers
 * are the same without.
 */
const kept: Block[] = Array.from({ length: 512 }, () => ({
  seed: -1,
  tauDays: 0,
  start: 0,
  values: new Float64Array(blockDays + 1),
}));

function blockAt(seed: number, tauDays: number, start: number): Block {
  const block = kept[(seed + start / blockDays) & (kept.length - 1)];
  if (block.seed === seed && block.start === start && block.tauDays === tauDays) return block;
  fill(block.values, seed, tauDays, start);
  [block.seed, block.tauDays, block.start] = [seed, tauDays, start];
  return block;
}

function fill(values: Float64Array, seed: number, tauDays: number, start: number): void {
  // ends that are eight times tau apart know nothing of each other
  let width = blockDays;
  while (width < 8 * tauDays) width *= 2;
  let left = Math.floor(start / width) * width;
  let [atLeft, atRight] = [normalAt(seed, left), normalAt(seed, left + width)];
  for (width /= 2; width >= blockDays; width /= 2) {
    const middle = left + width;
    const atMiddle = bridge(atLeft, atRight, width / tauDays, normalAt(seed, middle));
    if (start >= middle) [left, atLeft] = [middle, atMiddle];
    else atRight = atMiddle;
  }
  values[0] = atLeft;
  values[blockDays] = atRight;
  for (let half = blockDays / 2; half >= 1; half /= 2) {
    const [weight, spread] = [meanWeight(half / tauDays), bridgeSpread(half / tauDays)];
    for (let i = half; i < blockDays; i += 2 * half)
      values[i] =
        weight * (values[i - half] + values[i + half]) + spread * normalAt(seed, start + i);
  }
}

/** Halfway between two values of the process, each `steps` (in units of tau) away. */
function bridge(left: number, right: number, steps: number, normal: number): number {
  return meanWeight(steps) * (left + right) + bridgeSpread(steps) * normal;
}

const meanWeight = (steps: number): number => 1 / (2 * Math.cosh(steps));
const bridgeSpread = (steps: number): number => Math.sqrt(Math.tanh(steps));

/** Like `normalOf` of these two, but from a table: it runs 80 times per block. */
function normalAt(seed: number, day: number): number {
  let hash = Math.imul(seed ^ Math.imul(day, 0x9e3779b1), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return normals[(hash ^ (hash >>> 16)) >>> 20];
}

/** Quantiles of the normal distribution, to 3.7 sigma. */
const normals = Float64Array.from({ length: 4096 }, (_, i) => quantile((i + 0.5) / 4096));

/** Winitzki's inverse of the error function, to 2e-3. */
function quantile(share: number): number {
  const x = 2 * share - 1;
  const log = Math.log(1 - x * x);
  const a = 2 / (Math.PI * 0.147) + log / 2;
  return Math.SQRT2 * Math.sign(x) * Math.sqrt(Math.sqrt(a * a - log / 0.147) - a);
}
