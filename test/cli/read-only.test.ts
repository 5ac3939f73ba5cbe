import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { lakeOfAlerts } from "../science/lake.ts";
import { project, run } from "./run.ts";
import { canMount, mount, unmount } from "./tmpfs.ts";

const isPossible = canMount();
if (!isPossible) console.log("skipped: a lake that is mounted read-only (needs root and tmpfs)");

/**
 * Root passes over the permissions of files, so the lake lies on a disk that is mounted read-only.
 */
describe.skipIf(!isPossible)("a lake on a read-only disk", () => {
  const folder = mkdtempSync(join(tmpdir(), "fink-read-only-"));
  const [disk, config, filters, scratch] = ["disk", "fink.yaml", "filters", "scratch"].map((name) =>
    join(folder, name),
  );
  const lake = join(disk, "lake");
  const env = {
    FINK_LAKE: lake,
    FINK_FILTERS_FOLDER: filters,
    FINK_UI_PORT: "0",
    FINK_UI_HOST: "127.0.0.1",
    TMPDIR: scratch,
  };
  const main = join(project, "src/cli/main.ts");
  const fink = (...args: string[]) =>
    run(process.execPath, [main, ...args, "--config", config], env);

  beforeAll(async () => {
    mount(disk, 1 << 26);
    for (const path of [join(filters, "ztf"), scratch]) mkdirSync(path, { recursive: true });
    writeFileSync(
      config,
      `filters: { shipped: false }\ndelivery: { targets: { disk: { kind: files, folder: "${folder}/sent", format: parquet } } }\n`,
    );
    writeFileSync(
      join(filters, "ztf/everything.sql"),
      "-- description: All\n-- deliver: disk\n\nSELECT objectId, candid FROM alerts WHERE candidate.magpsf < 40\n",
    );
    await lakeOfAlerts(lake, 20);
    for (const service of ["science", "filter", "delivery"])
      expect(await fink("start", service, "--once"), service).toMatchObject({ code: 0 });
    execFileSync("mount", ["-o", "remount,ro", disk]);
  }, 180_000);
  afterAll(() => {
    unmount(disk);
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["query", ["query", "--format", "csv", "SELECT count(*) AS n FROM ztf.alerts"], "20"],
    ["status", ["status"], "delivery"],
    ["lake list", ["lake", "list"], "ztf.raw"],
    ["account", ["account"], "Every alert is accounted for."],
    ["deliveries", ["deliveries"], "disk"],
    ["filter list", ["filter", "list"], "everything"],
    ["filter test", ["filter", "test", "everything"], "20"],
    ["vacuum --dry-run", ["vacuum", "--dry-run"], "would be deleted"],
    ["export", ["export", "SELECT candid FROM ztf.raw", "--to", join(folder, "ids.csv")], ""],
  ])("is read by %s", async (_, args, shown) => {
    const { code, stdout, stderr } = await fink(...args);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(shown);
    if (args[0] === "export")
      expect(readFileSync(join(folder, "ids.csv"), "utf8").trim().split("\n")).toHaveLength(21);
  });

  test("is shown by the pages", async () => {
    const pages = spawn(process.execPath, [main, "start", "ui", "--config", config], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const lines: string[] = [];
    const url = await new Promise<string>((resolve, reject) => {
      for (const stream of [pages.stdout, pages.stderr]) {
        createInterface(stream).on("line", (line) => {
          lines.push(line);
          const found = /pages on (http:[^"]+)/.exec(line)?.[1];
          if (found) resolve(found);
        });
      }
      pages.once("exit", () => reject(new Error(lines.join("\n"))));
    });
    for (const path of [
      "/healthz",
      "/api/pages/now",
      "/api/v1/alerts?limit=3",
      "/api/v1/sql?query=FROM%20ztf.science",
      "/api/v1/account",
      "/api/pages/filters",
    ]) {
      const response = await fetch(url + path);
      expect(response.status, `${path} ${await response.text()} ${lines.join("\n")}`).toBe(200);
    }
    pages.kill("SIGTERM");
    await once(pages, "exit");
    expect(lines.join("\n")).toContain(
      "is read-only: ./fink status and ./fink stop do not know of these pages",
    );
  }, 120_000);

  test.each([
    ["ingest", [join(folder, "filters")]],
    ["start", ["science", "--once"]],
    ["compact", []],
  ])("is refused by %s, in words", async (command, args) => {
    const { code, stderr, stdout } = await fink(command, ...args);
    expect(code).not.toBe(0);
    expect(stderr + stdout).toMatch(/is read-only: mount it|cannot be written/);
  });

  test("leaves no temporary folder behind", () => {
    expect(existsSync(scratch) ? execFileSync("ls", [scratch], { encoding: "utf8" }) : "").toBe("");
  });
});
