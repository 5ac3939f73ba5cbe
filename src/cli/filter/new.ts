import { existsSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { FinkError } from "../../errors.ts";
import { loadFilter } from "../../filters/load.ts";
import { makeFolder } from "../../folder.ts";
import type { CommandContext } from "../command.ts";
import { testOnNights } from "./test.ts";

const examples: Readonly<Record<string, string>> = {
  ztf: `WITH mine AS (
  -- values with a name, for use below: any number of WITH may follow each other
  SELECT *,
    candidate.jd - candidate.jdstarthist AS age_days,
    filter(prv_candidates, p -> p.fid = candidate.fid AND p.magpsf IS NOT NULL) AS same_band
  FROM alerts
)
SELECT * FROM mine
WHERE age_days < 60                                            -- first seen within two months
  AND candidate.isdiffpos IN ('t', '1')                        -- brighter than the reference image
  AND coalesce(roid, 0) < 2                                    -- no known asteroid
  AND abs(galactic_b(candidate.ra, candidate.dec)) > 10        -- off the plane of the Milky Way
  AND size(same_band) >= 1
  AND element_at(same_band, -1).magpsf > candidate.magpsf      -- brighter than the last time in this band
`,
  lsst: `WITH mine AS (
  -- values with a name, for use below: any number of WITH may follow each other
  SELECT *,
    mag_ab(diaSource.psfFlux) AS mag,
    filter(prvDiaSources, p -> p.band = diaSource.band) AS same_band
  FROM alerts
)
SELECT * FROM mine
WHERE mag < 23                                                 -- bright enough for a spectrum
  AND diaSource.snr > 10
  AND abs(galactic_b(diaSource.ra, diaSource.dec)) > 15        -- off the plane of the Milky Way
  AND size(same_band) >= 1
  AND element_at(same_band, -1).psfFlux < diaSource.psfFlux    -- brighter than the last time in this band
`,
};

const header = (
  name: string,
) => `-- description: What ${name} selects, for people who meet it in a list.
--   A description may go on in lines that are indented.
-- owner: you@example.org
-- deliver: kafka
-- Below is one SELECT over alerts, with a WHERE. Columns are those of the survey's packets and of ./fink science list, functions those of docs/reference/functions.md.
-- Try it: ./fink filter test ${name}, ./fink filter explain ${name} ALERT. The running service takes up what you save within seconds.
`;

/** Writes a filter to start from, and shows what it selects. */
export async function create(
  context: CommandContext,
  given: string | undefined,
  survey = "ztf",
): Promise<void> {
  const name = given?.replace(/\.sql$/, "") ?? "";
  if (!/^[a-z][a-z0-9_]*$/.test(name))
    throw new FinkError(
      "usage",
      `${name || "no name"}: write ./fink filter new NAME with lower case letters, digits and underscores`,
    );
  const example = examples[survey];
  if (example === undefined)
    throw new FinkError(
      "usage",
      `--survey ${survey}: there are examples for ${Object.keys(examples).join(" and ")}`,
    );
  const folder = join(context.config().config.filters.folder, survey);
  const file = join(folder, `${name}.sql`);
  if (existsSync(file)) throw new FinkError("usage", `${file} is there already`);
  makeFolder(folder);
  writeFileSync(file, header(name) + example);
  const path = relative(process.cwd(), file);
  context.print(`${path.startsWith("..") ? file : path} is written.\n`);
  await testOnNights(context, await loadFilter(file, survey), 3, undefined);
}
