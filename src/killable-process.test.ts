import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { KillableProcess, ProcessEnded } from "./killable-process.ts";
import { processId } from "./services/process.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-killable-"));
const file = join(folder, "answering.ts");
const ours = JSON.stringify(join(import.meta.dirname, "killable-process.ts"));
writeFileSync(
  file,
  `import { answerQuestions } from ${ours};
answerQuestions(async (asked) => {
  if (asked === "never") await new Promise(() => {});
  if (asked === "spawn") return (await import("node:child_process")).spawn("sleep", ["600"], { stdio: "ignore" }).pid;
  if (asked === "loop") for (;;);
  if (asked === "print") console.log("x".repeat(1e6));
  if (asked === "throw") throw new Error("no luck");
  return asked === "pid" ? process.pid : asked === "environment" ? { ...process.env } : asked;
});`,
);
let running: KillableProcess;
const start = () =>
  (running = new KillableProcess(file, { heapMegabytes: 64, residentMegabytes: 512 }));
afterEach(async () => await running.close());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("answers values that are copied, with errors in their words", async () => {
  const own = start();
  const value = { id: 2n ** 63n - 1n, bytes: new Uint8Array([1, 2]), list: [null, Number.NaN] };
  expect(await own.ask(value, 20)).toEqual(value);
  await expect(own.ask("throw", 20)).rejects.toMatchObject({
    code: "internal",
    message: "no luck",
  });
  expect(await own.ask(1, 20)).toBe(1);
});

test.each(["SIGKILL", "SIGSEGV", "SIGABRT"] as const)(
  "that was killed from outside (%s) is another one for the next question",
  async (signal) => {
    const own = start();
    const pid = Number(await own.ask("pid", 20));
    const waiting = own.ask("never", 20);
    process.kill(pid, signal);
    await expect(waiting).rejects.toBeInstanceOf(ProcessEnded);
    expect(await own.ask("pid", 20)).not.toBe(pid);
  },
);

test("that was killed a moment ago, which nobody has heard yet, is said to have ended", async () => {
  const own = start();
  const pid = Number(await own.ask("pid", 20));
  process.kill(pid, "SIGSEGV");
  const answer = await own.ask("pid", 20).catch((error: unknown) => error);
  expect(answer instanceof ProcessEnded || (typeof answer === "number" && answer !== pid)).toBe(
    true,
  );
  expect(await own.ask(1, 20)).toBe(1);
});

test("that is stopped is killed when the time is over, and when nobody waits any more", async () => {
  const own = start();
  for (const isLeft of [false, true]) {
    const pid = Number(await own.ask("pid", 20));
    const signal = isLeft ? AbortSignal.timeout(500) : undefined;
    process.kill(pid, "SIGSTOP");
    await expect(own.ask(1, signal ? 60 : 0.5, signal)).rejects.toThrow(
      signal ? /aborted/ : /longer than 0.5 s/,
    );
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
  }
});

test("knows where temporary files go, and no secret", async () => {
  process.env["FINK_TEST_SECRET"] = "hush";
  process.env["TMPDIR"] = folder;
  try {
    const environment = (await start().ask("environment", 20)) as Record<string, string>;
    expect(environment["TMPDIR"]).toBe(folder);
    expect(Object.values(environment)).not.toContain("hush");
  } finally {
    delete process.env["TMPDIR"];
  }
});

const isThere = (pid: number) => processId(pid).startedAt !== null;

test.each(["time", "kill", "close"])("takes with it what it has started: %s", async (how) => {
  const own = start();
  const [pid, started] = [Number(await own.ask("pid", 20)), Number(await own.ask("spawn", 20))];
  expect(isThere(started)).toBe(true);
  if (how === "time") await expect(own.ask("never", 0.1)).rejects.toThrow("longer than 0.1 s");
  else if (how === "kill") process.kill(pid, "SIGKILL");
  else await own.close();
  await expect.poll(() => isThere(started), { timeout: 5000 }).toBe(false);
});

test("takes with it what it has started when the one that asks is killed, also in the middle of a loop", async () => {
  const parent = join(folder, "parent.ts");
  const text = `import { KillableProcess } from ${ours};
const own = new KillableProcess(${JSON.stringify(file)}, { heapMegabytes: 64, residentMegabytes: 512 });
console.log(JSON.stringify([await own.ask("pid", 20), await own.ask("spawn", 20)]));
own.ask("loop", 600).catch(() => {});
setInterval(() => {}, 1000);`;
  writeFileSync(parent, text);
  const asking = spawn(process.execPath, [parent], { stdio: ["ignore", "pipe", "inherit"] });
  const [said] = (await once(asking.stdout, "data")) as [Buffer];
  const pids = JSON.parse(said.toString()) as number[];
  asking.kill("SIGKILL");
  for (const pid of pids) await expect.poll(() => isThere(pid), { timeout: 5000 }).toBe(false);
});

test("prints its first 64 KB, and that there was more", async () => {
  const written: string[] = [];
  const write = vi
    .spyOn(process.stderr, "write")
    .mockImplementation((bytes) => written.push(String(bytes)) > 0);
  try {
    expect(await start().ask("print", 20)).toBe("print");
    await expect.poll(() => written.join("").length, { timeout: 5000 }).toBeGreaterThan(65_536);
    await running.close();
    expect(written.join("")).toBe(
      `${"x".repeat(65_536)}\n… what this process prints after its first 64 KB is not shown\n`,
    );
  } finally {
    write.mockRestore();
  }
});
