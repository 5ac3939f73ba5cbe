import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { serviceNames } from "../../src/services/services.ts";
import { run } from "./run.ts";

let lake: string;
const script = join(import.meta.dirname, "fink-with-fakes.ts");
const fink = (args: string, env: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, [script, ...args.split(" ")], { FINK_LAKE: lake, ...env });
const states = async () => {
  const list: { name: string; state: string; pid: number }[] = JSON.parse(
    (await fink("status --json")).stdout,
  );
  return Object.fromEntries(list.map((one) => [one.name, one.state]));
};
const all = (state: string, but: Record<string, string | undefined> = {}) => ({
  ...Object.fromEntries(serviceNames.map((name) => [name, state])),
  ...but,
});
const pidOf = (name: string): number =>
  JSON.parse(readFileSync(join(lake, `.fink/run/${name}.pid`), "utf8")).pid;

beforeEach(() => {
  lake = mkdtempSync(join(tmpdir(), "fink-services-"));
});
afterEach(async () => {
  await fink("stop all --force");
  rmSync(lake, { recursive: true });
});

test("all in the background: one of them stopped alone, then the rest", async () => {
  const started = await fink("start all --detach");
  expect(started).toMatchObject({ code: 0, stderr: "" });
  expect(started.stdout).toMatch(
    /^all runs \(pid \d+\), log .*\/\.fink\/log\/all\.log\npages: http:\/\/127\.0\.0\.1:1\n$/,
  );
  expect(await states()).toEqual(all("running"));
  expect(await fink("stop ui")).toMatchObject({ code: 0, stdout: "stopped: ui\n" });
  expect(await states()).toEqual(all("running", { ui: "stopped" }));
  expect(await fink("stop services")).toMatchObject({
    code: 0,
    stdout: `stopped: ${serviceNames
      .filter((name) => name !== "ui")
      .sort()
      .join(", ")}\n`,
  });
  expect(await states()).toEqual(all("stopped"));
  expect(await fink("stop all")).toMatchObject({ code: 0, stdout: "nothing to stop\n" });
});

test("a second of the same name is refused, one of another name is not", async () => {
  await fink("start archive --detach");
  const second = await fink("start archive");
  expect(second.code).toBe(1);
  expect(second.stderr).toMatch(
    /fink: archive already runs on this lake \(pid \d+\); stop it with `.\/fink stop archive --lake .*` or give this one another --name\n$/,
  );
  expect(await fink("start archive --name archive-2 --detach")).toMatchObject({ code: 0 });
  expect(await states()).toEqual({ archive: "running", "archive-2": "running" });
});

test("what cannot start in the background says why", async () => {
  const failed = await fink("start archive --detach", { FINK_KAFKA_GROUP: "wrong-password" });
  expect(failed.code).toBe(1);
  expect(failed.stderr).toMatch(
    /^fink: archive did not start: the broker refuses user fink \(log: .*archive\.log\)\n$/,
  );
  expect((await fink("status")).stdout).toMatch(/^archive +failed\n/m);
});

test("a killed service shows as died, and starts again", async () => {
  await fink("start archive --detach");
  process.kill(pidOf("archive"), "SIGKILL");
  await expect.poll(states, { timeout: 20_000 }).toEqual({ archive: "died" });
  expect((await fink("status")).stdout).toContain(
    "archive: its process is gone without a word; `./fink start archive` goes on where it was\n",
  );
  expect(await fink("start archive --detach")).toMatchObject({ code: 0 });
});

test("a pid file of a process whose pid was given to another is stale", async () => {
  await fink("start archive --once");
  writeFileSync(
    join(lake, ".fink/run/archive.pid"),
    JSON.stringify({ pid: process.pid, startedAt: "1" }),
  );
  expect(await fink("stop archive")).toMatchObject({ code: 0, stdout: "nothing to stop\n" });
  expect(existsSync(join(lake, ".fink/run/archive.pid"))).toBe(false);
});

test("the pid file of another machine that shares the lake is believed, and its service is asked to stop", async () => {
  await fink("start archive --once");
  const pidFile = join(lake, ".fink/run/archive.pid");
  const statusFile = join(lake, ".fink/run/archive.json");
  writeFileSync(
    pidFile,
    JSON.stringify({ pid: 4_000_000, startedAt: "1", host: "other.example.org" }),
  );
  writeFileSync(
    statusFile,
    JSON.stringify({ ...JSON.parse(readFileSync(statusFile, "utf8")), state: "running" }),
  );
  expect(await states()).toEqual({ archive: "running" });
  const second = await fink("start archive");
  expect(second).toMatchObject({ code: 1 });
  expect(second.stderr).toContain(
    `archive already runs on this lake (pid 4000000 on other.example.org)`,
  );
  expect(second.stderr).toContain(`if that machine is gone, remove ${pidFile}`);
  expect(await fink("stop archive --force")).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("run `./fink stop archive --force` on other.example.org"),
  });
  const stopping = fink("stop archive");
  await expect
    .poll(() => existsSync(join(lake, ".fink/run/archive.stop")), { timeout: 10_000 })
    .toBe(true);
  rmSync(pidFile); // as its supervisor does
  expect(await stopping).toMatchObject({ code: 0, stdout: "stopped: archive\n" });
});

test("the pages go to the background by themselves, as they always did", async () => {
  const started = await fink("start ui");
  expect(started).toMatchObject({ code: 0, stderr: "" });
  expect(started.stdout).toMatch(
    /^ui runs \(pid \d+\), log .*\/ui\.log\npages: http:\/\/127\.0\.0\.1:1\n$/,
  );
  expect(await states()).toEqual({ ui: "running" });
  const held = spawn(process.execPath, [script, "start", "ui", "--foreground", "--name", "ui-2"], {
    env: { ...process.env, FINK_LAKE: lake },
    stdio: "ignore",
  });
  await expect.poll(states, { timeout: 10_000 }).toEqual({ ui: "running", "ui-2": "running" });
  expect(pidOf("ui-2")).toBe(held.pid);
});

test("--once ends by itself and leaves the pages out", async () => {
  expect(await fink("start all --once")).toMatchObject({ code: 0 });
  expect(await states()).toEqual(all("stopped", { ui: undefined }));
});

test("--force ends what does not end by itself", async () => {
  await fink("start archive --detach", { FINK_KAFKA_GROUP: "stuck" });
  process.kill(pidOf("archive"), "SIGTERM");
  await expect.poll(states, { timeout: 20_000 }).toEqual({ archive: "draining" });
  expect(await fink("stop archive --force")).toMatchObject({
    code: 0,
    stdout: "stopped: archive\n",
  });
});

test("in the foreground Ctrl-C ends it cleanly, twice at once", async () => {
  for (const [group, signals, code] of [
    ["any", 1, 0],
    ["stuck", 2, 130],
  ] as const) {
    const child = spawn(process.execPath, [script, "start", "archive"], {
      env: { ...process.env, FINK_LAKE: lake, FINK_KAFKA_GROUP: group },
      stdio: "ignore",
    });
    const exit = new Promise((resolve) => child.once("exit", resolve));
    await expect.poll(states, { timeout: 20_000 }).toEqual({ archive: "running" });
    for (let i = 0; i < signals; i++) {
      child.kill("SIGINT");
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(await exit).toBe(code);
  }
});

test("verbs of the older Fink answer with today's command", async () => {
  expect(await fink("start stream2raw")).toEqual({
    code: 2,
    stdout: "",
    stderr: "fink: stream2raw is now `./fink start archive`\n",
  });
  expect(await fink("start raw2science -s ztf -c conf/fink.conf")).toMatchObject({
    code: 2,
    stderr: "fink: raw2science is now `./fink start science`\n",
  });
  expect(await fink("stop distribution")).toMatchObject({
    code: 2,
    stderr: "fink: distribution is now `./fink stop filter` and `./fink stop delivery`\n",
  });
  expect(await fink("show")).toMatchObject({
    code: 2,
    stderr: "fink: show is now `./fink status`\n",
  });
  for (const verb of ["start dashboard", "start checkstream", "init", "checkstream", "dashboard"])
    expect(await fink(verb)).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^fink: \w+ is now `\.\/fink .*`/),
    });
});

test("--version", async () => {
  const { version } = JSON.parse(
    readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"),
  ) as { version: string };
  expect(await fink("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
});

test("names nobody knows", async () => {
  expect(await fink("start archiv")).toMatchObject({
    code: 2,
    stderr: "fink: there is no service archiv; did you mean archive?\n",
  });
  expect(await fink("start all --name x")).toMatchObject({ code: 2 });
  expect(await fink("stop archiv")).toMatchObject({
    code: 2,
    stderr: "fink: nothing named archiv ever ran on this lake; `./fink status` shows what did\n",
  });
  expect((await fink("status")).stdout).toBe(
    `nothing ever ran on ${lake}; \`./fink start all\` begins\n`,
  );
});
