import { expect, it } from "vitest";
import { parseGrouped } from "./parse.ts";

it("tells what is grouped by from what is counted", async () => {
  const { table, keys, values, where } = await parseGrouped(
    "SELECT candidate.fid AS band, count(*) AS n, count(DISTINCT objectId) AS objects FROM alerts WHERE candidate.rb > 0.5 GROUP BY candidate.fid",
  );
  expect({
    table,
    keys: keys.map(({ name }) => name),
    values: values.map(({ name, before }) => [name, before]),
    where: where?.kind,
  }).toEqual({
    table: "alerts",
    keys: ["band"],
    values: [
      ["n", "count(*"],
      ["objects", "count(DISTINCT "],
    ],
    where: "call",
  });
});

it.each([
  ["SELECT count(*) AS n FROM raw", "an aggregation reads alerts, or matches"],
  ["SELECT count(*) FROM alerts", "give it a name"],
  ["SELECT fid AS f FROM alerts GROUP BY fid", "it counts nothing"],
  ["SELECT count(*) AS n FROM alerts GROUP BY fid", "stands in its SELECT as well"],
  ["SELECT fid AS f, count(*) AS n FROM alerts", "one of GROUP BY"],
  ["SELECT count(*) AS n FROM alerts HAVING count(*) > 1", "HAVING is not accepted"],
  ["SELECT count(*) AS n FROM alerts ORDER BY 1", "ORDER BY, LIMIT and DISTINCT are not accepted"],
  ["SELECT string_agg(objectId) AS n FROM alerts", "count(*), or one of count"],
  ["SELECT count(*) AS n FROM read_csv('/etc/passwd')", "an aggregation reads alerts, or matches"],
  ["COPY alerts TO 'x'", "it is one SELECT"],
])("refuses %s", async (text, message) => {
  await expect(parseGrouped(text)).rejects.toThrow(message);
});
