import { existsSync, mkdirSync } from "node:fs";
import { type Browser, chromium } from "playwright-core";

const places = [process.env["FINK_CHROMIUM"] ?? "", "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** Path of a Chromium, or null where there is none. */
export const chromiumPath = places.find((path) => path !== "" && existsSync(path)) ?? null;

export function openBrowser(): Promise<Browser> {
  mkdirSync("test-results", { recursive: true });
  return chromium.launch({ executablePath: chromiumPath ?? "", args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"] });
}
