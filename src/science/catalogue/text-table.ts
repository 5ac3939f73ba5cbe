import { createReadStream, createWriteStream } from "node:fs";
import { open } from "node:fs/promises";
import { createInterface } from "node:readline";
import { pipeline } from "node:stream/promises";
import { parse } from "yaml";
import { z } from "zod";
import { FinkError, messageOf } from "../../errors.ts";

/** Format of the rows of a text file. */
export interface TextTable {
  readonly names: readonly string[];
  /** Units by column, where the file says them (ECSV). */
  readonly units: ReadonlyMap<string, string>;
  /** false: the file has no heading, and the names are `column0`, `column1` … */
  readonly hasHeading: boolean;
  /** The first row, to tell what columns without names are. */
  readonly firstRow: readonly string[];
  readonly delimiter: string;
  /** Lines before the rows: comments, and the heading. */
  readonly skippedLines: number;
  /** The file as it is cannot be read by DuckDB: `copyAsCsv` writes one that can. */
  readonly needsCopy: boolean;
}

const sampleBytes = 1 << 18;
const sampleLines = 1000;

/** A text in quotes may have line ends in it. */
const mostLinesOfRow = 100;

/**
 * Looks at the first lines of a CSV, TSV, ECSV file or one with blanks between the columns, with or
 * without a heading and comments (`#`). What a column holds is not guessed from them: a right
 * ascension of `10:20:30` is not a time of day, and text may come after thousands of numbers.
 */
export async function textTable(file: string): Promise<TextTable> {
  const lines = await firstLines(file);
  const isComment = (line: string) => line.startsWith("#");
  const isBlank = (line: string) => line.trim() === "";
  const first = lines.findIndex((line) => !isComment(line) && !isBlank(line));
  if (first < 0) throw new FinkError("io", "it has no rows");
  const comments = lines.slice(0, first).filter(isComment);
  const ecsv = comments[0]?.startsWith("# %ECSV") ? ecsvHeader(comments) : undefined;
  const data = lines.slice(first).filter((line) => !isComment(line) && !isBlank(line));
  const delimiter = ecsv?.delimiter ?? delimiterOf(data);
  const cells = splitLine(data[0], delimiter);
  const hasHeading = ecsv !== undefined || isHeading(cells);
  const above = hasHeading ? undefined : commentedHeading(comments, delimiter, cells.length);
  const names = hasHeading ? cells : (above ?? cells.map((_, i) => `column${i}`));
  return {
    names: uniqueNames(names),
    units: ecsv?.units ?? new Map(),
    hasHeading: hasHeading || above !== undefined,
    firstRow: splitLine(data[hasHeading ? 1 : 0] ?? "", delimiter),
    delimiter,
    skippedLines: first + (hasHeading ? 1 : 0),
    needsCopy:
      delimiter === " " || lines.slice(first).some((line) => isComment(line) || isBlank(line)),
  };
}

/** The rows as CSV without heading, comments and empty lines. */
export async function copyAsCsv(
  file: string,
  { delimiter, skippedLines, names }: TextTable,
  copy: string,
): Promise<void> {
  let line = 0;
  const rows = async function* (): AsyncGenerator<string> {
    let [before, linesBefore] = ["", 0];
    for await (const own of createInterface({
      input: createReadStream(file),
      crlfDelay: Infinity,
    })) {
      if (
        ++line <= skippedLines ||
        (linesBefore === 0 && (own.startsWith("#") || own.trim() === ""))
      )
        continue;
      const text = linesBefore === 0 ? own : `${before}\n${own}`;
      const { cells, isOpen } = cutLine(text, delimiter);
      if (isOpen && linesBefore < mostLinesOfRow) {
        [before, linesBefore] = [text, linesBefore + 1];
        continue;
      }
      [before, linesBefore] = ["", 0];
      if (cells.length !== names.length)
        throw new FinkError(
          "io",
          `line ${line} has ${cells.length} columns, not ${names.length} as the first line`,
        );
      yield `${cells.map((cell) => (cell === "" ? "" : `"${cell.replaceAll('"', '""')}"`)).join(",")}\n`;
    }
    if (linesBefore > 0)
      throw new FinkError(
        "io",
        `a text in quotes begins on line ${line - linesBefore + 1} and does not end`,
      );
  };
  await pipeline(rows, createWriteStream(copy));
}

async function firstLines(file: string): Promise<string[]> {
  const opened = await open(file);
  try {
    const { buffer, bytesRead } = await opened.read(Buffer.alloc(sampleBytes), 0, sampleBytes, 0);
    if (buffer.subarray(0, bytesRead).includes(0))
      throw new FinkError("io", "it is no text: it has bytes that are 0");
    const text = buffer.toString("utf8", 0, bytesRead).replace(/^\ufeff/, "");
    const lines = text.split(/\r\n|\n|\r/);
    if (bytesRead === sampleBytes && lines.length > 1) lines.pop(); // cut off
    return lines.slice(0, sampleLines);
  } finally {
    await opened.close();
  }
}

/** ECSV 1.0 (https://github.com/astropy/astropy-APEs/blob/main/APE6.rst): YAML in the comments. */
const ecsvSchema = z.object({
  delimiter: z.enum([",", " "]).default(" "),
  datatype: z.array(z.object({ name: z.coerce.string(), unit: z.coerce.string().optional() })),
});

function ecsvHeader(comments: readonly string[]) {
  return parsedEcsv(comments.slice(1).map((line) => line.replace(/^# ?/, "")));
}

/** Units by column of the YAML that Astropy also writes beside a Parquet file. */
export function unitsOfYaml(yaml: string): ReadonlyMap<string, string> {
  return parsedEcsv(yaml.split("\n")).units;
}

function parsedEcsv(lines: readonly string[]) {
  try {
    const yaml = lines.filter((line) => line !== "---").join("\n");
    const { delimiter, datatype } = ecsvSchema.parse(
      parse(yaml, { maxAliasCount: 0, logLevel: "silent" }),
    );
    return {
      delimiter,
      units: new Map(
        datatype.flatMap(({ name, unit }) => (unit === undefined ? [] : [[name, unit] as const])),
      ),
    };
  } catch (error) {
    throw new FinkError("io", `its ECSV header cannot be read: ${messageOf(error)}`, error);
  }
}

/**
 * The first sign that cuts all lines into as many cells, more than one; without one a line is one
 * cell.
 */
function delimiterOf(lines: readonly string[]): string {
  const counted = [",", "\t", ";", "|", " "].map((delimiter) => ({
    delimiter,
    counts: new Set(lines.map((line) => splitLine(line, delimiter).length)),
  }));
  const same = counted.find(({ counts }) => counts.size === 1 && !counts.has(1));
  // a damaged line among good ones: it is named when the rows are read
  return (
    (
      same ??
      counted.find(
        ({ delimiter }) => delimiter !== " " && splitLine(lines[0], delimiter).length > 1,
      )
    )?.delimiter ?? ","
  );
}

function splitLine(line: string, delimiter: string): string[] {
  return cutLine(line, delimiter).cells;
}

/**
 * Quotes as in RFC 4180; `isOpen`: the line ends within them. Several blanks count as one, and none
 * at the ends.
 */
function cutLine(
  line: string,
  delimiter: string,
): { readonly cells: string[]; readonly isOpen: boolean } {
  const isBlanks = delimiter === " ";
  if (!line.includes('"'))
    return { cells: isBlanks ? line.trim().split(/\s+/) : line.split(delimiter), isOpen: false };
  let isOpen = false;
  const text = isBlanks ? line.trim().replaceAll("\t", " ") : line;
  const cells: string[] = [];
  for (let at = 0; at <= text.length;) {
    let [end, cell] = [at, ""];
    if (text[at] === '"') {
      for (end = at + 1; end < text.length && (text[end] !== '"' || text[end + 1] === '"');)
        end += text[end] === '"' ? 2 : 1;
      cell = text.slice(at + 1, end).replaceAll('""', '"');
      isOpen ||= end >= text.length;
    }
    const next = text.indexOf(delimiter, end);
    if (text[at] !== '"') cell = text.slice(at, next < 0 ? text.length : next);
    cells.push(cell);
    at = (next < 0 ? text.length : next) + 1;
    while (isBlanks && text[at] === " ") at++;
  }
  return { cells, isOpen };
}

/** A heading has no numbers and no sexagesimal angles. */
function isHeading(cells: readonly string[]): boolean {
  return cells.every((cell) => !/^\s*[+−-]?\.?\d[\d\s:.hdms°'′"″+eE−-]*$/.test(cell));
}

/** `# ra dec name`, as numpy and TOPCAT write it, just above the rows. */
function commentedHeading(
  comments: readonly string[],
  delimiter: string,
  count: number,
): string[] | undefined {
  const cells = splitLine((comments.at(-1) ?? "").replace(/^#+\s*/, ""), delimiter).map((cell) =>
    cell.trim(),
  );
  return cells.length === count &&
    cells.length > 1 &&
    isHeading(cells) &&
    cells.every((cell) => /^[A-Za-z_]\S*$/.test(cell))
    ? cells
    : undefined;
}

function uniqueNames(names: readonly string[]): string[] {
  const taken = new Set<string>();
  return names.map((name, i) => {
    const plain = name.trim() || `column${i}`;
    let unique = plain;
    for (let n = 1; taken.has(unique.toLowerCase()); n++) unique = `${plain}_${n}`;
    taken.add(unique.toLowerCase());
    return unique;
  });
}
