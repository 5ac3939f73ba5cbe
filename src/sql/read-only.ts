import { type DuckDBConnection, type DuckDBPreparedStatement, StatementType } from "@duckdb/node-api";
import { FinkError } from "../errors.ts";

/** EXPLAIN and its options; what follows is the statement that EXPLAIN ANALYZE would run. */
const explainHead = /^\s*explain\s+(analyze\s+|\([^)]*\)\s*)?/i;

/**
 * Prepares a statement that reads: SELECT, WITH, FROM, VALUES, DESCRIBE, SUMMARIZE, SHOW, and EXPLAIN of these.
 * DuckDB's own lock does not suffice: it lets COPY write into the folders that the views read.
 */
export async function prepareReadOnly(connection: DuckDBConnection, sql: string): Promise<DuckDBPreparedStatement> {
  if (isBlank(sql)) throw new FinkError("sql", "there is no statement; a first one is: SHOW ALL TABLES");
  const statements = await connection.extractStatements(sql);
  if (statements.count !== 1) throw new FinkError("sql", `one statement at a time: these are ${statements.count}`);
  const prepared = await statements.prepare(0);
  if (prepared.statementType === StatementType.SELECT) return prepared;
  const inner = sql.replace(explainHead, "");
  if (prepared.statementType === StatementType.EXPLAIN && inner !== sql) {
    await prepareReadOnly(connection, inner);
    return prepared;
  }
  const refused = StatementType[prepared.statementType];
  throw new FinkError("sql", `${refused} is refused: only statements that read (SELECT, DESCRIBE, SUMMARIZE, SHOW, EXPLAIN) are accepted`);
}

/** DuckDB's parser has nothing to prepare in comments alone. */
function isBlank(sql: string): boolean {
  return sql.replace(/--[^\n]*|\/\*[\s\S]*?\*\/|;/g, "").trim() === "";
}
