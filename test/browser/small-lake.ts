import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { project, run } from "../cli/run.ts";

export interface SmallLake {
  readonly lake: string;
  /** Folder with a filter of a user's. */
  readonly filters: string;
  /** Archives another night. */
  more(date: string): Promise<void>;
  end(): void;
}

/**
 * Two nights of ZTF and one of LSST, with science and the matches of one filter, made as a user
 * makes them.
 */
export async function smallLake(): Promise<SmallLake> {
  const folder = mkdtempSync(join(tmpdir(), "fink-portal-"));
  const [lake, filters] = [join(folder, "lake"), join(folder, "filters")];
  mkdirSync(join(filters, "ztf"), { recursive: true });
  writeFileSync(
    join(filters, "ztf/bright.sql"),
    "-- description: Brighter than 20 mag\n\nSELECT objectId, candid FROM alerts WHERE candidate.magpsf < 20 AND candidate.rb > 0.55\n",
  );
  const config = join(folder, "fink.yaml");
  // theirs would crowd the strip of latest matches
  writeFileSync(config, "filters: { shipped: false }\n");
  const fink = async (...args: string[]) => {
    const { code, stderr } = await run(
      process.execPath,
      [join(project, "src/cli/main.ts"), ...args, "--config", config],
      {
        FINK_LAKE: lake,
        FINK_FILTERS_FOLDER: filters,
      },
    );
    if (code !== 0) throw new Error(`fink ${args.join(" ")}: ${stderr}`);
  };
  const archive = async (survey: string, date: string, nights: number, alerts: number) => {
    const to = join(folder, `${survey}-${date}`);
    await fink(
      "simulate",
      "--survey",
      survey,
      "--date",
      date,
      "--nights",
      String(nights),
      "--alerts",
      String(alerts),
      "--workers",
      "1",
      "--to",
      to,
    );
    await fink("ingest", "--schemas", to, to);
  };
  await archive("ztf", "2026-09-14", 2, 80);
  await archive("lsst", "2026-09-20", 1, 80); // of a night with known asteroids
  await fink("start", "science", "--once");
  await fink("start", "filter", "--once");
  return {
    lake,
    filters,
    more: (date) => archive("ztf", date, 1, 80),
    end: () => rmSync(folder, { recursive: true, force: true }),
  };
}
