import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { startFink } from "../archive/process.ts";

let folder = "";
beforeAll(() => void (folder = mkdtempSync(join(tmpdir(), "fink-catalogue-"))));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("a catalogue that was added can be asked by position, the southern sky included, and by SQL", async () => {
  const fink = (...args: string[]) => startFink(args, { FINK_LAKE: join(folder, "lake") }).ended;
  const file = join(folder, "stars.csv");
  writeFileSync(file, "ra,dec,kind\n10,-32.5,RR\n200,40,EB\n");
  expect(
    await fink(
      "catalog",
      "add",
      file,
      "--name",
      "stars",
      "--ra",
      "ra",
      "--dec",
      "dec",
      "--keep",
      "kind",
      "--radius",
      "2",
    ),
  ).toMatchObject({ code: 0 });
  const match = await fink(
    "catalog",
    "match",
    "stars",
    "--ra",
    "10",
    "--dec",
    "-32.5001",
    "--json",
  );
  expect(match.output).toContain("RR");
  const view = await fink(
    "query",
    "--format",
    "json",
    "SELECT kind FROM catalogues.stars WHERE dec < 0",
  );
  expect(JSON.parse(view.output)).toEqual({ kind: "RR" });
});
