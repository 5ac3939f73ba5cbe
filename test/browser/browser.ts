import { existsSync, mkdirSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";
import { available } from "../require.ts";

const places = [process.env["FINK_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

const chromiumPath = places.find((path) => path !== "" && existsSync(path)) ?? null;

/** Whether there is a Chromium; says so where there is none. */
export function hasBrowser(): boolean {
  return available("chromium", chromiumPath !== null, "browser tests: no Chromium; install it (apt-get install chromium) or set FINK_CHROMIUM");
}

export function openBrowser(): Promise<Browser> {
  mkdirSync("test-results", { recursive: true });
  return chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
}
