import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEngine } from "../src/filters/engine.ts";
import { placeSql } from "../src/filters/places/function.ts";
import { Places } from "../src/filters/places/places.ts";
import { coneCoverage } from "../src/sky/coverage.ts";

/**
 * A watch list of positions and objects, and an area of many pixels, asked by a filter: seconds to
 * read each, and microseconds an alert.
 */
export async function benchPlaces(
  entries: number,
  alerts: number,
): Promise<
  { name: string; readSeconds: number; microsecondsPerAlert: number; selected: number }[]
> {
  const folder = mkdtempSync(join(tmpdir(), "fink-bench-places-"));
  const places = new Places({ watchlists: folder, areas: folder });
  const engine = await openEngine({ places });
  try {
    const rows = Array.from(
      { length: entries },
      (_, i) =>
        `ZTF${i},${(i * 137.50776405) % 360},${(Math.asin(1 - (2 * i + 1) / entries) * 180) / Math.PI},${1 + (i % 10)}`,
    );
    writeFileSync(join(folder, "list.csv"), `objectId,ra,dec,radius\n${rows.join("\n")}\n`);
    const pixels = Array.from({ length: 300 }, (_, i) =>
      coneCoverage(9, (i * 137.5) % 360, (Math.asin(1 - (2 * i + 1) / 300) * 180) / Math.PI, 2),
    ).flat();
    writeFileSync(
      join(folder, "area.json"),
      JSON.stringify({
        9: pixels.flatMap(([first, end]) =>
          Array.from({ length: end - first }, (_, k) => first + k),
        ),
      }),
    );
    const near = `SELECT (i * 0.618 * 360) % 360 AS ra, degrees(asin(((i * 0.7548) % 2) - 1)) AS dec, 'ZTF' || (i * 7) AS object FROM range(${alerts}) AS t(i)`;
    await engine.connection.run(`CREATE TABLE near AS ${near}`);
    const results = [];
    for (const [kind, name] of [
      ["on_watchlist", "list"],
      ["in_area", "area"],
    ] as const) {
      let start = performance.now();
      await places.load([[kind, name]]);
      const readSeconds = (performance.now() - start) / 1000;
      const sql = `SELECT count(*) FROM near WHERE ${placeSql(kind, name, "ra", "dec", "object")}`;
      await engine.connection.runAndReadAll(`${sql} LIMIT 1`);
      start = performance.now();
      const selected = Number((await engine.connection.runAndReadAll(sql)).getRows()[0][0]);
      results.push({
        name: kind,
        readSeconds,
        microsecondsPerAlert: (1000 * (performance.now() - start)) / alerts,
        selected,
      });
    }
    return results;
  } finally {
    engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}
