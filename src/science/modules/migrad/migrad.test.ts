import { describe, expect, it } from "vitest";
import { run } from "../../../../test/cli/run.ts";
import { available } from "../../../../test/require.ts";
import { hesse, migrad, type Minimum, simplex } from "./migrad.ts";
import type { Problem } from "./valley.ts";

const curvedValley: Problem = {
  cost: ([x, y]) => 100 * (y - x * x) ** 2 + (1 - x) ** 2,
  gradient: ([x, y]) => Float64Array.of(-400 * x * (y - x * x) - 2 * (1 - x), 200 * (y - x * x)),
  limits: [
    [-3, 3],
    [-4, 5],
  ],
};
const errors = [0.1, 0.1];

it("goes along a curved valley to its lowest point, and Hesse knows how wide that is", () => {
  const found = hesse(curvedValley, migrad(curvedValley, { values: [-1.2, 1], errors }));
  expect(found.isValid).toBe(true);
  expect(found.values[0]).toBeCloseTo(1, 1);
  expect(found.values[1]).toBeCloseTo(1, 1);
  expect(Math.abs(found.errors[0] - Math.sqrt(0.5))).toBeLessThan(0.2);
});

it("ends next to a limit that lies before the lowest point", () => {
  const found = migrad(
    { ...curvedValley, limits: [[-3, 0.5], curvedValley.limits[1]] },
    { values: [-1.2, 1], errors },
  );
  expect(found.values[0]).toBeCloseTo(0.5, 2);
  expect(found.values[0]).toBeLessThanOrEqual(0.5);
});

it("is not valid where the cost is nowhere finite, and where a call limit ends it", () => {
  expect(
    migrad({ ...curvedValley, cost: () => Infinity }, { values: [-1.2, 1], errors }).isValid,
  ).toBe(false);
  let calls = 0;
  const endless = migrad(
    { ...curvedValley, cost: () => -((calls++) ** 2) },
    { values: [-1.2, 1], errors },
  );
  expect(endless.isValid).toBe(false);
  expect(calls).toBeLessThan(10_000);
});

it("a simplex goes down without a gradient", () => {
  const { values } = simplex(curvedValley, { values: [-1.2, 1], errors });
  expect(curvedValley.cost(Float64Array.from(values))).toBeLessThan(
    curvedValley.cost(Float64Array.of(-1.2, 1)) / 4,
  );
});

/**
 * Each function with its gradient, start and limits: what iminuit asks of it, and what it answers.
 */
const script = `
import json, math
from iminuit import Minuit
def smooth(a, b, c, d):
    return (a*a-1)*(a*a-1) + (b*b-2)*(b*b-2) + 0.5*(a-b)*(a-b) + 3*(c-a*b)*(c-a*b) + 2*(d-c)*(d-c) + 0.1*d*d*d*d
def smooth_slopes(a, b, c, d):
    return [4*a*(a*a-1) + (a-b) - 6*b*(c-a*b), 4*b*(b*b-2) - (a-b) - 6*a*(c-a*b), 6*(c-a*b) - 4*(d-c), 4*(d-c) + 0.4*d*d*d]
def valley(x, y):
    return 100*(y-x*x)*(y-x*x) + (1-x)*(1-x)
def valley_slopes(x, y):
    return [-400*x*(y-x*x) - 2*(1-x), 200*(y-x*x)]
xs = [0.25*i for i in range(21)]
ys = [2*math.exp(-x/1.5) + 0.8*math.exp(-(x-2.5)**2/0.18) + 0.05*math.sin(37*i) for i, x in enumerate(xs)]
def rest(x, y, a, tau, h): return (y - a*math.exp(-x/tau) - h*math.exp(-(x-2.5)**2/0.18))/0.05
def bump(a, tau, h): return sum(rest(x, y, a, tau, h)**2 for x, y in zip(xs, ys))/2
def bump_slopes(a, tau, h):
    g = [0, 0, 0]
    for x, y in zip(xs, ys):
        r = rest(x, y, a, tau, h)/0.05
        g[0] -= r*math.exp(-x/tau); g[1] -= r*a*math.exp(-x/tau)*x/tau**2; g[2] -= r*math.exp(-(x-2.5)**2/0.18)
    return g
def edge(a, b): return abs(a-1) + 2*abs(b+0.5) + 0.5*abs(a*b)
def edge_slopes(a, b):
    s = lambda v: (v > 0) - (v < 0)
    return [s(a-1) + 0.5*s(a*b)*b, 2*s(b+0.5) + 0.5*s(a*b)*a]
def misled(a, b): return (a-1)**2 + 10*(b+0.5)**2
def misled_slopes(a, b): return [-2*(a-1), 20*(b+0.5)]
def flat(a, b): return 1.0
def flat_slopes(a, b): return [0.0, 0.0]
cases = [(valley, valley_slopes, [-1.2, 1], [[-3, 3], [-4, 5]]), (valley, valley_slopes, [-1.2, 1], [[-3, 0.5], [-4, 5]]), (bump, bump_slopes, [3, 1, 0.6], [[0, 10], [0.1, 20], [0, 5]]),
    (smooth, smooth_slopes, [0.1, -0.2, 0.3, 0], [[-5, 5]]*4), (smooth, smooth_slopes, [3, 9, 3, 3], [[-8, 9]]*4), (edge, edge_slopes, [-1, 3], [[-4, 4], [-3, 7]]), (misled, misled_slopes, [3, 2], [[-4, 4], [-3, 7]]), (flat, flat_slopes, [3, 2], [[-4, 4], [-3, 7]])]
for f, slopes, start, limits in cases:
    asked = []
    def cost(*p):
        asked.append([list(p), f(*p)])
        return asked[-1][1]
    def grad(*p):
        asked.append([list(p), slopes(*p)])
        return asked[-1][1]
    cost.errordef = 0.5
    m = Minuit(cost, *start, grad=grad, name=[chr(97 + i) for i in range(len(start))])
    m.limits = limits
    m.strategy = 0
    ends = []
    def end(kind): ends.append([kind, len(asked), bool(m.valid), list(m.values), list(m.errors)])
    m.migrad(); end("migrad")
    if m.fmin.has_covariance: m.hesse(); end("hesse")
    if f is not flat: m.simplex(); end("simplex")
    print(json.dumps({"name": f.__name__ + " within " + str(limits[0]) + " from " + str(start), "start": start, "errors": [0.01*abs(v) or 0.1 for v in start], "limits": limits, "asked": asked, "ends": ends}))
`;

interface Trace {
  readonly name: string;
  readonly start: readonly number[];
  readonly errors: readonly number[];
  readonly limits: Problem["limits"];
  /** Parameters, and the cost or its gradient. */
  readonly asked: readonly (readonly [
    parameters: readonly number[],
    answer: number | readonly number[],
  ])[];
  readonly ends: readonly (readonly [
    kind: string,
    asked: number,
    isValid: boolean,
    values: readonly number[],
    errors: readonly number[],
  ])[];
}

const python = process.env.FINK_PYTHON ?? "python3";
const answered = await run(python, ["-c", script]).catch(() => null);
const hasIminuit = available(
  "python",
  answered?.code === 0,
  `${python} has no iminuit: what MIGRAD asks is not compared`,
);

describe.skipIf(!hasIminuit)("given the costs that iminuit was given", () => {
  const traces = (answered?.stdout ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Trace);
  it.each(traces)(
    "asks what it asks: $name",
    ({ start, errors: startErrors, limits, asked, ends }) => {
      let at = 0;
      const answer = (p: Float64Array): number | readonly number[] => {
        const [parameters, value] = asked[at++] ?? expect.fail("asks more");
        p.forEach((found, k) =>
          expect(
            Math.abs(found - parameters[k]) / (limits[k][1] - limits[k][0]),
            `request ${at}`,
          ).toBeLessThan(1e-8),
        );
        return value;
      };
      const problem = {
        limits,
        cost: (p: Float64Array) => Number(answer(p)),
        gradient: (p: Float64Array) => Float64Array.from(answer(p) as readonly number[]),
      };
      const expectClose = (found: ArrayLike<number>, wanted: readonly number[]) =>
        wanted.forEach((value, k) =>
          expect(Math.abs(found[k] - value)).toBeLessThanOrEqual(1e-6 * Math.abs(value)),
        );
      let minimum: Minimum | undefined;
      for (const [kind, count, isValid, values, errorsThen] of ends) {
        if (kind === "simplex") expectClose(simplex(problem, minimum!).values, values);
        else {
          minimum =
            kind === "migrad"
              ? migrad(problem, { values: start, errors: startErrors })
              : hesse(problem, minimum!);
          expect(minimum.isValid).toBe(isValid);
          expectClose(minimum.values, values);
          expectClose(minimum.errors, errorsThen);
        }
        expect(at, kind).toBe(count);
      }
    },
  );
});
