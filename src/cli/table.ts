/** null and undefined: an empty cell. */
type Cell = string | number | bigint | null | undefined;

/** Text in columns, with a heading; columns in which no row has anything are left out. */
export function table(columns: readonly string[], rows: readonly (readonly Cell[])[]): string {
  const texts = rows.map((row) => row.map((cell) => String(cell ?? "")));
  const used = columns.map((_, i) => i).filter((i) => texts.some((row) => row[i] !== ""));
  const lines = [columns, ...texts].map((row) => used.map((i) => row[i]));
  const widths = used.map((_, i) => Math.max(...lines.map((line) => line[i].length)));
  return lines
    .map((line) =>
      line
        .map((cell, i) => cell.padEnd(widths[i]))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
