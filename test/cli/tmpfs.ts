import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether we may mount disks of a few bytes; needs root. */
export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), "fink-mount-"));
  try {
    mount(folder, 1 << 20);
    unmount(folder);
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function mount(folder: string, bytes: number): void {
  mkdirSync(folder, { recursive: true });
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder], {
    stdio: "ignore",
  });
}

export function unmount(folder: string): void {
  execFileSync("umount", ["-l", folder]);
}
