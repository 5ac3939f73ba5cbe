import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { type Browser, chromium, type Page } from "playwright-core";
import { available } from "../require.ts";

const places = [
  process.env["FINK_CHROMIUM"] ?? "",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];

const chromiumPath = places.find((path) => path !== "" && existsSync(path)) ?? null;

/** Whether there is a Chromium; says so where there is none. */
export function hasBrowser(): boolean {
  return available(
    "chromium",
    chromiumPath !== null,
    "browser tests: no Chromium; install it (apt-get install chromium) or set FINK_CHROMIUM",
  );
}

export function openBrowser(): Promise<Browser> {
  mkdirSync("test-results", { recursive: true });
  return chromium.launch({
    executablePath: chromiumPath ?? "",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  });
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What an accessibility scan finds serious. */
export async function seriousFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const run = "axe.run(document, { resultTypes: ['violations'] })";
  const { violations } = (await page.evaluate(run)) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  return violations
    .filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => `${v.id}: ${v.nodes[0].html.slice(0, 200)}`);
}
