import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { z } from "zod";
import { projectFolder } from "../config/load.ts";
import { FinkError, messageOf } from "../errors.ts";
import { readHeaderAs } from "../filters/header.ts";
import { filterFiles } from "../filters/load.ts";
import { type Aggregation, plots, windows } from "./aggregation.ts";
import { parseGrouped } from "./parse.ts";

/** What may stand in the comment at the top, a `-- key: value` each. */
const header = z.strictObject({
  title: z.string().min(1).describe("Heading on the page"),
  description: z.string().default("").describe("What it counts, for people"),
  plot: z.enum(plots).default("lines").describe("How the page draws it"),
  window: z.enum(windows).default("night").describe("Over which time it counts"),
});

/** Reads one file. Throws "filter" with the file's name. */
export async function loadAggregation(file: string, survey: string): Promise<Aggregation> {
  const text = readFileSync(file, "utf8");
  try {
    const name = basename(file, ".sql");
    if (!/^[a-z][a-z0-9_]*$/.test(name))
      throw new FinkError(
        "filter",
        "rename the file: lower case letters, digits and underscores only",
      );
    const version = createHash("sha256").update(text).digest("hex").slice(0, 8);
    return {
      ...readHeaderAs(text, header),
      name,
      survey,
      version,
      file,
      text,
      select: await parseGrouped(text),
    };
  } catch (error) {
    throw new FinkError("filter", `${file}: ${messageOf(error)}`, error);
  }
}

/**
 * The shipped aggregations and those of a folder; a user's takes the place of a shipped one. Files
 * that are none are problems, and the others count.
 */
export async function aggregationsIn(folder: string): Promise<{
  readonly aggregations: readonly Aggregation[];
  readonly problems: readonly FinkError[];
}> {
  const byName = new Map<string, Aggregation>();
  const problems: FinkError[] = [];
  const shipped = join(projectFolder, "aggregations");
  const files = [
    ...filterFiles(shipped),
    ...(folder === shipped ? [] : filterFiles(folder)),
  ].filter(({ file }) => file.endsWith(".sql"));
  for (const { survey, file } of files) {
    try {
      const aggregation = await loadAggregation(file, survey);
      byName.set(`${survey}/${aggregation.name}`, aggregation);
    } catch (error) {
      problems.push(error as FinkError);
    }
  }
  return { aggregations: [...byName.values()], problems };
}
