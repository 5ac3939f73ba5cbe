import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { hasBrowser, openBrowser } from "./browser.ts";

/** `./fink demo` as a user starts it: real packets through the real archive into a real lake. */
describe.skipIf(!hasBrowser())("the live page over a running archive", () => {
  const lake = mkdtempSync(join(tmpdir(), "fink-live-"));
  let browser: Browser;
  let demo: ChildProcess;
  let url: string;
  let output = "";

  beforeAll(async () => {
    browser = await openBrowser();
    demo = spawn(process.execPath, [
      join(import.meta.dirname, "../../src/cli/main.ts"),
      "demo",
      "--lake",
      lake,
      "--port",
      "0",
      "--rate",
      "15",
    ]);
    for (const stream of [demo.stdout, demo.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => (output += text));
    await vi.waitFor(() => expect(output).toMatch(/http:\S+\/live/), {
      timeout: 60_000,
      interval: 100,
    });
    url = /http:\S+\/live/.exec(output)![0];
  }, 90_000);

  afterAll(async () => {
    await browser?.close();
    demo?.kill("SIGKILL");
    rmSync(lake, { recursive: true, force: true });
  });

  test(
    "counts alerts as they are archived, and draws their cutouts",
    { timeout: 90_000 },
    async () => {
      const page = await browser.newPage();
      const complaints: string[] = [];
      page.on(
        "console",
        (message) => message.type() === "error" && complaints.push(message.text()),
      );
      page.on("pageerror", (error) => complaints.push(error.message));
      await page.goto(url);
      const inTheLake = async () =>
        Number(
          (
            await page.locator(".figure", { hasText: "In the lake" }).locator("dd").innerText()
          ).replace(/\D/g, ""),
        );
      await expect.poll(inTheLake, { timeout: 60_000 }).toBeGreaterThan(0);
      const before = await inTheLake();
      await expect.poll(inTheLake, { timeout: 60_000 }).toBeGreaterThan(before);
      const levels = () =>
        page.locator(".cutout canvas").evaluateAll((all) =>
          all.map((canvas) => {
            const { width, height } = canvas as HTMLCanvasElement;
            return new Set(
              (canvas as HTMLCanvasElement).getContext("2d")?.getImageData(0, 0, width, height)
                .data,
            ).size;
          }),
        );
      await expect
        .poll(async () => Math.max(0, ...(await levels())), { timeout: 60_000 })
        .toBeGreaterThan(50);
      await page.screenshot({ path: "test-results/live-over-archive.png", fullPage: true });
      expect(complaints).toEqual([]);
    },
  );

  test("Ctrl-C ends the demo cleanly", { timeout: 60_000 }, async () => {
    const ended = new Promise<number | null>((resolve) => demo.once("exit", resolve));
    demo.kill("SIGINT");
    expect(await ended).toBe(0);
    expect(output).toContain("Stopped.");
  });
});
