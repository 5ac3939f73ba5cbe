import { readFileSync } from "node:fs";
import { statfs } from "node:fs/promises";
import { join } from "node:path";
import { projectFolder } from "../../config/load.ts";
import { cataloguesIn } from "../../lake/catalogues.ts";
import { modules } from "../../science/modules.ts";
import type { PageLake } from "./lake.ts";
import type { AboutAnswer } from "./types.ts";

const startedAt = Date.now();

/** What runs here: versions, disk, surveys, catalogues, modules. */
export async function about(lake: PageLake): Promise<AboutAnswer> {
  const { version } = JSON.parse(readFileSync(join(projectFolder, "package.json"), "utf8")) as {
    version: string;
  };
  const disk = await statfs(lake.path).catch(() => null);
  return {
    version,
    node: process.version,
    startedAt,
    lake: lake.path,
    disk: disk && { freeBytes: disk.bavail * disk.bsize, totalBytes: disk.blocks * disk.bsize },
    surveys: lake.surveys.all.map(({ name, title }) => ({ name, title })),
    catalogues: cataloguesIn(lake.path).map(({ name, edition, rows, radiusArcsec }) => ({
      name,
      edition,
      rows,
      radiusArcsec,
    })),
    modules: modules.map((module) => ({
      name: module.name,
      version: module.version,
      surveys: module.surveys,
      about: module.about,
    })),
  };
}
