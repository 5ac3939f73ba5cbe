import { readFileSync } from "node:fs";

/** A process, told apart from a later one that was given the same pid. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks since boot at which it started (proc(5), stat field 22); null where there is no /proc. */
  readonly startedAt: string | null;
}

export function processId(pid: number = process.pid): ProcessId {
  return { pid, startedAt: startOf(pid) };
}

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
