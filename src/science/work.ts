import { type Computed, compute, type ComputeJob, idsOf, type Tools } from "./compute.ts";
import { knownModules } from "./registry.ts";
import type { ScienceSetup } from "./module.ts";
import type { Survey } from "../surveys/definition.ts";

/** What can be asked of a thread: job and answer by kind. */
export interface Work {
  readonly compute: { readonly job: ComputeJob; readonly answer: Computed };
  readonly ids: { readonly job: { readonly survey: Survey; readonly file: string }; readonly answer: BigInt64Array };
}

export type Kind = keyof Work;

const kinds: { readonly [K in Kind]: (job: Work[K]["job"], tools: Tools) => Promise<Work[K]["answer"]> } = { compute, ids: idsOf };

/** Who computes: threads, or in tests this one. */
export type Run = <K extends Kind>(kind: K, job: Work[K]["job"]) => Promise<Work[K]["answer"]>;

export async function workOn<K extends Kind>(kind: K, job: Work[K]["job"], tools: Tools): Promise<Work[K]["answer"]> {
  return await kinds[kind](job, tools);
}

/** The modules, and which of them cannot run here. */
export async function toolsFor(setup: ScienceSetup): Promise<Tools & { readonly problems: readonly string[] }> {
  const { modules, problems } = await knownModules(setup);
  const off = new Map<string, string>();
  for (const module of modules) {
    const reason = await module.unavailable?.(setup);
    if (reason) off.set(module.name, reason);
  }
  return { setup, modules, off, problems: problems.map(({ message }) => message) };
}
