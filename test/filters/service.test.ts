import { existsSync, readFileSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { expectBalance } from "../account/balance.ts";
import { type FinkProcess, startFink } from "../archive/process.ts";
import {
  filterLakes,
  filterOnce,
  fink,
  matchesOf,
  rows,
  settings,
  stateOf,
  writeFilter,
} from "./lakes.ts";

const killPoints = ["before", "after"].flatMap((when) =>
  ["data-file", "log-entry"].flatMap((step) => [1, 3].map((n) => `${when}:${step}:${n}`)),
);
const bright = "candidate.magpsf < 19";
const sql = (where: string, header = "") => `${header}SELECT * FROM alerts WHERE ${where}`;
const { lakeWith, expected } = filterLakes();

describe("the filter service", { timeout: 120_000 }, () => {
  it("writes a match for each alert that a filter selects, with its keys, its clauses and where the alert is", async () => {
    const lake = lakeWith("whole", {
      "bright.sql": sql(`${bright} OR candidate.rb > 2`),
      "all.sql": sql("true", "-- quality: all\n"),
    });
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    const found = await expected(bright);
    expect(found.length).toBeGreaterThan(10);
    expect(await matchesOf(lake, "bright")).toEqual(found);
    expect((await matchesOf(lake, "all")).length).toBe(200);
    await expectBalance(lake);
    const [row] = await rows(
      lake,
      `SELECT filter_version, revision, clauses, object = a.objectId, ra = a.candidate.ra, abs(mjd - a.candidate.jd + 2400000.5) < 1e-9, night = a.night,
        matched_at > '2020-01-01' FROM ztf.matches m JOIN ztf.alerts a ON alert = candid WHERE filter = 'bright' LIMIT 1`.replace(
        "night = a.night",
        "m.night = a.night",
      ),
    );
    expect(row).toEqual([1, 0, "101", true, true, true, true, true]);
    const [[raw]] = await rows(lake, "SELECT _raw FROM ztf.matches LIMIT 1");
    expect(existsSync(join(lake, "ztf/raw", String(raw)))).toBe(true);
  });

  it.each(killPoints)("killed %s and started again has each match once", async (killPoint) => {
    const lake = lakeWith(killPoint.replaceAll(":", "-"), {
      "bright.sql": sql(bright),
      "faint.sql": sql("candidate.magpsf >= 19"),
    });
    expect(await filterOnce(lake, { FINK_CRASH_AT: killPoint })).toMatchObject({
      signal: "SIGKILL",
    });
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "bright")).toEqual(await expected(bright));
    expect(await matchesOf(lake, "faint")).toEqual(await expected("candidate.magpsf >= 19"));
    await expectBalance(lake);
  });

  it("finds nothing twice when alerts are compacted, or a night is run again, or the file changes", async () => {
    const lake = lakeWith("again", { "bright.sql": sql(bright) });
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await fink(lake, ["compact"])).toMatchObject({ code: 0 });
    expect(await filterOnce(lake)).toMatchObject({ code: 0 });
    expect(await matchesOf(lake, "bright")).toEqual(await expected(bright));
    writeFilter(lake, "bright.sql", sql("candidate.magpsf < 19.5"));
    const night = String((await rows(lake, "SELECT night FROM ztf.alerts LIMIT 1"))[0][0]);
    expect(await fink(lake, ["filter", "rerun", "bright", "--night", night])).toMatchObject({
      code: 0,
    });
    expect(await fink(lake, ["filter", "rerun", "bright", "--night", night])).toMatchObject({
      code: 0,
    });
    expect(await matchesOf(lake, "bright")).toEqual(await expected("candidate.magpsf < 19.5"));
    expect(
      await rows(
        lake,
        "SELECT filter_version, count(*) > 0 FROM ztf.matches WHERE filter = 'bright' GROUP BY ALL ORDER BY 1",
      ),
    ).toEqual([
      [1, true],
      [2, true],
    ]);
  });

  it("runs the others when one hangs, throws or fails in the engine, and switches it off after some batches with a message to its owner", async () => {
    const lake = lakeWith("hostile", {
      "bright.sql": sql(bright),
      "hang.ts": `export default { description: "hangs", owner: "me@example.org", needs: ["candidate.rb"], select() { for (;;); } };`,
      "throw.ts": `export default { description: "throws", needs: ["candidate.rb"], select() { throw new Error("no luck"); } };`,
      "overflow.sql": sql("candidate.pid * candidate.pid * candidate.pid > 0"),
      "passwd.sql": "SELECT * FROM read_csv('/etc/passwd') WHERE true",
    });
    const { code, output } = await filterOnce(lake, {
      FINK_FILTERS_SECONDS: "0.5",
      FINK_FILTERS_MAX_FAILURES: "2",
    });
    expect([code, output]).toEqual([0, expect.stringContaining("filter ztf/hang is switched off")]);
    expect(await matchesOf(lake, "bright")).toEqual(await expected(bright));
    expect(stateOf(lake, "hang")).toMatchObject({
      state: "off",
      failures: 2,
      reason: "it took longer than 0.5 s and was stopped",
    });
    expect(stateOf(lake, "throw")).toMatchObject({ state: "off", reason: "no luck" });
    expect(stateOf(lake, "overflow")).toMatchObject({
      state: "off",
      reason: expect.stringContaining("Overflow"),
    });
    expect(stateOf(lake, "passwd")).toMatchObject({ state: "refused", version: 0 });
    const messages = readFileSync(join(lake, ".fink/filters/messages.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as object);
    expect(messages).toContainEqual(
      expect.objectContaining({
        filter: "hang",
        owner: "me@example.org",
        text: expect.stringContaining("switched off"),
      }),
    );
    expect(messages.length).toBe(3);
  });
});

describe("while it runs", { timeout: 60_000 }, () => {
  const running: FinkProcess[] = [];
  afterAll(async () => {
    for (const one of running) await one.kill();
  });

  it("a saved file is taken up within 10 s; a broken one is refused with the reason, and the old one goes on", async () => {
    const lake = lakeWith("saved", { "bright.sql": sql(bright) });
    running.push(startFink(["start", "filter"], settings(lake)));
    const untilState = async (name: string, state: object) =>
      await expect
        .poll(() => stateOf(lake, name), { timeout: 10_000, interval: 200 })
        .toMatchObject(state);
    await untilState("bright", { state: "on", version: 1 });
    const touch = (file: string) =>
      utimesSync(join(lake, "filters/ztf", file), new Date(), new Date());
    writeFilter(lake, "bright.sql", sql("candidate.magpfs < 19"));
    touch("bright.sql");
    await untilState("bright", {
      state: "refused",
      version: 1,
      reason: expect.stringContaining("did you mean candidate.magpsf?"),
    });
    writeFilter(lake, "bright.sql", sql("candidate.magpsf < 18"));
    writeFilter(lake, "second.sql", sql("candidate.magpsf < 17"));
    await untilState("bright", { state: "on", version: 2, reason: "" });
    await untilState("second", { state: "on", version: 1 });
  });
});
