import { existsSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname } from "node:path";
import { gunzipSync } from "node:zlib";
import { FinkError, messageOf } from "../../errors.ts";
import { makeFolder } from "../../folder.ts";
import { replaceWhole } from "../../lake/durable.ts";
import { checkFile } from "../missing.ts";
import { checkModel } from "./check.ts";
import { type ModelHeader, parseHeader } from "./header.ts";
import { publishedHeader } from "./published.ts";
import { openSession } from "./runtime.ts";
import { hashOf, modelFiles } from "./store.ts";

export interface Added {
  readonly header: ModelHeader;
  readonly largestDifference: number;
}

/** Loading checks a few tests, adding all of them. */
const keptTests = 8;

/**
 * Checks a model (.onnx, .onnx.gz) and puts it into the folder; one of its name is replaced. Throws
 * "model" for what is not as its header says.
 */
export async function addModel(
  file: string,
  headerFile: string | undefined,
  folder: string,
): Promise<Added> {
  checkFile(file, "model");
  const packed = readFileSync(file);
  const bytes = file.endsWith(".gz") ? gunzipSync(packed) : packed;
  const stem = basename(file).replace(/\.onnx(\.gz)?$/, "");
  const header =
    headerFile === undefined ? headerBeside(dirname(file), stem) : headerIn(headerFile, stem);
  const sha256 = hashOf(bytes);
  if (header.sha256 !== undefined && header.sha256 !== sha256)
    throw new FinkError("model", `${file} is not the file of its header: its sha256 is ${sha256}`);
  const session = await openSession(bytes, file);
  const largestDifference = await checkModel(session, header);
  makeFolder(folder);
  const files = modelFiles(folder, header.name);
  replaceWhole(files.onnx, bytes);
  // from here on the model is in use; between the two a new file with an old header is refused by
  // its hash
  replaceWhole(
    files.header,
    Buffer.from(JSON.stringify({ ...header, sha256, tests: header.tests.slice(0, keptTests) })),
  );
  return { header, largestDifference };
}

export function removeModel(folder: string, name: string): void {
  const files = modelFiles(folder, name);
  if (!existsSync(files.header))
    throw new FinkError("model", `there is no model ${name} in ${folder}`);
  rmSync(files.header);
  rmSync(files.onnx, { force: true });
}

/**
 * `<stem>.json`, or of files that share a description, such as anomaly_beta_g and _r, the one
 * without the last part.
 */
function headerBeside(folder: string, stem: string): ModelHeader {
  const candidates = [stem, stem.replace(/_[a-z]$/, "")].map((name) => `${folder}/${name}.json`);
  const found = candidates.find((candidate) => existsSync(candidate));
  if (found === undefined)
    throw new FinkError(
      "model",
      `there is no ${candidates[0]}; give the header with --header FILE (docs/models.md says what it holds)`,
    );
  return headerIn(found, stem);
}

function headerIn(file: string, stem: string): ModelHeader {
  const value = readJson(file);
  return parseHeader(
    "vectors" in value
      ? publishedHeader(value, (name) => readJson(`${dirname(file)}/${name}`), stem)
      : value,
    file,
  );
}

function readJson(file: string): Readonly<Record<string, unknown>> {
  checkFile(file, "model");
  try {
    return JSON.parse(readFileSync(file, "utf8")) as Readonly<Record<string, unknown>>;
  } catch (error) {
    throw new FinkError("model", `${file} is no JSON: ${messageOf(error)}`, error);
  }
}
