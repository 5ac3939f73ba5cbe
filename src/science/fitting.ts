import { merge, type StructType, structType } from "../lake/schema.ts";
import type { ScienceModule } from "./module.ts";
import { nested, toArrow } from "./results.ts";

/**
 * The modules whose columns can stand in the table, and why others cannot: one of another type than
 * there would stop the whole table.
 */
export function fitting(
  modules: readonly ScienceModule[],
  table: StructType,
): { able: ScienceModule[]; unfit: { module: ScienceModule; reason: string }[] } {
  const unfit = modules.flatMap((module) => {
    const columns = module.adds.map((column) => [column.name, toArrow(column, null, 0)] as const);
    const { conflicts, widened } = merge(table, structType(nested(columns, 0).type.children));
    const [wrong] = [...conflicts, ...widened];
    return wrong === undefined
      ? []
      : [{ module, reason: `the table has another type: ${wrong}; give the column another name` }];
  });
  return { able: modules.filter((module) => !unfit.some((one) => one.module === module)), unfit };
}
