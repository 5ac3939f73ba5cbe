const [deviations, rounds] = [3, 10];

/**
 * Marks pixels more than three standard deviations from the median, again and again; what is marked
 * or not finite does not count. As sigma_clip of astropy.
 */
export function sigmaClip(pixels: Float64Array, before: Uint8Array | null): Uint8Array {
  const sorted = pixels.filter((pixel, i) => before?.[i] !== 1 && Number.isFinite(pixel)).sort();
  let [first, end] = [0, sorted.length];
  let [low, high] = [-Infinity, Infinity];
  for (let round = 0; round < rounds && end > first; round++) {
    const middle = medianBetween(sorted, first, end);
    const reach = deviations * deviationBetween(sorted, first, end);
    [low, high] = [middle - reach, middle + reach];
    const [firstBefore, endBefore] = [first, end];
    while (first < end && sorted[first] < low) first++;
    while (end > first && sorted[end - 1] > high) end--;
    if (first === firstBefore && end === endBefore) break;
  }
  const marked = new Uint8Array(pixels.length);
  for (let i = 0; i < pixels.length; i++)
    marked[i] =
      before?.[i] !== 1 && pixels[i] >= low && pixels[i] <= high && Number.isFinite(pixels[i])
        ? 0
        : 1;
  return marked;
}

export function medianBetween(sorted: Float64Array, first: number, end: number): number {
  const middle = (first + end) >> 1;
  return (end - first) % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

export function deviationBetween(values: Float64Array, first: number, end: number): number {
  let sum = 0;
  for (let i = first; i < end; i++) sum += values[i];
  const mean = sum / (end - first);
  let squares = 0;
  for (let i = first; i < end; i++) squares += (values[i] - mean) ** 2;
  return Math.sqrt(squares / (end - first));
}
