import type * as NodeFs from "node:fs";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import type { Filter, Match } from "../filters/filter.ts";
import { Versions, versionsFolder } from "../filters/versions.ts";
import { Subscriptions } from "./subscriptions.ts";

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof NodeFs>();
  return { ...fs, readdirSync: vi.fn(fs.readdirSync) };
});

const descriptions = [
  '{"name": "f"',
  "",
  "null",
  "[]",
  "{}",
  '"a"',
  '{"name":"f","survey":"ztf","description":"","owner":"","deliver":null,"columns":null,"topic":"","keptAt":0}',
];

test.each(descriptions)(
  "a damaged description of a version is named instead of ending the target's loop: %j",
  async (text) => {
    const lake = mkdtempSync(join(tmpdir(), "fink-subscriptions-"));
    try {
      const folder = versionsFolder(lake, { survey: "ztf", name: "f" });
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, "1.json"), text);
      writeFileSync(join(folder, "1.sql"), "SELECT * FROM alerts");
      const subscriptions = new Subscriptions(lake, ["kafka"], () => {});
      const match = { filter: "f", filter_version: 1 } as Match;
      expect(await subscriptions.route("ztf", match, "kafka")).toMatch(
        /1\.json is damaged \(.*\): remove it\. Put its file back/,
      );
      const filter = {
        name: "f",
        survey: "ztf",
        file: "f.sql",
        text: "SELECT * FROM alerts",
        description: "",
        owner: "",
        deliver: ["kafka"],
        columns: null,
        topic: "",
      };
      expect(new Versions(lake).keep(filter as unknown as Filter)).toBe(2);
      expect(
        await subscriptions.route("ztf", { ...match, filter_version: 2 }, "kafka"),
      ).toMatchObject({ filter: { deliver: ["kafka"] } });
    } finally {
      rmSync(lake, { recursive: true, force: true });
    }
  },
);

test.each([1, 7])(
  "many matches of version %d list the folder of versions once, whether or not the version is kept",
  async (version) => {
    const lake = mkdtempSync(join(tmpdir(), "fink-subscriptions-"));
    try {
      const folder = versionsFolder(lake, { survey: "ztf", name: "f" });
      mkdirSync(folder, { recursive: true });
      writeFileSync(
        join(folder, "1.sql"),
        "-- description: d\n-- deliver: kafka\nSELECT * FROM alerts",
      );
      const subscriptions = new Subscriptions(lake, ["kafka"], () => {});
      vi.mocked(readdirSync).mockClear();
      for (let i = 0; i < 100; i++)
        await subscriptions.route(
          "ztf",
          { filter: "f", filter_version: version } as Match,
          "kafka",
        );
      expect(vi.mocked(readdirSync)).toHaveBeenCalledTimes(1);
    } finally {
      rmSync(lake, { recursive: true, force: true });
    }
  },
);
