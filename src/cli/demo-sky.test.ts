import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import { cataloguesIn } from "../lake/catalogues.ts";
import { crossMatchModules } from "../science/crossmatch/modules.ts";
import type { SimulationOptions } from "../simulator/night/batch.ts";
import { addKnownSky } from "./demo-sky.ts";

const lake = mkdtempSync(join(tmpdir(), "fink-demo-sky-"));
afterAll(() => rmSync(lake, { recursive: true, force: true }));

it(
  "a simulated sky becomes the catalogues that Fink's cross-matches ask, once",
  { timeout: 60_000 },
  async () => {
    const nights: SimulationOptions[] = [
      { survey: "ztf", schema: "4.02", nights: ["2026-10-10"], alerts: 60, seed: 3, rates: {} },
    ];
    const { signal } = new AbortController();
    await addKnownSky(lake, nights, signal);
    const infos = cataloguesIn(lake);
    // no transient was reported
    expect(infos.map(({ name }) => name)).toEqual(["gaia", "simbad", "vsx"]);
    expect(infos.find(({ name }) => name === "gaia")?.rows).toBeGreaterThan(10);
    const setup = { lake, config: configSchema.parse({}).science };
    const available = crossMatchModules(setup)
      .filter((module) => module.unavailable?.(setup) === null)
      .map(({ name }) => name);
    expect(available).toEqual(expect.arrayContaining(["simbad_ztf", "gaia_ztf", "vsx_ztf"]));
    await addKnownSky(lake, nights, signal);
    expect(cataloguesIn(lake)).toEqual(infos);
  },
);
