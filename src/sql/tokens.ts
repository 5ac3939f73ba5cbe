/** A word, a quoted name, a text, a number or a sign; comments are left out. */
export interface SqlToken {
  readonly text: string;
  readonly at: number;
  /** Offset behind it. */
  readonly end: number;
  /** Number of parentheses and brackets open before it. */
  readonly depth: number;
}

const pattern =
  /(?<skipped>\s+|--[^\n]*)|(?<comment>\/\*)|(?:[eE]'(?:\\[\s\S]|''|[^'\\])*'|'(?:''|[^'])*'|"(?:""|[^"])*"|\$(?<tag>\w*)\$[\s\S]*?\$\k<tag>\$|[\w$]+|[\s\S])/y;

/**
 * Cuts a statement into tokens. It only finds the clauses of a text: whatever is made of them is
 * parsed by DuckDB and checked before it runs.
 */
export function sqlTokens(sql: string): SqlToken[] {
  const tokens: SqlToken[] = [];
  let depth = 0;
  pattern.lastIndex = 0;
  for (let match = pattern.exec(sql); match; match = pattern.exec(sql)) {
    const [text] = match;
    if (match.groups?.["skipped"] !== undefined) continue;
    if (match.groups?.["comment"] !== undefined) {
      pattern.lastIndex = commentEnd(sql, match.index);
      continue;
    }
    if (text === ")" || text === "]") depth--;
    tokens.push({ text, at: match.index, end: match.index + text.length, depth });
    if (text === "(" || text === "[") depth++;
  }
  return tokens;
}

/** Comments may stand inside comments. */
function commentEnd(sql: string, from: number): number {
  const ends = /\/\*|\*\//g;
  ends.lastIndex = from;
  let open = 0;
  for (let match = ends.exec(sql); match; match = ends.exec(sql)) {
    open += match[0] === "/*" ? 1 : -1;
    if (open === 0) return ends.lastIndex;
  }
  return sql.length;
}
