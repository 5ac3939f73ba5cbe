import { alertsOf, withColumns } from "../src/science/alerts.ts";
import { loadConfig } from "../src/config/load.ts";
import { loadedModel, missingModel } from "../src/science/models/store.ts";
import type { ScienceModule, ScienceSetup } from "../src/science/module.ts";
import { modules } from "../src/science/modules.ts";
import { runModules } from "../src/science/runner.ts";
import { sampleAlerts } from "../src/science/sample.ts";

export interface ScoreCost {
  readonly module: string;
  readonly alerts: number;
  /** Alerts that a model saw; of a module with several models, the most of one. */
  readonly seen: number;
  /** Of all cores. */
  readonly milliseconds: number;
  readonly failure: string | null;
}

/**
 * What the models that were added (`./fink model add`) cost on a simulated night, one thread: cuts,
 * features and networks, without loading.
 */
export async function benchScores(
  counts: Readonly<Record<"ztf" | "lsst", number>>,
): Promise<ScoreCost[]> {
  const { config } = loadConfig();
  const setup: ScienceSetup = {
    lake: config.lake,
    config: { ...config.science, limitSeconds: 600 },
  };
  const costs: ScoreCost[] = [];
  for (const survey of ["ztf", "lsst"] as const) {
    const scoring = modules.filter(
      ({ surveys, models }) =>
        surveys.includes(survey) && models && missingModel(setup, models) === null,
    );
    if (scoring.length === 0) continue;
    const seen = new Map<string, number>();
    for (const name of scoring.flatMap(({ models }) => models ?? []))
      await count(setup, name, seen);
    const sample = sampleAlerts(survey, counts[survey]);
    const makers = modules.filter(
      (module) => module.surveys.includes(survey) && scoring.some((other) => feeds(module, other)),
    );
    const alerts = withColumns(
      sample,
      alertsOf([(await runModules([...makers, ...noMatches(survey)], sample, setup)).columns]),
    );
    for (const module of scoring) {
      const before = process.cpuUsage();
      const { outcomes } = await runModules([module], alerts, setup);
      const { user, system } = process.cpuUsage(before);
      const rows = Math.max(...module.models!.map((name) => seen.get(name) ?? 0));
      costs.push({
        module: module.name,
        alerts: alerts.count,
        seen: rows,
        milliseconds: (user + system) / 1000,
        failure: outcomes[0].failure,
      });
    }
  }
  return costs;
}

/** Rows that go through a model, by its name. */
async function count(setup: ScienceSetup, name: string, seen: Map<string, number>): Promise<void> {
  const model = (await loadedModel(setup, name)) as {
    -readonly [Key in keyof Awaited<ReturnType<typeof loadedModel>>]: Awaited<
      ReturnType<typeof loadedModel>
    >[Key];
  };
  const { run } = model;
  model.run = (inputs) => {
    seen.set(name, (seen.get(name) ?? 0) + Object.values(inputs)[0].shape[0]);
    return run(inputs);
  };
}

function feeds(module: ScienceModule, other: ScienceModule): boolean {
  return module.adds.some(({ name }) => other.needs.includes(name));
}

/** SIMBAD has nothing at the places of a simulated sky: no alert is cut for it. */
function noMatches(survey: string): ScienceModule[] {
  if (survey !== "ztf") return [];
  const column = { name: "cdsxmatch", type: "string", unit: null, description: "none" } as const;
  const run: ScienceModule["run"] = ({ count: n }) => ({
    cdsxmatch: { values: Array.from({ length: n }, () => "Unknown") },
  });
  return [
    {
      name: "no_matches",
      version: "1",
      surveys: ["ztf"],
      about: "Nothing.",
      needs: ["candidate.ra"],
      adds: [column],
      run,
    },
  ];
}
