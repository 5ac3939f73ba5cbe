import type { Config } from "../config/schema.ts";
import { messageOf } from "../errors.ts";
import { isReadOnly } from "../folder.ts";
import type { Logger } from "../log.ts";
import { keepMemorySteady } from "../memory.ts";
import { claim, release, soleName, stopRequested, writeStatus } from "./run-state.ts";
import type { Service, StatusChange } from "./service.ts";
import type { ServiceStatus } from "./status.ts";

export interface Supervised {
  readonly service: Service;
  /** Instance name, unique on the lake. */
  readonly name: string;
}

export interface SuperviseOptions {
  readonly config: Config;
  readonly once: boolean;
  readonly log: Logger;
  /** Aborted to stop all of them. */
  readonly signal: AbortSignal;
}

/**
 * Runs services side by side until all have returned. When one throws, the others are drained and
 * its error is thrown.
 */
export async function supervise(
  services: readonly Supervised[],
  options: SuperviseOptions,
  everyMs = 1000,
): Promise<void> {
  const { lake } = options.config;
  // the pages only read: where they cannot write that they run, they run all the same
  const isUnseen = isReadOnly(lake) && services.every(({ service }) => service.name === "ui");
  if (isUnseen)
    options.log.warn(
      `${lake} is read-only: ./fink status and ./fink stop do not know of these pages; end them with Ctrl-C`,
    );
  else claimAll(lake, services.flatMap(claimsOf));
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const runs = services.map((one) =>
    superviseOne(one, { ...options, signal, isUnseen }, everyMs).catch((error: unknown) => {
      failed.abort();
      throw error;
    }),
  );
  const letMemoryGrow = keepMemorySteady();
  const results = await Promise.allSettled(runs);
  letMemoryGrow();
  const broken = results.find((result) => result.status === "rejected");
  if (broken) throw broken.reason;
}

async function superviseOne(
  { service, name }: Supervised,
  options: SuperviseOptions & { readonly isUnseen: boolean },
  everyMs: number,
): Promise<void> {
  const { config, once } = options;
  const log = options.log.child({ service: name });
  const stop = new AbortController();
  const signal = AbortSignal.any([options.signal, stop.signal]);
  let status = initialStatus(service, name);
  let unwritable = false;
  const write = () => {
    if (options.isUnseen) return;
    try {
      writeStatus(config.lake, { ...status, updatedAt: Date.now() });
      unwritable = false;
    } catch (error) {
      // a full disk must not end the service: it may have room again
      if (!unwritable) log.warn(`the status cannot be written: ${messageOf(error)}`);
      unwritable = true;
    }
  };
  const say = (change: StatusChange) => {
    status = { ...status, ...change };
    if (change.state) write();
  };
  const tick = () => {
    if (stopRequested(config.lake, name)) stop.abort();
    write();
  };
  const drain = () => say({ state: "draining" });
  signal.addEventListener("abort", drain);
  const timer = setInterval(tick, everyMs);
  write();
  try {
    log.info("starts");
    await service.run({ config, lake: config.lake, signal, once, status: say, log });
    say({ state: "stopped", message: "" });
    log.info("stopped");
  } catch (error) {
    say({ state: "failed", message: messageOf(error) });
    throw error;
  } finally {
    signal.removeEventListener("abort", drain);
    clearInterval(timer);
    if (!options.isUnseen)
      for (const claimed of claimsOf({ service, name })) release(config.lake, claimed);
  }
}

function claimsOf({ service, name }: Supervised): string[] {
  return service.isSole ? [soleName(service.name), name] : [name];
}

/** All or none. */
function claimAll(lake: string, names: readonly string[]): void {
  for (const [index, name] of names.entries()) {
    try {
      claim(lake, name);
    } catch (error) {
      for (const claimed of names.slice(0, index)) release(lake, claimed);
      throw error;
    }
  }
}

function initialStatus(service: Service, name: string): ServiceStatus {
  const now = Date.now();
  return {
    name,
    service: service.name,
    pid: process.pid,
    startedAt: now,
    updatedAt: now,
    state: "starting",
    message: "",
  };
}
