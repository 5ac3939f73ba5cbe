import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { liveStatus, readServices } from "../../src/api/status.ts";
import { until } from "../kafka/reading.ts";
import { type FinkProcess, startFink } from "../archive/process.ts";

describe(
  "a service goes on, and /healthz is red until all is well again",
  { timeout: 60_000 },
  () => {
    let lake = "";
    let service: FinkProcess | null = null;
    beforeEach(() => (lake = mkdtempSync(join(tmpdir(), "fink-troubles-"))));
    afterEach(async () => {
      await service?.kill();
      rmSync(lake, { recursive: true, force: true });
    });

    const write = (path: string, text: string) => {
      mkdirSync(join(lake, path, ".."), { recursive: true });
      writeFileSync(join(lake, path), text);
    };
    const start = (name: string, settings: Readonly<Record<string, string>> = {}) =>
      (service = startFink(["start", name], {
        FINK_LAKE: lake,
        FINK_FILTERS_FOLDER: join(lake, "filters"),
        FINK_FILTERS_SHIPPED: "false",
        ...settings,
      }));
    /** What /healthz says. */
    const problems = () => liveStatus(readServices(lake), Date.now()).problems;
    const goesOn = async (about: RegExp, mend: () => void) => {
      await until(
        "it is told",
        () => problems().some((problem) => about.test(problem)) || service!.child.exitCode !== null,
      );
      expect([service!.child.exitCode, problems()]).toEqual([null, [expect.stringMatching(about)]]);
      mend();
      await until("all is well", () => problems().length === 0);
      expect(service!.output().match(/"cannot /g)?.length).toBe(1); // logged once, not at every try
      await service!.kill("SIGTERM");
      expect(await service!.ended).toMatchObject({ code: 0 });
    };

    it("when a file is where the filter service keeps its states", async () => {
      write(".fink/filters", "no folder");
      write("filters/ztf/broken.sql", "-- colour: red\nSELECT * FROM alerts");
      start("filter");
      await goesOn(/filter cannot .*filters.*EEXIST/, () => rmSync(join(lake, ".fink/filters")));
      expect(existsSync(join(lake, ".fink/filters/states.json"))).toBe(true);
    });

    it("when the folder of filters is a file", async () => {
      write("filters", "no folder");
      start("filter");
      await goesOn(/filter cannot .*filters.*ENOTDIR/, () => rmSync(join(lake, "filters")));
    });

    it("when a catalogue's description is damaged while science runs", async () => {
      start("science", { FINK_SCIENCE_WORKERS: "1" });
      await until("it runs", () => readServices(lake)[0]?.state === "running");
      write("catalogues/stars/catalogue.json", "{");
      await goesOn(/science cannot .*catalogue.json is damaged/, () =>
        rmSync(join(lake, "catalogues"), { recursive: true }),
      );
    });

    it("when nobody reads its log any more", async () => {
      write("filters/ztf/broken.sql", "-- colour: red\nSELECT * FROM alerts");
      write(".fink/filters", "no folder"); // so that there is something to log
      const { child } = start("filter");
      child.stderr!.destroy();
      await until("it is told", () => problems().length > 0 || child.exitCode !== null);
      await sleep(2500);
      expect(readServices(lake)[0].health).toBe("ok");
      expect(child.exitCode).toBe(null);
    });
  },
);
