import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { afterAll, expect, it } from "vitest";
import { catalogueFolder } from "../../lake/catalogues.ts";
import { addCatalogue } from "./add.ts";
import { shareCatalogues } from "./load.ts";

const lake = mkdtempSync(join(tmpdir(), "fink-shared-"));
afterAll(() => rmSync(lake, { recursive: true }));

it("threads look into the catalogues that another one has read", async () => {
  const file = join(lake, "stars.csv");
  writeFileSync(file, "name,ra,dec\nB,20,0\nA,10,0\n");
  const info = await addCatalogue(lake, [file], {
    name: "stars",
    ra: "ra",
    dec: "dec",
    keep: ["name"],
    radiusArcsec: 1,
    motion: null,
  });
  await shareCatalogues(lake);
  rmSync(join(catalogueFolder(lake, "stars"), info.file)); // so that nobody can read it any more
  const url = (name: string) => JSON.stringify(new URL(name, import.meta.url).href);
  const code = `const [{ catalogueInMemory }, { keptAt }] = await Promise.all([import(${url("load.ts")}), import(${url("kept-column.ts")})]);
    const { kept } = await catalogueInMemory(${JSON.stringify(lake)}, ${JSON.stringify(info)});
    (await import("node:worker_threads")).parentPort.postMessage([0, 1].map((row) => keptAt(kept.name, row)).sort());`;
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
  const names = await new Promise((resolve, reject) =>
    worker.once("message", resolve).once("error", reject),
  );
  expect(names).toEqual(["A", "B"]);
  await worker.terminate();
});
