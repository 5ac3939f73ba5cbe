import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { project, run } from "../../../test/cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-catalog-"));
afterAll(() => rmSync(folder, { recursive: true }));

const catalog = async (...args: string[]) =>
  await run(process.execPath, [
    join(project, "src/cli/main.ts"),
    "catalog",
    ...args,
    "--lake",
    join(folder, "lake"),
  ]);

it("adds a catalogue, lists it, and matches a position and a file with it", async () => {
  const file = join(folder, "stars.csv");
  writeFileSync(file, "name,ra,dec\nA,10.5,-45\nB,10.5001,-45\nC,361,0\nD,200,5\n");
  const added = await catalog(
    "add",
    file,
    "--name",
    "stars",
    "--ra",
    "ra",
    "--dec",
    "dec",
    "--keep",
    "name",
    "--radius",
    "2",
  );
  expect(added).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^stars: 3 sources, edition \d{8}-[0-9a-f]{12}$/m) as string,
  });
  expect(added.stderr).toContain("1 rows without a position");
  expect((await catalog("list")).stdout).toMatch(/stars +3 +2″ +name +\d{8}-\w+ +stars.csv/);

  const one = await catalog("match", "stars", "--ra", "0:42:00", "--dec=-45.0001", "--json");
  expect(JSON.parse(one.stdout)).toMatchObject({ row: 1, ra: 10.5, sourceDec: -45, name: "A" });
  const all = await catalog("match", "stars", "--ra", "10.5", "--dec=-45", "--all", "--json");
  expect(
    all.stdout
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { name: string }).name),
  ).toEqual(["A", "B"]);
  const many = await catalog("match", "stars", file, "--ra", "ra", "--dec", "dec");
  expect(many.stderr).toContain("3 matches of 4 positions with stars; 1 rows have no position");
});

it.each([
  [
    ["match", "star", "--ra", "1", "--dec", "2"],
    /there is no catalogue star; did you mean stars\?/,
  ],
  [["match", "stars", "--ra", "1", "--dec", "91"], /--dec 91 is not within/],
  [["match", "stars", "--ra", "1"], /needs --ra and --dec/],
  [["add", "x.csv", "--name", "x"], /needs --name, --ra, --dec and --radius/],
  [["remove", "star"], /there is no catalogue star; did you mean stars\?/],
  [["delete", "stars"], /there is \.\/fink catalog add/],
])("catalog %j says what is wrong", async (args, message) => {
  const { code, stderr } = await catalog(...args);
  expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(message)]);
  expect(code).not.toBe(0);
});

it("removes a catalogue", async () => {
  expect(await catalog("remove", "stars")).toMatchObject({ code: 0, stdout: "stars is removed\n" });
  expect((await catalog("list", "--json")).stdout.trim()).toBe("[]");
});
