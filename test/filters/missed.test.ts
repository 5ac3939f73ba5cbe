import { existsSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FilterShelf } from "../../src/api/pages/filter-shelf.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";
import { Sources } from "../../src/serving/sources.ts";
import { filterLakes, filterOnce, fink, matchesOf, rows, stateOf, writeFilter } from "./lakes.ts";

const bright = "candidate.magpsf < 19";
const { lakeWith, expected } = filterLakes();

/**
 * Selects as `bright` does, but throws in the calls that are listed; calls are counted in a file.
 */
const failing = (
  lake: string,
  calls: string,
) => `import { existsSync, readFileSync, writeFileSync } from "node:fs";
const file = ${JSON.stringify(join(lake, "calls"))};
export default {
  description: "fails now and then", needs: ["candidate.magpsf"], where: "${bright}",
  select(alerts) {
    const call = existsSync(file) ? Number(readFileSync(file, "utf8")) + 1 : 1;
    writeFileSync(file, String(call));
    if (${calls}) throw new Error("no luck");
    return new Uint8Array(alerts.count).fill(1);
  },
};`;

async function lakeWithFailing(name: string, calls: string): Promise<string> {
  const lake = lakeWith(name, { "bright.sql": `SELECT * FROM alerts WHERE ${bright}` });
  writeFilter(lake, "flaky.ts", failing(lake, calls));
  return lake;
}
const missedIn = async (lake: string) =>
  existsSync(join(lake, "ztf/missed"))
    ? await rows(
        lake,
        "SELECT filter, filter_version, source, from_version, to_version, reason FROM ztf.missed ORDER BY 1, 3, 4",
      )
    : [];
const rerun = (lake: string, more: Record<string, string> = {}) =>
  fink(lake, ["filter", "rerun", "flaky"], more);

describe("the matches of a batch in which a filter failed", { timeout: 120_000 }, () => {
  it("are not lost: what it missed is recorded and shown, and a rerun finds them, once", async () => {
    const lake = await lakeWithFailing("once", "call === 2");
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    const all = await expected(bright);
    expect((await matchesOf(lake, "flaky")).length).toBeLessThan(all.length);
    expect(await missedIn(lake)).toEqual([["flaky", 1, "science", "1", "2", "no luck"]]);
    expect((await fink(lake, ["filter", "list"])).output).toMatch(/flaky.*science 1.*no luck/);
    expect((await fink(lake, ["status"])).output).toMatch(/flaky.*missed.*filter rerun/);
    const surveys = surveysOf(configSchema.parse({ lake }));
    const shelf = new FilterShelf(
      new PageLake(
        lake,
        surveys,
        { folder: join(lake, "filters"), shipped: false },
        new Sources(lake, surveys),
      ),
    );
    expect((await shelf.all()).map(({ name, missed }) => [name, missed])).toEqual([
      ["bright", ""],
      ["flaky", "science 1: no luck"],
    ]);
    expect(await filterOnce(lake)).toMatchObject({ code: 0 }); // nobody asked for it
    expect((await missedIn(lake)).length).toBe(1);
    expect(await rerun(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "flaky")).toEqual(all);
    expect(await missedIn(lake)).toEqual([]);
    expect(await rerun(lake)).toMatchObject({
      code: 0,
      output: expect.stringContaining("has missed nothing"),
    });
    expect(await matchesOf(lake, "flaky")).toEqual(all);
  });

  it("are found when the filter is switched on again, with those that came while it was off", async () => {
    const lake = await lakeWithFailing("off", "call > 1");
    expect(await filterOnce(lake, { FINK_FILTERS_MAX_FAILURES: "2" })).toMatchObject({ code: 0 });
    expect(stateOf(lake, "flaky")).toMatchObject({ state: "off" });
    expect(await missedIn(lake)).toEqual([["flaky", 1, "science", "1", null, "no luck"]]);
    expect(await rerun(lake)).toMatchObject({
      code: 1,
      output: expect.stringContaining("no luck"),
    });
    writeFilter(lake, "flaky.ts", failing(lake, "false"));
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "flaky")).toEqual(await expected(bright));
    expect(await missedIn(lake)).toEqual([]);
  });

  it("are found when its file is saved again with the same text", async () => {
    const lake = await lakeWithFailing("saved", "call > 1 && call < 4");
    expect(await filterOnce(lake, { FINK_FILTERS_MAX_FAILURES: "2" })).toMatchObject({ code: 0 });
    expect(stateOf(lake, "flaky")).toMatchObject({ state: "off" });
    const now = new Date(Date.now() + 1000);
    utimesSync(join(lake, "filters/ztf/flaky.ts"), now, now);
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "flaky")).toEqual(await expected(bright));
    expect(stateOf(lake, "flaky")).toMatchObject({ state: "on", version: 1 });
    expect(await missedIn(lake)).toEqual([]);
  });

  // the second batch fails: its commits are the second (missed) and the third (matches)
  it.each(["before:log-entry:2", "after:log-entry:2", "before:log-entry:3", "after:log-entry:3"])(
    "are found once when the service is killed %s, around the two commits",
    async (killPoint) => {
      const lake = await lakeWithFailing(killPoint.replaceAll(":", "-"), "call === 2");
      expect(await filterOnce(lake, { FINK_CRASH_AT: killPoint })).toMatchObject({
        signal: "SIGKILL",
      });
      expect(await filterOnce(lake)).toMatchObject({ code: 0 });
      expect(await rerun(lake)).toMatchObject({ code: 0 });
      expect(await matchesOf(lake, "flaky")).toEqual(await expected(bright));
      expect(await matchesOf(lake, "bright")).toEqual(await expected(bright));
      expect(await missedIn(lake)).toEqual([]);
    },
  );

  it.each(["before:log-entry:1", "after:log-entry:1", "before:log-entry:2"])(
    "are found once when a rerun is killed %s and asked for again",
    async (killPoint) => {
      const lake = await lakeWithFailing(`rerun-${killPoint.replaceAll(":", "-")}`, "call === 2");
      expect(await filterOnce(lake)).toMatchObject({ code: 0 });
      expect(await rerun(lake, { FINK_CRASH_AT: killPoint })).toMatchObject({ signal: "SIGKILL" });
      expect(await rerun(lake)).toMatchObject({ code: 0 });
      expect(await matchesOf(lake, "flaky")).toEqual(await expected(bright));
      expect(await missedIn(lake)).toEqual([]);
    },
  );

  it("are found after compaction and vacuum took the files they were in", async () => {
    const lake = await lakeWithFailing("vacuumed", "call === 2");
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await fink(lake, ["compact"])).toMatchObject({ code: 0 });
    expect(await fink(lake, ["vacuum", "--keep-days", "0"])).toMatchObject({ code: 0 });
    expect(await rerun(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "flaky")).toEqual(await expected(bright));
    expect(await missedIn(lake)).toEqual([]);
  });
});
