import { createHash } from "node:crypto";

/**
 * A fixed amount of work, much of it like ours (bytes through a loop, a copy, a hash), to tell how
 * fast this machine is just now. Figures are compared as multiples of it, so that a busy or slower
 * machine does not look like slower code.
 */
export function referenceLoopsPerSecond(seconds = 1): number {
  const bytes = Buffer.alloc(65_536, 7);
  const copy = Buffer.alloc(65_536);
  let loops = 0;
  let sum = 0;
  const start = process.cpuUsage();
  while (cpuMs(start) < seconds * 1000) {
    for (let i = 0; i < bytes.length; i++) sum = (sum + (bytes[i] & 127)) | 0;
    bytes.copy(copy);
    sum ^= createHash("sha1").update(copy).digest()[0];
    loops++;
  }
  if (sum === -1) throw new Error("never: it only keeps the loop alive");
  return loops / (cpuMs(start) / 1000);
}

export function cpuMs(since: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(since);
  return (user + system) / 1000;
}
