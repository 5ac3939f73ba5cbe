import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";

/** The answer of DuckDB's parser. It has not looked at any table, function or file. */
export interface SyntaxTree {
  readonly error: boolean;
  /** "not implemented" stands for every statement that is not a SELECT in the end. */
  readonly error_type?: string;
  readonly error_message?: string;
  /** Offset of the error in the text. */
  readonly position?: string;
  readonly statements?: readonly { readonly node: unknown }[];
}

/** Parses a text with DuckDB's parser. Integers that JSON cannot hold come as text. */
export async function syntaxTree(sql: string): Promise<SyntaxTree> {
  const end = sql.indexOf("\0");
  // DuckDB would run what stands before it, and answer another question
  if (end >= 0)
    return {
      error: true,
      error_message: "there is a NUL character: take it out, or write chr(0)",
      position: String(end),
    };
  parser ??= DuckDBInstance.create(":memory:", { threads: "1" }).then(async (instance) => {
    const connection = await instance.connect();
    await connection.run("SET lambda_syntax = 'ENABLE_SINGLE_ARROW'");
    return connection;
  });
  const result = await (
    await parser
  ).runAndReadAll("SELECT json_serialize_sql($1::VARCHAR)", [sql]);
  const text = String(result.getRows()[0][0]).replaceAll(
    /"value":(-?\d{16,})(?![\d.eE])/g,
    '"value":"$1"',
  );
  return JSON.parse(text) as SyntaxTree;
}

let parser: Promise<DuckDBConnection> | undefined;
