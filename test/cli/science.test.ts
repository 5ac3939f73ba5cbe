import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { withUpkeep } from "../../src/lake/upkeep.ts";
import { available } from "../require.ts";
import { type Outcome, project, run } from "./run.ts";

let home = "";
let file = "";
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), "fink-science-"));
  mkdirSync(join(home, "science"));
  writeFileSync(join(home, "science/brightness.ts"), brightness);
  file = join(home, "alerts.parquet");
  const rows = `SELECT 9000000000000000000 + i AS candid, {'magpsf': CASE i WHEN 0 THEN 17.25 WHEN 1 THEN 'nan'::DOUBLE END} AS candidate, [{'jd': 1.0}] AS prv_candidates FROM range(3) t(i)`;
  await withUpkeep(
    home,
    async ({ connection }) => await connection.run(`COPY (${rows}) TO '${file}' (FORMAT parquet)`),
  );
});
afterAll(() => rmSync(home, { recursive: true }));

const brightness = `
  export default {
    name: "brightness", version: "2", surveys: ["ztf"], about: "How bright.", needs: ["candidate.magpsf"],
    adds: [
      { name: "bright.flux", type: "double", unit: "nJy", description: "flux" },
      { name: "bright.id", type: "long", unit: null, description: "a large number" },
      { name: "bright.is", type: "boolean", unit: null, description: "brighter than 18" },
    ],
    run(alerts) {
      const magnitudes = alerts.numbers("candidate.magpsf");
      return {
        "bright.flux": { values: magnitudes.map((m) => (m < 18 ? Infinity : m)) },
        "bright.id": { values: new BigInt64Array(alerts.count).fill(2n ** 62n) },
        "bright.is": { values: Uint8Array.from(magnitudes, (m) => (m < 18 ? 1 : 0)), missing: Uint8Array.from(magnitudes, (m) => (Number.isNaN(m) ? 1 : 0)) },
      };
    },
  };`;

async function science(...args: string[]): Promise<Outcome> {
  return await run(
    process.execPath,
    ["--disable-warning=ExperimentalWarning", join(project, "src/cli/main.ts"), "science", ...args],
    { FINK_HOME: home },
  );
}

describe("./fink science test", () => {
  it("prints what a module of the user's says of each alert of a file", async () => {
    const { code, stdout, stderr } = await science("test", "brightness", "--on", file);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const lines = stdout.split("\n").map((line) => line.split(/ {2,}/));
    expect(lines.slice(0, 4)).toEqual([
      ["alert", "bright.flux", "bright.id", "bright.is"],
      ["9000000000000000000", "Infinity", "4611686018427387904", "true"],
      ["9000000000000000001", "NaN", "4611686018427387904", "null"],
      ["9000000000000000002", "NaN", "4611686018427387904", "null"],
    ]);
    expect(lines[5]).toEqual(["module", "version", "ms", "µs per alert"]);
  });

  it("gives programs one object, with what JSON cannot hold as text", async () => {
    const { stdout } = await science(
      "test",
      join(home, "science/brightness.ts"),
      "--on",
      file,
      "--json",
    );
    expect(JSON.parse(stdout)).toEqual({
      "9000000000000000000": {
        "bright.flux": "Infinity",
        "bright.id": "4611686018427387904",
        "bright.is": true,
      },
      "9000000000000000001": {
        "bright.flux": "NaN",
        "bright.id": "4611686018427387904",
        "bright.is": null,
      },
      "9000000000000000002": {
        "bright.flux": "NaN",
        "bright.id": "4611686018427387904",
        "bright.is": null,
      },
    });
  });

  it.each([
    [
      ["test", "brigthness"],
      2,
      /^fink: there is no science module brigthness; did you mean brightness\?$/,
    ],
    [
      ["test", "HOME/brightnes.ts"],
      1,
      /^fink: there is no file .*brightnes\.ts; did you mean brightness\.ts\?$/,
    ],
    [
      ["test", "brightness", "--on", "HOME/../alert.parquet"],
      1,
      /^fink: there is no file .*alert\.parquet; did you mean alerts\.parquet\?$/,
    ],
    [
      ["test", "brightness", "--survey", "lsst"],
      2,
      /^fink: brightness is a module for alerts of ztf, not of lsst$/,
    ],
    [
      ["test", "brightness", "--survey", "zft"],
      2,
      /^fink: --survey zft: there is no such survey; did you mean ztf\?$/,
    ],
    [
      ["tset"],
      2,
      /^fink: there is \.\/fink science list, test MODULES, run --night YYYYMMDD and diff --night YYYYMMDD$/,
    ],
  ])("%j: one line", async (args, code, line) => {
    const outcome = await science(...args.map((arg) => arg.replace("HOME", join(home, "science"))));
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr.trimEnd()).toMatch(line);
  });

  it("names the column that a file lacks, and the nearest that it has", async () => {
    const module = join(home, "needy.ts");
    writeFileSync(module, brightness.replaceAll("candidate.magpsf", "candidate.magspf"));
    expect(await science("test", module, "--on", file)).toEqual({
      code: 1,
      stdout: "",
      stderr: "fink: there is no column candidate.magspf; did you mean candidate.magpsf?\n",
    });
  });

  it("shows that a module failed, and exits with 1", async () => {
    const module = join(home, "throws.ts");
    writeFileSync(
      module,
      brightness.replace(
        "const magnitudes =",
        "if (alerts.count) throw new Error('no model'); const magnitudes =",
      ),
    );
    const { code, stdout, stderr } = await science("test", module, "--on", file, "--json");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "fink: brightness failed, its columns are null: no model\n",
    });
    expect(JSON.parse(stdout)["9000000000000000000"]).toEqual({
      "bright.flux": null,
      "bright.id": null,
      "bright.is": null,
    });
  });

  it("without a file takes simulated alerts of the survey, the same each time", async () => {
    const outcomes = await Promise.all(
      [1, 2].map(() => science("test", "brightness", "--alerts", "7", "--json")),
    );
    expect(Object.keys(JSON.parse(outcomes[0].stdout))).toHaveLength(7);
    expect(outcomes[1]).toEqual(outcomes[0]);
  }, 60_000);
});

describe("./fink science list", () => {
  it("shows the user's modules with the shipped ones", async () => {
    const { stdout } = await science("list");
    expect(stdout).toContain(
      "brightness 2 (ztf)\n  How bright.\n  needs candidate.magpsf\n  adds         type     unit\n  bright.flux  double   nJy   flux\n",
    );
    const listed = JSON.parse((await science("list", "--json", "--survey", "ztf")).stdout) as {
      name: string;
      adds: { name: string }[];
    }[];
    expect(listed.find(({ name }) => name === "brightness")?.adds.map(({ name }) => name)).toEqual([
      "bright.flux",
      "bright.id",
      "bright.is",
    ]);
  });
});

const reference = join(project, "../shared/reference/science");
const hasReference = available(
  "reference",
  existsSync(reference),
  "alerts of Fink: there is no ../shared/reference",
);

describe.skipIf(!hasReference)("on real alerts", () => {
  it.each([
    ["ztf_regular_a", 9],
    ["lsst_rubin_test_data_10_0", 27],
  ])("of %s all modules of their survey run", async (name, count) => {
    const { stdout, code } = await science(
      "test",
      "all",
      "--on",
      join(reference, `${name}.parquet`),
      "--json",
    );
    expect(code).toBe(0);
    expect(Object.keys(JSON.parse(stdout))).toHaveLength(count);
  });
});
