import { gzipSync } from "node:zlib";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { LakeView } from "../../src/api/lake-view.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { type RunningServer, startServer } from "../../src/api/server.ts";
import { builtPages } from "../../src/services/ui.ts";
import { Sources } from "../../src/serving/sources.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { hasBrowser, openBrowser } from "./browser.ts";
import { worstContrast } from "./contrast.ts";
import { type FakeNight, fakeNight } from "./fake-night.ts";
import { writeFits } from "./write-fits.ts";

const surveys = loadSurveys("conf/surveys");
const eventually = <T>(get: () => Promise<T>) => expect.poll(get, { timeout: 15_000 });

const screens = [
  { name: "wide-dark", viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  { name: "wide-light", viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  { name: "narrow-dark", viewport: { width: 390, height: 844 }, colorScheme: "dark" },
  { name: "narrow-light", viewport: { width: 390, height: 844 }, colorScheme: "light" },
] as const;

describe.skipIf(!hasBrowser())("in a browser", () => {
  let browser: Browser;
  let pages: string;
  let night: FakeNight;
  let sources: Sources;
  let server: RunningServer;
  let complaints: string[];

  beforeAll(async () => {
    pages = await builtPages();
    browser = await openBrowser();
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    night = fakeNight();
    sources = new Sources(night.lake, surveys);
    complaints = [];
    server = await serve(night.view);
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
    await server.close();
    await sources.close();
    night.end();
  });

  function serve(view: LakeView, port = 0): Promise<RunningServer> {
    return startServer({
      host: "127.0.0.1",
      port,
      lake: night.lake,
      view,
      pages,
      pageLake: new PageLake(night.lake, surveys, { folder: "" }, sources),
      logError: (error) => complaints.push(String(error)),
    });
  }

  async function open(path: string, options: (typeof screens)[number] = screens[0]): Promise<Page> {
    const context = await browser.newContext({
      ...options,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", (error) => complaints.push(error.message));
    await page.goto(server.url + path);
    return page;
  }

  /** What stands under a label among the figures. */
  const figure = (page: Page, label: string) =>
    page.locator(".figure", { hasText: label }).locator("dd").innerText();
  const levels = (page: Page) =>
    page
      .locator(".cutout canvas")
      .first()
      .evaluate((canvas: HTMLCanvasElement) => {
        const { data } = canvas
          .getContext("2d")
          ?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
        return new Set(data).size;
      });
  const shoot = (page: Page, name: string) =>
    page.screenshot({ path: `test-results/${name}.png`, fullPage: true });

  test.each(["/", "/index.html", "/live", "/live.html"])(
    "%s loads and counts what comes in without reload",
    async (path) => {
      night.archive(40);
      const page = await open(path);
      await eventually(() => figure(page, "In the lake")).toBe("40 alerts");
      night.archive(2000);
      await eventually(() => figure(page, "In the lake")).toBe("2,040 alerts");
      await eventually(() => page.locator(".verdict").innerText()).toContain(
        "✓ All is well: 2,000 alerts/s archived, none waits",
      );
      await eventually(() => levels(page)).toBeGreaterThan(50);
      expect(complaints).toEqual([]);
    },
  );

  test.each(screens)("looks as it should: $name", async (screen) => {
    night.archive(180);
    night.reject("sync marker differs at byte 48213");
    night.archive(250);
    for (const path of ["/", "/live"]) {
      const page = await open(path, screen);
      await eventually(() => page.locator(".cutout canvas").count()).toBeGreaterThan(4);
      await shoot(page, `${path === "/" ? "now" : "live"}-${screen.name}`);
      expect(
        await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
        "wider than the screen",
      ).toBeLessThanOrEqual(0);
      const { contrast, text } = await page.evaluate(worstContrast);
      expect(contrast, text).toBeGreaterThanOrEqual(4.5);
    }
  });

  test("a lost server is said, and the page heals by itself when it is back", async () => {
    night.archive(10);
    const page = await open("/live");
    await eventually(() => figure(page, "In the lake")).toBe("10 alerts");
    await server.close();
    await eventually(() => page.locator(".lost-connection").innerText()).toMatch(
      /^✗ No connection to the server since \d\d:\d\d:\d\d UTC/,
    );
    expect(await page.locator(".verdict").count()).toBe(0);
    await shoot(page, "live-lost");
    night.archive(5);
    server = await serve(night.view, Number(new URL(server.url).port));
    await eventually(() => figure(page, "In the lake")).toBe("15 alerts");
    expect(await page.locator(".lost-connection").count()).toBe(0);
    await eventually(() => page.locator(".cutout canvas").count()).toBeGreaterThan(8);
  });

  test("an empty lake says why and what to do; a failed service is the first thing seen", async () => {
    const page = await open("/live");
    await eventually(() => page.locator("main").innerText()).toContain(
      "No alert is in the lake yet. Start the archive with ./fink start all",
    );
    expect(await page.locator(".verdict").innerText()).toContain("No archive is running");
    await shoot(page, "live-empty");
    night.say({ state: "failed", message: "no broker answers at kafka:9092" });
    await eventually(() => page.locator(".verdict").innerText()).toBe(
      "✗ archive failed: no broker answers at kafka:9092. Then: ./fink start archive",
    );
    await shoot(page, "live-failed");
  });

  test("text of an alert is text, and a sick cutout says so", async () => {
    await server.close();
    const evil = '<img src=x onerror="document.title=1">';
    const blank = gzipSync(writeFits(9, 9, -32, Array<number>(81).fill(Number.NaN)));
    const cutouts = {
      science: blank,
      template: Buffer.from("no FITS".padEnd(99)),
      difference: null,
    };
    night.archive(1);
    const [alert] = await night.view.latest(1);
    server = await serve({
      ...night.view,
      latest: async () => [{ ...alert, objectId: evil, band: "w" }],
      cutout: async (_survey, _id, kind) => cutouts[kind],
    });
    const page = await open("/");
    await eventually(() => page.locator(".alert").innerText()).toContain(evil);
    await eventually(() => page.locator(".sick").allInnerTexts()).toEqual([
      "no valid pixel",
      "not a FITS file",
      "no image",
    ]);
    expect(await page.title()).toBe("Now · Fink");
    await shoot(page, "now-sick");
  });

  test("ids are copied by a click, cutouts are inverted, the theme is remembered", async () => {
    night.archive(3);
    const page = await open("/live");
    await page.locator(".copy", { hasText: "2752190655615010002" }).click();
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe("2752190655615010002");
    await page.getByRole("button", { name: "Invert" }).click();
    await page.getByRole("button", { name: "Light" }).click();
    await page.goto(`${server.url}/`);
    expect(await page.evaluate(() => document.documentElement.dataset["theme"])).toBe("light");
    await eventually(() =>
      page.getByRole("button", { name: "Invert" }).getAttribute("aria-pressed"),
    ).toBe("true");
    await eventually(() => page.locator(".cutout canvas").count()).toBeGreaterThan(8);
    await shoot(page, "now-inverted");
  });

  test("an address that is not there gives a page that leads back", async () => {
    const page = await open("/nowhere");
    expect(await page.locator("main").innerText()).toContain("There is nothing at this address");
    await page.getByRole("link", { name: "live", exact: true }).click();
    await eventually(() => page.title()).toBe("Live · Fink");
  });
});
