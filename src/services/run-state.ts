import {
  closeSync,
  existsSync,
  fstatSync,
  linkSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../folder.ts";
import { FinkError, messageOf } from "../errors.ts";
import { isAlive, otherHost, type ProcessId, processId } from "./process.ts";
import type { ServiceStatus } from "./status.ts";

/**
 * A service as seen from outside; `died`: its process is gone though it never said that it stopped.
 */
export interface Instance {
  readonly status: ServiceStatus;
  readonly state: ServiceStatus["state"] | "died";
  /** Its process, when that is alive on this machine. */
  readonly process: ProcessId | null;
  /**
   * The other machine that shares the lake and has the pid file: whether the process lives there
   * cannot be seen from here.
   */
  readonly elsewhere: string | null;
}

export function runFolder(lake: string): string {
  return join(lake, ".fink", "run");
}

/** Makes this process the one instance of that name on the lake. */
export function claim(lake: string, name: string): void {
  const file = pidFile(lake, name);
  const mine = `${file}.${process.pid}`;
  try {
    makeFolder(runFolder(lake));
    writeFileSync(mine, JSON.stringify(processId()));
    const owner = readJson<ProcessId>(file);
    if (owner && (otherHost(owner) !== null || isAlive(owner)))
      throw alreadyRuns(lake, name, owner);
    rmSync(file, { force: true });
    // a link appears whole or not at all, and fails when another process was faster
    linkSync(mine, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST")
      throw alreadyRuns(lake, name, readJson<ProcessId>(file));
    if (error instanceof FinkError) throw error;
    throw new FinkError(
      "lake",
      `the lake cannot be written (${messageOf(error)}); make room on its disk, or let this user write to it`,
      error,
    );
  } finally {
    rmSync(mine, { force: true });
  }
  rmSync(stopFile(lake, name), { force: true });
}

/** Removes the pid file; the status stays, to say how it ended. */
export function release(lake: string, name: string): void {
  rmSync(pidFile(lake, name), { force: true });
  rmSync(stopFile(lake, name), { force: true });
}

export function writeStatus(lake: string, status: ServiceStatus): void {
  const file = join(runFolder(lake), `${status.name}.json`);
  try {
    writeFileSync(`${file}.tmp`, JSON.stringify(status));
    renameSync(`${file}.tmp`, file);
  } catch (error) {
    rmSync(`${file}.tmp`, { force: true });
    if (!existsSync(file)) throw error;
    overwrite(file, status);
  }
}

/**
 * The last resort on a full disk, where a new file finds no room but the blocks of the old one can
 * be used.
 */
function overwrite(file: string, status: ServiceStatus): void {
  // short, to fit into one block
  const archive = status.archive && { ...status.archive, sources: [] };
  const descriptor = openSync(file, "r+");
  try {
    writeSync(
      descriptor,
      JSON.stringify({ ...status, archive }).padEnd(fstatSync(descriptor).size),
    );
  } finally {
    closeSync(descriptor);
  }
}

/** Every service that ever ran on the lake, by name. */
export function instances(lake: string): Instance[] {
  const folder = runFolder(lake);
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((file) => file.endsWith(".json"));
  return names.flatMap((file) => instance(lake, file.slice(0, -".json".length)) ?? []);
}

/** True if the service has ever run on the lake, under any name. */
export function hasRun(lake: string, service: ServiceStatus["service"]): boolean {
  return instances(lake).some(({ status }) => status.service === service);
}

export function instance(lake: string, name: string): Instance | undefined {
  const status = readJson<ServiceStatus>(join(runFolder(lake), `${name}.json`));
  if (!status) return undefined;
  const owner = readJson<ProcessId>(pidFile(lake, name));
  const elsewhere = owner ? otherHost(owner) : null;
  const alive = owner && elsewhere === null && isAlive(owner) ? owner : null;
  const ended = status.state === "stopped" || status.state === "failed";
  return {
    status,
    state: alive || ended || elsewhere !== null ? status.state : "died",
    process: alive,
    elsewhere,
  };
}

/** Asks one service of a process that runs several to stop; the supervisor looks each second. */
export function requestStop(lake: string, name: string): void {
  writeFileSync(stopFile(lake, name), "");
}

export function stopRequested(lake: string, name: string): boolean {
  return existsSync(stopFile(lake, name));
}

function pidFile(lake: string, name: string): string {
  return join(runFolder(lake), `${name}.pid`);
}

function stopFile(lake: string, name: string): string {
  return join(runFolder(lake), `${name}.stop`);
}

/** The name under which a service is claimed that a lake has one of. */
export function soleName(service: string): string {
  return `.${service}`;
}

function alreadyRuns(lake: string, name: string, owner: ProcessId | undefined): FinkError {
  const host = owner ? otherHost(owner) : null;
  const who = `pid ${owner?.pid ?? "unknown"}${host === null ? "" : ` on ${host}`}`;
  const where =
    host === null ? "" : ` there, or, if that machine is gone, remove ${pidFile(lake, name)};`;
  if (name.startsWith(".")) {
    return new FinkError(
      "lake",
      `a lake has one ${name.slice(1)} service, and it runs already (${who}); ./fink status shows it, ./fink stop ends it${where}`,
    );
  }
  return new FinkError(
    "lake",
    `${name} already runs on this lake (${who}); stop it with \`./fink stop ${name} --lake ${lake}\`${where} or give this one another --name`,
  );
}

/** Undefined when the file is missing, or was not written whole before a crash. */
function readJson<T>(file: string): T | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch {
    return undefined;
  }
}
