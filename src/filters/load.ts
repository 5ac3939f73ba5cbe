import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { FinkError, messageOf } from "../errors.ts";
import { checkFile } from "../science/missing.ts";
import { type FunctionAbout, FunctionProcess } from "./function-process.ts";
import type { Filter } from "./filter.ts";
import { type Header, headerSchema, readHeader } from "./header.ts";
import { parseCondition, parseSelect } from "./parse.ts";

/**
 * Reads a filter file. `survey`, `name`: of one whose header, folder and file do not tell. Throws
 * "filter" with the file's name.
 */
export async function loadFilter(
  file: string,
  survey: string | null,
  version: (filter: Omit<Filter, "version">) => number = () => 0,
  name: string = basename(file).replace(/\.(sql|ts)$/, ""),
): Promise<Filter> {
  checkFile(file, "filter");
  const text = readFileSync(file, "utf8");
  const known = { file, text, survey, name };
  try {
    const filter = file.endsWith(".ts") ? await functionFilter(known) : await sqlFilter(known);
    return { ...filter, version: version(filter) };
  } catch (error) {
    throw new FinkError("filter", `${file}: ${messageOf(error)}`, error);
  }
}

/** What is known of a file before it is understood. */
interface Known {
  readonly file: string;
  readonly text: string;
  readonly survey: string | null;
  readonly name: string;
}

/** Files that are filters in `<folder>/<survey>/`, by survey and name. */
export function filterFiles(folder: string): { readonly survey: string; readonly file: string }[] {
  if (!existsSync(folder)) return [];
  const surveys = readdirSync(folder, { withFileTypes: true }).filter(
    (entry) => entry.isDirectory() && !entry.name.startsWith("."),
  );
  return surveys.flatMap(({ name: survey }) =>
    readdirSync(join(folder, survey))
      .filter((name) => /^[^.].*\.(sql|ts)$/.test(name) && !/\.(test|d)\.ts$/.test(name))
      .sort()
      .map((name) => ({ survey, file: join(folder, survey, name) })),
  );
}

async function sqlFilter(known: Known): Promise<Omit<Filter, "version">> {
  const header = readHeader(known.text);
  const { columns, where } = await parseSelect(known.text);
  return { ...common(header, known, columns), body: { kind: "sql", where } };
}

/** A function of the user's: it is loaded in another process, which says what it exports. */
async function functionFilter(known: Known): Promise<Omit<Filter, "version">> {
  const { needs, catalogues = [], where = "true", ...about } = await aboutFunction(known);
  const texts = Object.fromEntries(
    Object.entries(about).map(([key, value]) => [
      key,
      Array.isArray(value) ? value.join(",") : value,
    ]),
  );
  return {
    ...common(headerSchema.parse(texts), known, null),
    body: { kind: "ts", needs, catalogues, where: await parseCondition(where) },
  };
}

/** The process of the filters that are being loaded now, and how many they are. */
let loading = { functions: new FunctionProcess(""), count: 0 };

/**
 * Filters that are loaded at the same time share a process, one after the other. If each of a
 * folder of sixty had its own, they would take 6 GB, and all of them longer than any may.
 */
async function aboutFunction(known: Known): Promise<FunctionAbout> {
  const own = loading;
  own.count++;
  try {
    return await own.functions.about(known);
  } finally {
    if (--own.count === 0) {
      loading = { functions: new FunctionProcess(""), count: 0 };
      await own.functions.close();
    }
  }
}

function common(
  header: Header,
  known: Known,
  listed: readonly string[] | null,
): Omit<Filter, "version" | "body"> {
  const { file, text } = known;
  const name = header.name ?? known.name;
  const survey = header.survey ?? known.survey ?? basename(dirname(file));
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new FinkError(
      "filter",
      `${name} is no name of a filter: rename the file, lower case letters, digits and underscores only`,
    );
  const { description, origin, owner, deliver, quality } = header;
  return {
    name,
    survey,
    description,
    origin,
    owner,
    deliver,
    columns: header.columns ?? listed,
    topic: header.topic ?? `fink_${name}_${survey}`,
    quality,
    file,
    text,
  };
}
