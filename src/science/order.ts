import { FinkError } from "../errors.ts";
import type { ScienceModule } from "./module.ts";

/**
 * The modules of one survey, each after those whose columns it needs; else in the given order.
 * Throws "config" for circles, and for a column that two add.
 */
export function inOrder(modules: readonly ScienceModule[]): ScienceModule[] {
  const adding = addingModules(modules);
  const ordered = new Set<ScienceModule>();
  const place = (module: ScienceModule, waiting: readonly ScienceModule[]): void => {
    if (ordered.has(module)) return;
    if (waiting.includes(module)) throw circle([...waiting.slice(waiting.indexOf(module)), module]);
    for (const path of module.needs) {
      const maker = adding.get(path);
      if (maker) place(maker, [...waiting, module]);
    }
    ordered.add(module);
  };
  for (const module of modules) place(module, []);
  return [...ordered];
}

/** The chosen modules, and those of `all` that add what they need and the alerts do not have. */
export function withMakers(
  chosen: readonly ScienceModule[],
  all: readonly ScienceModule[],
  paths: ReadonlySet<string>,
): ScienceModule[] {
  const found = new Set(chosen);
  // a set gives what is added to it while it is walked through
  for (const { needs } of found) {
    for (const path of needs) {
      const isMade = paths.has(path) || [...found].some((m) => adds(m, path));
      const maker = isMade ? undefined : all.find((m) => adds(m, path));
      if (maker) found.add(maker);
    }
  }
  return [...found];
}

/** The module of each added column, and of each structure around one. */
function addingModules(modules: readonly ScienceModule[]): Map<string, ScienceModule> {
  const adding = new Map<string, ScienceModule>();
  const columns = new Map(
    modules.flatMap((module) => module.adds.map(({ name }) => [name, module] as const)),
  );
  for (const module of modules) {
    for (const { name } of module.adds) {
      const other = adding.get(name);
      if (other)
        throw new FinkError(
          "config",
          `science module ${module.name}: its column ${name} is one of ${other.name} already`,
        );
      adding.set(name, module);
    }
  }
  for (const [name, module] of columns) {
    for (const outer of outerPaths(name)) {
      const other = columns.get(outer);
      if (other)
        throw new FinkError(
          "config",
          `science module ${module.name}: its column ${name} lies in ${outer}, which is a value that ${other.name} adds`,
        );
    }
  }
  return adding;
}

function adds(module: ScienceModule, path: string): boolean {
  return module.adds.some(({ name }) => name === path);
}

/** `a`, `a.b` of `a.b.c`. */
function outerPaths(name: string): string[] {
  const steps = name.split(".");
  return steps.slice(1).map((_, i) => steps.slice(0, i + 1).join("."));
}

function circle(modules: readonly ScienceModule[]): FinkError {
  return new FinkError(
    "config",
    `science modules need each other in a circle: ${modules.map(({ name }) => name).join(" → ")}`,
  );
}
