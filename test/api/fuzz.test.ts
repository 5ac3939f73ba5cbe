import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { type RunningServer, startServer } from "../../src/api/server.ts";
import { available } from "../require.ts";
import { surveys, server } from "./server.ts";

// schemathesis makes requests of our OpenAPI, right ones and wrong ones: whatever comes, no answer is a failure of ours.

const schemathesis = join(dirname(process.env["FINK_PYTHON"] ?? ""), "schemathesis");
const isThere = available(
  "python",
  process.env["FINK_PYTHON"] !== undefined && existsSync(schemathesis),
  "routes are not fuzzed: FINK_PYTHON names no Python with schemathesis",
);
const seconds = 45;

const ztf = server("ztf");
let running: RunningServer;
const logged: string[] = [];

beforeAll(async () => {
  if (!isThere) return;
  await ztf.sky.night("2026-10-10", 30);
  const { sky, sources } = ztf;
  const pageLake = new PageLake(sky.lake, surveys, { folder: "" }, sources);
  const view = new LakeReader(sky.lake, surveys, sources);
  const logError = (error: unknown, message: string) => logged.push(`${message}: ${String(error)}`);
  running = await startServer({ host: "127.0.0.1", port: 0, lake: sky.lake, view, pageLake, sources, pages: "", logError });
}, 400_000);
afterAll(async () => {
  await running?.close();
  await ztf.end();
});

test.skipIf(!isThere)("no request makes the server fail", { timeout: 400_000 }, async () => {
  const args = [
    "run",
    `${running.url}/api/openapi.json`,
    "--checks",
    "not_a_server_error",
    "--phases",
    "examples,coverage,fuzzing",
    "--max-time",
    String(seconds),
    "--no-color",
    "--warnings",
    "off",
  ];
  // these two never end; and health is 503 when a service is down, as it should be
  for (const path of ["/api/v1/live", "/api/v1/stream", "/healthz"]) args.push("--exclude-path", path);
  const child = spawn(schemathesis, args, { cwd: ztf.sky.lake, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  child.stdout.on("data", (data) => (output += data));
  child.stderr.on("data", (data) => (output += data));
  await new Promise((resolve) => child.once("close", resolve));
  expect(logged.slice(0, 10)).toEqual([]);
  expect(output).not.toContain("Server error");
  expect(output).toMatch(/test cases|Test cases|passed/);
});
