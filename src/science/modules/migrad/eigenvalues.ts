/**
 * Of a symmetric matrix, which is overwritten; ascending, to 1e-6. Householder's reduction (Martin,
 * Reinsch & Wilkinson 1968), then QL (Bowdler et al. 1968).
 */
export function eigenvalues(a: readonly Float64Array[]): Float64Array {
  const n = a.length;
  const e = tridiagonal(a);
  const d = Float64Array.from(a, (row, i) => row[i]);
  for (let l = 0, shift = 0, small = 0; l < n; l++) {
    small = Math.max(small, 1e-6 * (Math.abs(d[l]) + Math.abs(e[l])));
    let m = l;
    while (Math.abs(e[m]) > small) m++;
    for (let first = m > l; first || Math.abs(e[l]) > small; first = false) {
      const p = (d[l + 1] - d[l]) / (2 * e[l]);
      const r = Math.sqrt(p * p + 1);
      const h = d[l] - e[l] / (p < 0 ? p - r : p + r);
      for (let i = l; i < n; i++) d[i] -= h;
      shift += h;
      rotate(d, e, l, m);
    }
    d[l] += shift;
  }
  return d.sort();
}

function rotate(d: Float64Array, e: Float64Array, l: number, m: number): void {
  let [p, c, s] = [d[m], 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const [g, h] = [c * e[i], c * p];
    const isSteep = Math.abs(p) >= Math.abs(e[i]);
    const ratio = isSteep ? e[i] / p : p / e[i];
    const r = Math.sqrt(ratio * ratio + 1);
    e[i + 1] = s * (isSteep ? p : e[i]) * r;
    [s, c] = isSteep ? [ratio / r, 1 / r] : [1 / r, ratio / r];
    p = c * d[i] - s * g;
    d[i + 1] = h + s * (c * g + s * d[i]);
  }
  e[l] = s * p;
  d[l] = c * p;
}

/** Leaves the diagonal in `a`; what is beside it, and a 0. */
function tridiagonal(a: readonly Float64Array[]): Float64Array {
  const e = new Float64Array(a.length);
  const w = new Float64Array(a.length);
  for (let i = a.length - 1; i > 0; i--) {
    const row = a[i];
    let [f, g] = [row[i - 1], 0];
    for (let k = 0; k < i - 1; k++) g += row[k] * row[k];
    e[i - 1] = f;
    if (g <= 1e-35) continue;
    let h = g + f * f;
    e[i - 1] = f >= 0 ? -Math.sqrt(h) : Math.sqrt(h);
    h -= f * e[i - 1];
    row[i - 1] = f - e[i - 1];
    f = 0;
    for (let j = 0; j < i; j++) {
      g = 0;
      for (let k = 0; k < i; k++) g += (k <= j ? a[j][k] : a[k][j]) * row[k];
      w[j] = g / h;
      f += g * (row[j] / h);
    }
    const half = f / (h + h);
    for (let j = 0; j < i; j++) {
      w[j] -= half * row[j];
      for (let k = 0; k <= j; k++) a[j][k] = a[j][k] - row[j] * w[k] - w[j] * row[k];
    }
  }
  return e;
}
