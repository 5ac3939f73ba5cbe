import { mkdirSync, mkdtempSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { type FakeNight, fakeNight } from "../../test/browser/fake-night.ts";
import { configSchema } from "../config/schema.ts";
import { createLogger } from "../log.ts";
import type { ServiceContext, StatusChange } from "./service.ts";
import { builtPages, runUi } from "./ui.ts";

let night: FakeNight;
beforeEach(() => (night = fakeNight()));
afterEach(() => night.end());

/** The service in the state of running, on a free port unless one is given. */
async function start(port = 0): Promise<{ url: string; stop: () => Promise<void> }> {
  const stop = new AbortController();
  const { promise, resolve } = Promise.withResolvers<string>();
  const status = (change: StatusChange) => change.state === "running" && resolve(change.url ?? "");
  const config = configSchema.parse({ lake: night.lake, ui: { port } });
  const context: ServiceContext = {
    config,
    lake: night.lake,
    signal: stop.signal,
    once: false,
    status,
    log: createLogger("silent"),
  };
  const ended = runUi(context, night.view);
  const url = await Promise.race([promise, ended.then(() => "")]);
  return {
    url,
    stop: () => {
      stop.abort();
      return ended;
    },
  };
}

test("serves the built pages, and stops at once though a page listens", async () => {
  const ui = await start();
  expect(await (await fetch(`${ui.url}/live`)).text()).toMatch(
    /<script type="module"[^>]* src="\/assets\/live-/,
  );
  const live = await fetch(`${ui.url}/api/v1/live`);
  const reader = live.body?.getReader();
  await reader?.read();
  const before = Date.now();
  await ui.stop();
  expect(Date.now() - before).toBeLessThan(500);
  await expect(fetch(ui.url)).rejects.toThrow();
});

test("a port in use is said, with what to do", async () => {
  const first = await start();
  const port = Number(new URL(first.url).port);
  await expect(start(port)).rejects.toThrow(
    `port ${port} on 127.0.0.1 is in use: stop what uses it (./fink stop ui), or set ui.port (FINK_UI_PORT) to another`,
  );
  await first.stop();
});

test("pages are built once, and again when a source is newer", async () => {
  const project = mkdtempSync(join(tmpdir(), "fink-pages-"));
  mkdirSync(join(project, "src/web"), { recursive: true });
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  const build = `build: { outDir: ${JSON.stringify(join(project, "dist/web"))}, emptyOutDir: true }`;
  writeFileSync(
    join(project, "vite.config.ts"),
    `export default { root: ${JSON.stringify(join(project, "src/web"))}, ${build} };`,
  );
  const page = join(project, "src/web/index.html");
  writeFileSync(page, "<title>one</title>");
  const folder = await builtPages(project);
  const title = () =>
    /<title>(.*)<\/title>/.exec(readFileSync(join(folder, "index.html"), "utf8"))?.[1];
  expect(title()).toBe("one");
  writeFileSync(page, "<title>two</title>");
  utimesSync(page, 0, 0); // older than what was built
  await builtPages(project);
  expect(title()).toBe("one");
  utimesSync(page, new Date(Date.now() + 10_000), new Date(Date.now() + 10_000));
  await builtPages(project);
  expect(title()).toBe("two");
  rmSync(project, { recursive: true });
});
