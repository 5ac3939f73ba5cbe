import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Float64, Int64, Struct } from "apache-arrow";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { run } from "../../test/cli/run.ts";
import { column, writeRows } from "../../test/lake/tables.ts";
import { LakeTable } from "../lake/table.ts";
import { processId } from "../services/process.ts";
import { FunctionProcess } from "./function-process.ts";
import { loadFilter } from "./load.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-function-"));
let alerts = "";
let count = 0;

beforeAll(async () => {
  const type = new Struct([
    column("_row", new Int64()),
    column("candidate", new Struct([column("rb", new Float64())])),
  ]);
  const rows = [3n, 5n, 8n].map((row) => ({ _row: row, candidate: { rb: Number(row) / 10 } }));
  alerts = join(
    folder,
    "table",
    (await writeRows(new LakeTable(join(folder, "table")), type, rows, 20260101)).path,
  );
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function filterOf(select: string): { readonly file: string; readonly text: string } {
  const file = join(folder, `f${count++}.ts`);
  const text = `export default { description: "d", needs: ["candidate.rb"], ${select} };`;
  writeFileSync(file, text);
  return { file, text };
}

/** A process with one filter. */
function processOf(select: string) {
  const [filter, own] = [filterOf(select), new FunctionProcess("")];
  return {
    about: () => own.about(filter),
    select: (file: string, seconds: number) => own.select(filter, file, seconds),
    close: () => own.close(),
  };
}

const above = `select: (alerts) => Uint8Array.from(alerts.numbers("candidate.rb"), (rb) => Number(rb > 0.4))`;

describe("a filter that is a function", () => {
  test("selects by its mask, and says what it needs", async () => {
    const filter = processOf(above);
    expect(await filter.about()).toEqual({ description: "d", needs: ["candidate.rb"] });
    expect(await filter.select(alerts, 5)).toEqual([5, 8]);
    await filter.close();
  });

  test.each([
    ["throws", `select() { throw new Error("no luck"); }`, "no luck"],
    ["gives no mask", "select: () => [1, 0, 1]", "Uint8Array of 3"],
    ["gives a mask of another length", "select: () => new Uint8Array(2)", "not 2"],
    [
      "reads what it does not declare",
      `select: (alerts) => Uint8Array.from(alerts.numbers("_row"), () => 1)`,
      "not among its needs",
    ],
    ["never ends", "select() { for (;;); }", "longer than 0.5 s", 0.5],
    ["never answers", "select: () => new Promise(() => {})", "longer than 0.5 s", 0.5],
    [
      "tries a regular expression that takes years",
      `select() { return /^(a+)+$/.test("a".repeat(50) + "b"); }`,
      "longer than 0.5 s",
      0.5,
    ],
    [
      "takes all memory",
      "select() { const all = []; for (;;) all.push(new Array(1e6).fill(0)); }",
      /memory|ended|longer/,
      0.5,
    ],
    [
      "takes all memory with buffers",
      "select() { const all = []; for (;;) all.push(Buffer.alloc(2 ** 26, 1)); }",
      "2048 MB",
      20,
    ],
    ["ends its process", "select() { process.exit(); }", "ended its process"],
  ])(
    "that %s is stopped, says why, and is asked again",
    async (_, select, message, seconds = 60) => {
      const filter = processOf(select);
      await expect(filter.select(alerts, seconds)).rejects.toThrow(message);
      await expect(filter.select(alerts, seconds)).rejects.toThrow(message);
      await filter.close();
    },
  );

  test("that sends messages of its own shifts no answers", async () => {
    const sends = `for (const own of [null, "x", { value: [8] }, { error: "x" }]) process.send(own);`;
    const filter = processOf(
      `select(alerts) { ${sends} return Uint8Array.from(alerts.numbers("candidate.rb"), (rb) => Number(rb > 0.4)); }`,
    );
    for (let i = 0; i < 3; i++) expect(await filter.select(alerts, 20)).toEqual([5, 8]);
    await filter.close();
  });

  test("runs beside others in one process, and pays alone for what it does", async () => {
    const own = new FunctionProcess("");
    const [good, endless, pid] = [
      above,
      "select() { for (;;); }",
      `select() { throw new Error(process.pid); }`,
    ].map(filterOf);
    const pidOf = async () =>
      String(await own.select(pid, alerts, 20).catch((error: Error) => error.message));
    const before = await pidOf();
    expect(await own.select(good, alerts, 20)).toEqual([5, 8]);
    expect(await pidOf()).toBe(before);
    const [stopped, ...selected] = await Promise.allSettled(
      [endless, good, good].map((one) => own.select(one, alerts, 1)),
    );
    expect(stopped).toMatchObject({
      reason: { message: expect.stringContaining("longer than 1 s") },
    });
    expect(selected).toEqual([1, 2].map(() => ({ status: "fulfilled", value: [5, 8] })));
    await own.close();
  });

  test("is not blamed for what another left running", async () => {
    const own = new FunctionProcess("");
    const slow = filterOf(
      `async select() { await new Promise((resolve) => setTimeout(resolve, 500)); return new Uint8Array(3).fill(1); }`,
    );
    const leaving = filterOf(
      `select() { setTimeout(() => process.exit(), 200); return new Uint8Array(3); }`,
    );
    expect(await own.select(leaving, alerts, 20)).toEqual([]);
    expect(await own.select(slow, alerts, 20)).toEqual([3, 5, 8]);
    await own.close();
  });

  test("runs again when somebody else killed its process while it worked, and when it had been killed before", async () => {
    const pidFile = join(folder, "working");
    const code = `(await import("node:fs")).writeFileSync(${JSON.stringify(pidFile)}, String(process.pid)); await new Promise((resolve) => setTimeout(resolve, 1000));`;
    const filter = processOf(`async select() { ${code} return new Uint8Array(3).fill(1); }`);
    const working = filter.select(alerts, 20);
    await expect
      .poll(() => existsSync(pidFile) && readFileSync(pidFile, "utf8") !== "", { timeout: 20_000 })
      .toBe(true);
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    expect(await working).toEqual([3, 5, 8]);
    process.kill(Number(readFileSync(pidFile, "utf8")), "SIGKILL");
    // it is gone, and its exit is not heard yet
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500);
    expect(await filter.select(alerts, 20)).toEqual([3, 5, 8]);
    await filter.close();
  });

  test("shares a process with those that are loaded at the same time: a folder of many took gigabytes, and all were too late", async () => {
    const text = `export default { description: String(process.pid), needs: ["candidate.rb"], select() {} };`;
    const texts = [
      text,
      "process.exit();",
      `${text} setTimeout(() => process.exit(), 100);`,
      `${text} await new Promise((resolve) => setTimeout(resolve, 300));`,
      text,
    ];
    const files = texts.map((_, i) => join(folder, `together_${i}.ts`));
    files.forEach((file, i) => writeFileSync(file, texts[i]));
    const found = await Promise.allSettled(files.map((file) => loadFilter(file, "ztf")));
    expect(found.map(({ status }) => status)).toEqual([
      "fulfilled",
      "rejected",
      "fulfilled",
      "fulfilled",
      "fulfilled",
    ]);
    const described = found.flatMap((one) =>
      one.status === "fulfilled" ? one.value.description : [],
    );
    expect(new Set(described.slice(2)).size).toBe(1);
    for (const pid of described)
      await expect.poll(() => processId(Number(pid)).startedAt, { timeout: 5000 }).toBe(null);
  });

  test("goes on with the text that was given, though the file has another by now and the process is a new one", async () => {
    const [filter, own] = [filterOf(above), new FunctionProcess("")];
    expect(await own.select(filter, alerts, 20)).toEqual([5, 8]);
    writeFileSync(filter.file, "an edit that is refused (");
    await own.close();
    expect(await own.select(filter, alerts, 20)).toEqual([5, 8]);
    await own.close();
  });

  test("can be stopped while it loads native code, which aborted the service when it was a thread", async () => {
    const file = join(folder, "native.ts");
    const duckdb = JSON.stringify(import.meta.resolve("@duckdb/node-api"));
    writeFileSync(
      file,
      `import { DuckDBInstance } from ${duckdb};\nfor (;;) await (await DuckDBInstance.create()).connect();`,
    );
    const script = join(folder, "stop.mjs");
    const lines = [
      `const { FunctionProcess } = await import(${JSON.stringify(join(import.meta.dirname, "function-process.ts"))});`,
      "for (let i = 0; i < 5; i++) {",
      `  const own = new FunctionProcess("");`,
      `  const asked = own.about(${JSON.stringify({ file, text: readFileSync(file, "utf8") })}).catch((error) => error.message);`,
      "  await new Promise((resolve) => setTimeout(resolve, 700 + 50 * i));",
      "  await own.close();",
      "  console.log(await asked);",
      "}",
    ];
    writeFileSync(script, lines.join("\n"));
    const { code, stdout } = await run(process.execPath, [script]);
    expect([code, stdout.match(/ended its process/g)?.length]).toEqual([0, 5]);
  });

  test("ends with the process that asked it, also when that was killed and it never ends", async () => {
    const file = join(folder, "endless.ts");
    const pidFile = join(folder, "pid");
    const text = `import { writeFileSync } from "node:fs";\nwriteFileSync(${JSON.stringify(pidFile)}, String(process.pid));\nfor (;;);`;
    writeFileSync(file, text);
    const script = join(folder, "killed.mjs");
    const code = JSON.stringify(join(import.meta.dirname, "function-process.ts"));
    writeFileSync(
      script,
      `const { FunctionProcess } = await import(${code}); await new FunctionProcess("").about(${JSON.stringify({ file, text })});`,
    );
    const asking = spawn(process.execPath, [script], { stdio: "ignore" });
    await expect.poll(() => existsSync(pidFile), { timeout: 20_000 }).toBe(true);
    await sleep(500); // the watch has begun
    asking.kill("SIGKILL");
    await expect
      .poll(() => processId(Number(readFileSync(pidFile, "utf8"))).startedAt, { timeout: 10_000 })
      .toBe(null);
  });

  test("is loaded in a process with V8 flags, as ./fink starts it", async () => {
    const file = join(folder, "flags.ts");
    writeFileSync(
      file,
      `export default { description: "d", needs: ["candidate.rb"], select: () => new Uint8Array(0) };`,
    );
    const script = join(folder, "load.mjs");
    const loader = JSON.stringify(join(import.meta.dirname, "load.ts"));
    writeFileSync(
      script,
      `const { loadFilter } = await import(${loader}); console.log((await loadFilter(${JSON.stringify(file)}, "ztf")).description);`,
    );
    const { stdout, stderr } = await run(process.execPath, ["--initial-heap-size=64", script]);
    expect(stdout.trim(), stderr).toBe("d");
  });

  test.each([
    ["no export", "export const a = 1;", "exports no filter"],
    ["no needs", `export default { description: "d", select: () => null };`, "needs"],
    ["an error of its own", `throw new Error("at once");`, "at once"],
  ])("with %s is refused with the file's name", async (name, text, message) => {
    const file = join(folder, `${name.replaceAll(" ", "_")}.ts`);
    writeFileSync(file, text);
    await expect(loadFilter(file, "ztf")).rejects.toMatchObject({
      code: "filter",
      message: expect.stringMatching(new RegExp(`${file}.*${message}`)),
    });
  });
});
