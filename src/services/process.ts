import { readFileSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessId {
  readonly pid: number;
  /**
   * Clock ticks since boot at which it started (proc(5), stat field 22); null where there is no
   * /proc.
   */
  readonly startedAt: string | null;
  /** The machine's name; a pid means nothing on another. Missing in files of older versions. */
  readonly host?: string;
}

export function processId(pid: number = process.pid): ProcessId {
  return { pid, startedAt: startOf(pid), host: hostname() };
}

/** The name of the other machine that a process runs on, or null for this one. */
export function otherHost({ host }: ProcessId): string | null {
  return host === undefined || host === hostname() ? null : host;
}

/** Only for processes of this machine. */
export function isAlive(id: ProcessId): boolean {
  try {
    process.kill(id.pid, 0);
  } catch (error) {
    // EPERM: it is there, but somebody else's
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return id.startedAt === startOf(id.pid);
}

function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    // the command in parentheses may itself hold spaces and parentheses; state is field 3
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" ? null : fields[19];
  } catch {
    return null;
  }
}
