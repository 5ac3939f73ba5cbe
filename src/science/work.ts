import {
  again,
  type AgainJob,
  type Revised,
  type RowStates,
  statesOf,
  type StatesJob,
} from "./again.ts";
import {
  type Computed,
  compute,
  type ComputeJob,
  idsOf,
  type Outcome,
  type Tools,
} from "./compute.ts";
import { messageOf } from "../errors.ts";
import { watched } from "./runner.ts";
import { knownModules } from "./registry.ts";
import type { Place, ScienceSetup } from "./module.ts";
import type { AlertIds } from "../surveys/alert-id.ts";
import type { Survey } from "../surveys/definition.ts";

/** What can be asked of a thread: job and answer by kind. */
export interface Work {
  readonly compute: { readonly job: ComputeJob; readonly answer: Computed };
  readonly ids: {
    readonly job: { readonly survey: Survey; readonly file: string };
    readonly answer: AlertIds;
  };
  readonly again: { readonly job: AgainJob; readonly answer: Revised };
  readonly states: { readonly job: StatesJob; readonly answer: RowStates };
  readonly changes: {
    readonly job: { readonly survey: Survey; readonly since: number };
    readonly answer: readonly ChangedPlaces[];
  };
}

/** Where on the sky a module has learnt something new. */
export interface ChangedPlaces {
  readonly module: string;
  readonly places: readonly Place[];
  /** Where it failed. */
  readonly outcome?: Outcome;
}

export type Kind = keyof Work;

const kinds: {
  readonly [K in Kind]: (job: Work[K]["job"], tools: Tools) => Promise<Work[K]["answer"]>;
} = {
  compute,
  ids: idsOf,
  again,
  states: statesOf,
  changes,
};

/** Who computes: threads, or in tests this one. */
export type Run = <K extends Kind>(kind: K, job: Work[K]["job"]) => Promise<Work[K]["answer"]>;

export async function workOn<K extends Kind>(
  kind: K,
  job: Work[K]["job"],
  tools: Tools,
): Promise<Work[K]["answer"]> {
  return await kinds[kind](job, tools);
}

async function changes(
  { survey, since }: Work["changes"]["job"],
  { setup, modules, off, observer = () => {} }: Tools,
): Promise<ChangedPlaces[]> {
  const able = modules.filter(
    ({ name, surveys, changes: ask }) => ask && surveys.includes(survey.name) && !off.has(name),
  );
  return await Promise.all(
    able.map(async (module) => {
      const { name, version } = module;
      // a list of all its names is more than an answer
      const limitSeconds = 20 * setup.config.remote.timeoutSeconds;
      try {
        return {
          module: name,
          places:
            (await watched(module, observer, limitSeconds, () => module.changes?.(since, setup))) ??
            [],
        };
      } catch (error) {
        return {
          module: name,
          places: [],
          outcome: {
            name,
            version,
            alerts: 0,
            pending: 0,
            milliseconds: 0,
            failure: messageOf(error),
          },
        };
      }
    }),
  );
}

/** The modules, and which of them cannot run here. */
export async function toolsFor(
  setup: ScienceSetup,
  surveys: readonly Survey[],
): Promise<Tools & { readonly problems: readonly string[] }> {
  const { modules, problems } = await knownModules(setup, surveys);
  const off = new Map<string, string>();
  for (const module of modules) {
    const reason = await module.unavailable?.(setup);
    if (reason) off.set(module.name, reason);
  }
  return { setup, modules, off, problems: problems.map(({ message }) => message) };
}
