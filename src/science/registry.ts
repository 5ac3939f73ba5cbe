import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { FinkError, messageOf } from "../errors.ts";
import { catalogueFolder, cataloguesIn } from "../lake/catalogues.ts";
import type { Survey } from "../surveys/definition.ts";
import { loadSurveys, shippedSurveys } from "../surveys/surveys.ts";
import { catalogueModules } from "./catalogue/modules.ts";
import { crossMatchModules } from "./crossmatch/modules.ts";
import { checkFile } from "./missing.ts";
import type { ScienceModule, ScienceSetup } from "./module.ts";
import { modelModules, withItsModels } from "./models/modules.ts";
import { blazarStats } from "./modules/blazar.ts";
import { modelFolder } from "./models/store.ts";
import { qualityModules } from "./modules/quality.ts";
import { fixedModules } from "./modules.ts";

const path = z
  .string()
  .regex(
    /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z0-9_]+)*$/,
    "write a dotted path such as candidate.magpsf",
  );

const aFunction = z.custom((value) => typeof value === "function", "write a function");

const moduleSchema = z.object({
  name: z.string().regex(/^[a-z][a-z0-9_]*$/, "write lower case letters, digits and underscores"),
  version: z.string().min(1),
  surveys: z.array(z.string()).min(1),
  about: z.string().min(1),
  needs: z.array(path),
  adds: z
    .array(
      z.strictObject({
        name: path,
        type: z.enum(["int", "long", "float", "double", "boolean", "string"]),
        unit: z.string().nullable(),
        description: z.string().min(1),
      }),
    )
    .min(1),
  catalogues: z.array(z.string().regex(/^\S+@\S+$/, "write name@edition")).optional(),
  models: z.array(z.string()).optional(),
  run: aFunction,
  unavailable: aFunction.optional(),
  changes: aFunction.optional(),
});

export interface KnownModules {
  readonly modules: readonly ScienceModule[];
  /** Files that are no modules, and why. The others run all the same. */
  readonly problems: readonly FinkError[];
}

/**
 * The shipped modules, models that are modules, those of the lake's catalogues for these surveys,
 * and those of the user's folder, which need not be there. A user's one replaces the shipped one of
 * its name.
 */
export async function knownModules(
  setup: ScienceSetup,
  surveys?: readonly Survey[],
): Promise<KnownModules> {
  const folder = setup.config.modules;
  const ofCatalogues = [
    blazarStats(setup),
    ...crossMatchModules(setup),
    ...catalogueModules(setup.lake, surveys ?? loadSurveys(shippedSurveys).all),
  ];
  const byName = new Map(
    [...fixedModules, ...qualityModules(setup.config), ...modelModules(setup), ...ofCatalogues].map(
      (module) => [module.name, module],
    ),
  );
  const problems: FinkError[] = [];
  const files = existsSync(folder)
    ? readdirSync(folder).filter((name) => name.endsWith(".ts") && !/\.(test|d)\.ts$/.test(name))
    : [];
  for (const file of files.sort()) {
    try {
      const module = await loadModule(join(folder, file));
      byName.set(module.name, module);
    } catch (error) {
      problems.push(error as FinkError);
    }
  }
  return { modules: [...byName.values()].map((module) => withItsModels(module, setup)), problems };
}

/**
 * Text that changes with the files that modules are made of: the user's, models, and catalogues.
 */
export function stampOf(setup: ScienceSetup): string {
  const folders = [
    setup.config.modules,
    modelFolder(setup),
    ...cataloguesIn(setup.lake).map(({ name }) => catalogueFolder(setup.lake, name)),
  ];
  const files = folders.flatMap((folder) =>
    existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
  );
  return files
    .map((file) => `${file} ${statSync(file, { throwIfNoEntry: false })?.mtimeMs}`)
    .join("\n");
}

/**
 * A file whose default export, or else the first with a `run`, is a module. Throws "config" for
 * what is no module.
 */
export async function loadModule(file: string): Promise<ScienceModule> {
  const found = await exported(file);
  const result = moduleSchema.safeParse(found);
  if (result.success) return found as ScienceModule;
  const [issue] = result.error.issues;
  throw new FinkError(
    "config",
    `${file}: ${found === undefined ? "it exports no module; write export default { name: … }" : `${issue.path.join(".")}: ${issue.message}`}`,
  );
}

async function exported(file: string): Promise<unknown> {
  checkFile(file, "config");
  try {
    const found = (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>;
    return (
      found["default"] ??
      Object.values(found).find(
        (value) => typeof value === "object" && value !== null && "run" in value,
      )
    );
  } catch (error) {
    throw new FinkError("config", `${file} cannot be loaded: ${messageOf(error)}`, error);
  }
}
