import { LakeTable } from "../../src/lake/table.ts";
import { makeRows } from "./night.ts";
import { append, oldColumns } from "./tables.ts";

// usage: appender.ts TABLE FIRST COMMITS: appends one alert with each commit
const [path, first, commits] = process.argv.slice(2);
const table = new LakeTable(path);
for (let i = 0; i < Number(commits); i++)
  await append(table, oldColumns, makeRows(Number(first) + i, 1, false), 20260101 + (i % 2));
