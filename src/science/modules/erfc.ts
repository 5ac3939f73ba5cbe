/**
 * The complementary error function, to about 1e-14: trapezoidal rule with step 1/2 on its integral
 * (Chiarella and Reichel 1968, Math. Comp. 22, 137), Taylor's series near 0.
 */
export function erfc(x: number): number {
  if (x < 0) return 2 - erfc(-x);
  if (x < 0.1) return 1 - (2 / Math.sqrt(Math.PI)) * x * taylor(x * x);
  const tail = Math.exp(-x * x) * scaled(x);
  return x < 6 ? tail - 2 / Math.expm1(4 * Math.PI * x) : tail;
}

/** ln erfc(x), also where erfc itself is too small for a number. */
export function lnErfc(x: number): number {
  return x > 6 ? Math.log(scaled(x)) - x * x : Math.log(erfc(x));
}

const weights = Float64Array.from({ length: 13 }, (_, n) => Math.exp(-((n + 1) ** 2) / 4));

function scaled(x: number): number {
  const square = x * x;
  let sum = 0.5 / square;
  for (let n = 0; n < 13; n++) sum += weights[n] / (square + (n + 1) ** 2 / 4);
  return (x / Math.PI) * sum;
}

function taylor(square: number): number {
  return 1 - square * (1 / 3 - square * (1 / 10 - square * (1 / 42 - square / 216)));
}
