import { makeVector, Table } from "apache-arrow";
import { describe, expect, it } from "vitest";
import { fromParquet, toParquet } from "../lake/parquet.ts";
import { configSchema } from "../config/schema.ts";
import { alertsOf } from "./alerts.ts";
import type { AddedColumn, Alerts, ScienceModule, Values } from "./module.ts";
import { inOrder, withMakers } from "./order.ts";
import { runModules } from "./runner.ts";

const setup = { lake: "", config: configSchema.parse({}).science };
const alerts = alertsOf([
  new Table({
    id: makeVector(new Int32Array([1, 2, 3])),
    mag: makeVector(new Float64Array([17, NaN, 19])),
  }).batches[0].data,
]);

function column(name: string, type: AddedColumn["type"] = "double"): AddedColumn {
  return { name, type, unit: null, description: name };
}

function moduleOf(
  name: string,
  needs: readonly string[],
  adds: readonly AddedColumn[],
  run: ScienceModule["run"],
): ScienceModule {
  return { name, version: "1", surveys: ["ztf"], about: name, needs, adds, run };
}

/** A module that adds a column of its name. */
function adding(name: string, needs: readonly string[], values: (given: Alerts) => Values) {
  return moduleOf(name, needs, [column(name)], (given) => ({ [name]: values(given) }));
}

async function run(...modules: ScienceModule[]) {
  const { columns, outcomes } = await runModules(modules, alerts, setup);
  const rows = fromParquet(toParquet(columns))
    .toArray()
    .map(
      (row) =>
        JSON.parse(
          JSON.stringify(row, (_, value: unknown) =>
            typeof value === "bigint" ? String(value) : Number.isNaN(value) ? "NaN" : value,
          ),
        ) as unknown,
    );
  return {
    rows,
    failures: outcomes.map(({ failure }) => failure),
    order: outcomes.map(({ module }) => module.name),
  };
}

const faint = adding("faint", ["mag"], (given) => ({
  values: given.numbers("mag").map((mag) => mag + 1),
}));

describe("running modules", () => {
  it("gives columns of all types, dotted names as structures, fit for a Parquet file", async () => {
    const all = moduleOf(
      "all",
      ["mag"],
      [
        column("a.b.x", "int"),
        column("a.b.y", "long"),
        column("c", "string"),
        column("a.z", "float"),
        column("d", "boolean"),
        column("e"),
      ],
      () => ({
        "a.b.x": { values: Int32Array.of(1, 2, 3), missing: Uint8Array.of(0, 1, 0) },
        "a.b.y": { values: BigInt64Array.of(1n, 2n ** 62n, 3n) },
        c: { values: ["ö", null, ""] },
        "a.z": { values: Float32Array.of(0.5, NaN, 1) },
        d: { values: Uint8Array.of(1, 0, 1), missing: Uint8Array.of(0, 0, 1) },
        e: { values: Float64Array.of(1, NaN, 3) },
      }),
    );
    const { rows, failures } = await run(all);
    expect(failures).toEqual([null]);
    expect(rows).toEqual([
      { a: { b: { x: 1, y: "1" }, z: 0.5 }, c: "ö", d: true, e: 1 },
      { a: { b: { x: null, y: String(2n ** 62n) }, z: "NaN" }, c: null, d: false, e: "NaN" },
      { a: { b: { x: 3, y: "3" }, z: 1 }, c: "", d: null, e: 3 },
    ]);
  });

  it("runs a module after the one whose column it needs, which may hide one of the alerts", async () => {
    const twice = adding("twice", ["mag"], (given) => ({
      values: given.numbers("mag").map((mag) => 2 * mag),
    }));
    const brighter = adding("mag", ["id"], (given) => ({ values: given.numbers("id") }));
    expect(await run(twice, brighter)).toEqual({
      rows: [1, 2, 3].map((id) => ({ mag: id, twice: 2 * id })),
      failures: [null, null],
      order: ["mag", "twice"],
    });
  });

  it("gives nulls for a module that fails, and to those that need it, and runs the others", async () => {
    const broken = adding("broken", ["mag"], () => {
      throw new Error("no such template\nat line 5");
    });
    const after = adding("after", ["broken"], (given) => ({ values: given.numbers("broken") }));
    const { rows, failures } = await run(after, broken, faint);
    expect(failures).toEqual(["no such template", null, null]);
    expect(rows[0]).toEqual({ broken: null, after: "NaN", faint: 18 });
  });

  it.each([
    [{ values: new Float64Array(2) }, "column x has 2 values for 3 alerts"],
    [
      { values: new Int32Array(3) },
      "column x of type double has to be Float64Array, not Int32Array",
    ],
    [
      { values: [1, 2, 3] as unknown as string[] },
      "column x of type double has to be Float64Array, not Array",
    ],
    [
      { values: new Float64Array(3), missing: new Uint8Array(4) },
      "column x says of 4 values whether they are missing, for 3 alerts",
    ],
  ])("refuses %j", async (values: Values, failure) => {
    expect(await run(moduleOf("m", [], [column("x")], () => ({ x: values })))).toMatchObject({
      rows: [{ x: null }, { x: null }, { x: null }],
      failures: [failure],
    });
  });

  it("refuses columns that are not declared, and those that are not given", async () => {
    const run1 = async (given: unknown) =>
      (await run(moduleOf("m", [], [column("score")], () => given as Record<string, Values>)))
        .failures;
    expect(await run1({})).toEqual(["it gave no column score"]);
    expect(await run1(undefined)).toEqual(["run gave undefined, not columns by name"]);
    expect(await run1({ score: { values: new Float64Array(3) }, scor: { values: [] } })).toEqual([
      "it gave a column scor, which it does not declare; did you mean score?",
    ]);
    const text = moduleOf("m", [], [column("t", "string")], () => ({
      t: { values: ["a", 5 as unknown as string, null] },
    }));
    expect((await run(text)).failures).toEqual(["column t holds 5, which is no text"]);
  });

  it("tells what column a module lacks, and does not let it read others", async () => {
    expect(
      (await run(adding("x", ["magg"], () => ({ values: new Float64Array(3) })))).failures,
    ).toEqual(["there is no column magg; did you mean mag?"]);
    expect(
      (await run(adding("x", ["mag"], (given) => ({ values: given.numbers("id") })))).failures,
    ).toEqual(["column id is read but not among its needs"]);
  });

  it("lets a module wait while others run, and those that need it after it", async () => {
    const order: string[] = [];
    const slow = moduleOf("slow", [], [column("slow")], async ({ count }, { pending }) => {
      await new Promise((done) => setTimeout(done, 5));
      order.push("slow");
      pending(1);
      return { slow: { values: new Float64Array(count).fill(7) } };
    });
    const after = adding(
      "after",
      ["slow"],
      (given) => (order.push("after"), { values: given.numbers("slow") }),
    );
    const other = adding(
      "other",
      ["mag"],
      (given) => (order.push("other"), { values: given.numbers("mag") }),
    );
    const { outcomes } = await runModules([slow, after, other], alerts, setup);
    expect(order).toEqual(["other", "slow", "after"]);
    expect(outcomes.map(({ pending }) => pending)).toEqual([Uint8Array.of(0, 1, 0), null, null]);
  });

  it("does not wait for ever for one that waits", async () => {
    const never = moduleOf("never", [], [column("never")], () => new Promise(() => {}));
    const { outcomes } = await runModules([never, faint], alerts, {
      ...setup,
      config: { ...setup.config, limitSeconds: 0.02 },
    });
    expect(outcomes.map(({ failure }) => failure)).toEqual(["no answer within 0.02 s", null]);
  });

  it("takes no alerts at all", async () => {
    const none = alertsOf([new Table({ mag: makeVector(new Float64Array(0)) }).batches[0].data]);
    const { columns, outcomes } = await runModules([faint], none, setup);
    expect([columns.length, outcomes[0].failure]).toEqual([0, null]);
  });
});

describe("the order of modules", () => {
  const empty = (): Values => ({ values: new Float64Array(3) });
  const [a, b, c] = [
    adding("a", ["b"], empty),
    adding("b", ["c"], empty),
    adding("c", ["mag"], empty),
  ];

  it("follows what they need", () => {
    expect(inOrder([a, faint, b, c]).map(({ name }) => name)).toEqual(["c", "b", "a", "faint"]);
  });

  it("has no circles, and no column twice", () => {
    expect(() => inOrder([a, b, adding("c", ["a"], empty)])).toThrow(
      "science modules need each other in a circle: a → b → c → a",
    );
    expect(() => inOrder([a, moduleOf("other", [], [column("a")], () => ({}))])).toThrow(
      "science module other: its column a is one of a already",
    );
    expect(() => inOrder([a, moduleOf("other", [], [column("a.b")], () => ({}))])).toThrow(
      "science module other: its column a.b lies in a, which is a value that a adds",
    );
  });

  it("takes in those whose columns are needed and not there", () => {
    expect(withMakers([a], [a, b, c, faint], new Set(["mag"])).map(({ name }) => name)).toEqual([
      "a",
      "b",
      "c",
    ]);
    expect(
      withMakers([a], [a, b, c, faint], new Set(["mag", "b"])).map(({ name }) => name),
    ).toEqual(["a"]);
  });
});
