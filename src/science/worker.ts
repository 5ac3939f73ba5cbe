import { parentPort, workerData } from "node:worker_threads";
import { type ErrorCode, FinkError, messageOf } from "../errors.ts";
import { keepMemorySteady } from "../memory.ts";
import type { Survey } from "../surveys/definition.ts";
import type { ScienceModule, ScienceSetup } from "./module.ts";
import type { Observer } from "./runner.ts";
import { type Kind, toolsFor, type Work, workOn } from "./work.ts";

export interface WorkerSetup {
  readonly setup: ScienceSetup;
  readonly surveys: readonly Survey[];
  /** What the thread does, which is seen from outside even when it hangs: see `Signs`. */
  readonly signs: SharedArrayBuffer;
}

export interface Request<K extends Kind = Kind> {
  readonly id: number;
  readonly kind: K;
  readonly job: Work[K]["job"];
  /** Modules that must not run, and why. */
  readonly off: readonly (readonly [string, string])[];
}

export type Answer =
  | { readonly id: number; readonly answer: Work[Kind]["answer"] }
  | { readonly id: number; readonly code: ErrorCode; readonly message: string };

/** The first message of a thread. */
export interface Ready {
  readonly modules: readonly string[];
  readonly problems: readonly string[];
  readonly unavailable: readonly (readonly [name: string, reason: string])[];
}

/**
 * Places in the shared numbers: when the thread gave its last sign (ms since 1970), the number of
 * the module it runs (0: none) and for which request, then how often each one waits.
 */
export const Signs = { at: 0, running: 1, request: 2, waiting: 3, size: 1027 } as const;
/** A thread that does not hang gives a sign so often. */
export const signEveryMs = 200;

if (parentPort) {
  keepMemorySteady();
  await serve(parentPort, workerData as WorkerSetup);
}

async function serve(
  port: NonNullable<typeof parentPort>,
  { setup, surveys, signs }: WorkerSetup,
): Promise<void> {
  const numbers = new BigInt64Array(signs);
  const alive = () => Atomics.store(numbers, Signs.at, BigInt(Date.now()));
  alive();
  setInterval(alive, signEveryMs);
  const tools = await toolsFor(setup, surveys);
  port.on("message", ({ id, kind, job, off }: Request) => {
    workOn(kind, job, {
      ...tools,
      off: new Map([...tools.off, ...off]),
      observer: observerOf(id, tools.modules, numbers),
    }).then(
      (answer) =>
        port.postMessage(
          { id, answer } satisfies Answer,
          "file" in answer ? [answer.file.bytes.buffer as ArrayBuffer] : [],
        ),
      (error: unknown) =>
        port.postMessage({
          id,
          code: error instanceof FinkError ? error.code : "internal",
          message: messageOf(error),
        } satisfies Answer),
    );
  });
  port.postMessage({
    modules: tools.modules.map(({ name }) => name),
    problems: tools.problems,
    unavailable: [...tools.off],
  } satisfies Ready);
}

function observerOf(
  request: number,
  modules: readonly ScienceModule[],
  numbers: BigInt64Array,
): Observer {
  return (module, state) => {
    const number = modules.indexOf(module);
    Atomics.store(numbers, Signs.at, BigInt(Date.now()));
    Atomics.store(numbers, Signs.request, BigInt(request));
    Atomics.store(numbers, Signs.running, state === "running" ? BigInt(number + 1) : 0n);
    if (state === "waiting") Atomics.add(numbers, Signs.waiting + number, 1n);
    if (state === "answered") Atomics.sub(numbers, Signs.waiting + number, 1n);
  };
}
