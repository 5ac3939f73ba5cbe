import {
  type DuckDBConnection,
  DuckDBListType,
  DuckDBStructType,
  type DuckDBType,
  SQLNULL,
} from "@duckdb/node-api";

/**
 * Types of a Parquet file in which columns without any value have no type. Spark and pandas write
 * such columns as `null`, DuckDB takes them for integers, and a filter that compares them with a
 * text would be wrong.
 */
export async function withNullTypes(
  connection: DuckDBConnection,
  file: string,
  type: DuckDBStructType,
): Promise<DuckDBStructType> {
  const sql =
    "SELECT name, coalesce(num_children, 0), coalesce(logical_type = 'NullType()', false) FROM parquet_schema($1)";
  const result = await connection.runAndReadAll(sql, [file]);
  const elements = result.getRows() as [string, bigint, boolean][];
  if (!elements.some(([, , isNull]) => isNull)) return type;
  const paths = new Set<string>();
  let at = 0;
  const visit = (path: string): void => {
    const [name, children, isNull] = elements[at++];
    const own = at === 1 ? "" : `${path}.${name}`; // the first one is the file
    if (isNull) paths.add(own);
    for (let i = 0; i < Number(children); i++) visit(own);
  };
  visit("");
  return retyped(type, "", paths) as DuckDBStructType;
}

function retyped(type: DuckDBType, path: string, nulls: ReadonlySet<string>): DuckDBType {
  if (nulls.has(path)) return SQLNULL;
  if (type instanceof DuckDBStructType) {
    const entries = type.entryTypes.map((entry, i) =>
      retyped(entry, `${path}.${type.entryNames[i]}`, nulls),
    );
    return new DuckDBStructType(type.entryNames, entries);
  }
  // writers name the two steps into a list differently
  if (type instanceof DuckDBListType)
    for (const steps of [".list.element", ".list.item", ".bag.array_element", ".array"]) {
      if ([...nulls].some((one) => one.startsWith(`${path}${steps}`)))
        return new DuckDBListType(retyped(type.valueType, `${path}${steps}`, nulls));
    }
  return type;
}
