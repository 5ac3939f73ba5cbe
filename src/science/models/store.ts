import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Config } from "../../config/schema.ts";
import { didYouMean } from "../../config/nearest.ts";
import { FinkError, messageOf } from "../../errors.ts";
import { checkModel } from "./check.ts";
import { type ModelHeader, parseHeader } from "./header.ts";
import { openSession, type Session } from "./runtime.ts";

/** A model whose tests passed, in this thread. */
export interface Model extends Session {
  readonly header: ModelHeader;
}

/** Where modules run: what is asked for here. */
export interface ModelSetup {
  readonly lake: string;
  readonly config: Pick<Config["science"], "models">;
}

export interface StoredModel {
  readonly name: string;
  /** null: it cannot be read. */
  readonly header: ModelHeader | null;
  /** null: none that shows without running it. */
  readonly problem: string | null;
}

export function modelFolder({ lake, config }: ModelSetup): string {
  return config.models || join(lake, ".fink/models");
}

/** Two files a model: `<name>.onnx`, and `<name>.json`, which is written last. */
export function modelFiles(
  folder: string,
  name: string,
): { readonly onnx: string; readonly header: string } {
  return { onnx: join(folder, `${name}.onnx`), header: join(folder, `${name}.json`) };
}

export function storedModels(folder: string): StoredModel[] {
  const names = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".json"))
    : [];
  return names.sort().map((file) => {
    const name = basename(file, ".json");
    try {
      const header = storedHeader(folder, name);
      checkFiles(folder, header);
      return { name, header, problem: null };
    } catch (error) {
      return { name, header: null, problem: messageOf(error) };
    }
  });
}

/** Why one of the models cannot be used; null: nothing shows without running them. */
export function missingModel(setup: ModelSetup, names: readonly string[]): string | null {
  const folder = modelFolder(setup);
  for (const name of names) {
    try {
      checkFiles(folder, storedHeader(folder, name));
    } catch (error) {
      return messageOf(error);
    }
  }
  return null;
}

/** Throws "model" for one that is missing, or no header. */
export function storedHeader(folder: string, name: string): ModelHeader {
  const files = modelFiles(folder, name);
  if (!existsSync(files.header))
    throw new FinkError(
      "model",
      `there is no model ${name}: ./fink model add ${name}.onnx (docs/models.md says where it comes from)`,
    );
  const parsed = known.get(files.header, () =>
    parseHeader(JSON.parse(readFileSync(files.header, "utf8")), files.header),
  );
  if (parsed.name !== name)
    throw new FinkError(
      "model",
      `${files.header} is the header of ${parsed.name}${didYouMean(parsed.name, [name])}`,
    );
  return parsed;
}

/**
 * Loads a model, checks it and keeps it until its header changes. One that fails does so again, at
 * once.
 */
export async function loadedModel(setup: ModelSetup, name: string): Promise<Model> {
  const folder = modelFolder(setup);
  const header = storedHeader(folder, name);
  return await opened.get(modelFiles(folder, name).header, async () => {
    checkFiles(folder, header);
    const session = await openSession(readFileSync(modelFiles(folder, name).onnx), name);
    await checkModel(session, header);
    return { ...session, header };
  });
}

/** Throws "model" for a file that is missing, or another than was added. */
function checkFiles(folder: string, { name, sha256 }: ModelHeader): void {
  const file = modelFiles(folder, name).onnx;
  if (!existsSync(file))
    throw new FinkError("model", `${file} is missing: ./fink model add it again`);
  if (hashes.get(file, () => hashOf(readFileSync(file))) !== sha256)
    throw new FinkError(
      "model",
      `${file} is not the file that was added: its sha256 differs from the header's`,
    );
}

export function hashOf(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** What was made of a file, until the file changes. */
class MadeOfFile<T> {
  readonly #made = new Map<string, { readonly stamp: string; readonly value: T }>();

  get(file: string, make: () => T): T {
    const { mtimeMs, size, ino } = statSync(file);
    const stamp = `${mtimeMs} ${size} ${ino}`;
    const before = this.#made.get(file);
    if (before?.stamp === stamp) return before.value;
    const value = make();
    this.#made.set(file, { stamp, value });
    return value;
  }
}

const known = new MadeOfFile<ModelHeader>();
const hashes = new MadeOfFile<string>();
const opened = new MadeOfFile<Promise<Model>>();
