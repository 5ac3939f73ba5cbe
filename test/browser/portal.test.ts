import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { AlertRow, FoundRow, MatchRow, ObjectAnswer } from "../../src/api/pages/types.ts";
import { hasBrowser, seriousFindings } from "./browser.ts";
import { Portal, screens } from "./portal.ts";

const eventually = <T>(get: () => Promise<T>) => expect.poll(get, { timeout: 40_000 });
/** Pages that load at the same time. */
const atOnce = 4;

/** The portal over a small real lake, as a reader uses it. */
describe.skipIf(!hasBrowser())("the portal", () => {
  let portal: Portal;
  /** An object of which the filter took an alert. */
  let match: MatchRow;
  /** An object of LSST, and designations of the Minor Planet Center. */
  let lsst = "";
  let asteroids: Record<"ztf" | "lsst", string>;

  beforeAll(async () => {
    portal = await Portal.open();
    match = (await portal.json<readonly MatchRow[]>("/api/pages/matches/ztf/bright?n=500")).find(
      (m) => m.objectId !== null && m.solarSystem === null,
    )!;
    const first = async (query: string) => {
      const sql = encodeURIComponent(`${query} GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1`);
      return (await portal.json<readonly Record<"v", string>[]>(`/api/v1/sql?query=${sql}`))[0].v;
    };
    lsst = await first(
      "SELECT CAST(diaSource.diaObjectId AS VARCHAR) AS v FROM lsst.alerts WHERE diaSource.diaObjectId > 0",
    );
    asteroids = {
      ztf: await first(
        "SELECT candidate.ssnamenr AS v FROM ztf.alerts WHERE candidate.ssnamenr <> 'null'",
      ),
      lsst: await first(
        "SELECT MPCORB.mpcDesignation AS v FROM lsst.alerts WHERE MPCORB.mpcDesignation IS NOT NULL",
      ),
    };
  }, 240_000);
  afterAll(() => portal?.end());
  afterEach(async () => {
    await portal.closePages();
    portal.complaints = [];
  });

  /** Path of each page, and what is there when it has loaded. */
  const everyPage = (): Record<string, [path: string, sign: string]> => ({
    now: ["/", ".bars meter"],
    live: ["/live", ".cutout canvas"],
    sky: ["/sky?survey=ztf", ".sky-legend li"],
    "search-table": ["/search?q=filter:bright", ".data tbody tr"],
    "search-cards": ["/search?q=filter:bright&view=cards", ".cutout canvas"],
    "search-map": ["/search?q=filter:bright&view=map", ".sky-legend li"],
    "search-help": ["/search", ".ways code"],
    object: [`/object/ztf/${match.objectId}`, ".finder .marks"],
    "object-lsst": [`/object/lsst/${lsst}`, ".finder path[fill^=rgb]"],
    "solar-system-ztf": [`/sso/ztf/${encodeURIComponent(asteroids.ztf)}`, ".mark"],
    "solar-system": [`/sso/lsst/${encodeURIComponent(asteroids.lsst)}`, ".line.fit"],
    aggregation: ["/aggregation", "main"],
    account: ["/account", ".verdict"],
    filters: ["/filters", ".data tbody tr"],
    filter: ["/filters/ztf/bright", ".alert"],
    docs: ["/docs/lake", "article table"],
    status: ["/status", "td"],
  });

  test.each(screens)(
    "every page loads, fits and can be read: $name",
    { timeout: 240_000 },
    async (screen) => {
      const left = Object.entries(everyPage());
      const readOn = async () => {
        for (let next = left.shift(); next; next = left.shift()) {
          const [name, [path, sign]] = next;
          const page = await portal.visit(path, screen);
          await page.locator(sign).first().waitFor({ timeout: 40_000 });
          // images and plots of a picture for people; nothing is asserted of them
          await page.waitForTimeout(1000);
          const picture = (theme: string) =>
            page.screenshot({
              path: `test-results/portal-${name}-${screen.name}-${theme}.png`,
              fullPage: true,
            });
          await picture(screen.colorScheme);
          expect(
            await page.evaluate(() => document.documentElement.scrollWidth - innerWidth),
            `${name} is wider than the screen`,
          ).toBeLessThanOrEqual(0);
          expect(await seriousFindings(page), name).toEqual([]);
          const other = screen.colorScheme === "dark" ? "light" : "dark";
          await page.getByRole("button", { name: other, exact: false }).first().click();
          await picture(other);
          await page.context().close();
        }
      };
      await Promise.all(Array.from({ length: atOnce }, readOn));
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "from the first page to an object, its images, and why a filter took it",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit("/");
      const card = page.locator(".alert", { hasText: "bright" }).first();
      await card.locator("canvas").first().waitFor({ timeout: 40_000 });
      const object = await card.locator("a code").first().innerText();
      await card.locator("a").first().click();
      await eventually(() => page.title()).toBe(`${object} · Fink`);
      await page.locator(".mark").first().waitFor({ timeout: 40_000 });
      await page.locator(".epoch canvas").first().waitFor({ timeout: 40_000 });
      await page.getByRole("link", { name: "why" }).first().click();
      const why = page.locator(".explain");
      await eventually(() => why.innerText()).toContain("✓ taken");
      expect(await why.innerText()).toMatch(/✓ candidate\.magpsf < 20 true/);
      await page.screenshot({ path: "test-results/portal-explain.png", fullPage: true });
      await page.goBack();
      await eventually(() => page.title()).toBe(`${object} · Fink`);
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "a click on a measurement shows the images of its epoch, and the address has it",
    { timeout: 120_000 },
    async () => {
      const { alerts } = await portal.json<ObjectAnswer>(`/api/pages/object/ztf/${match.objectId}`);
      const page = await portal.visit(
        `/object/ztf/${match.objectId}?alert=${alerts[alerts.length - 1].alertId}&t=mjd&y=flux`,
      );
      await eventually(() => page.locator(".epoch h2").innerText()).toContain(
        alerts[alerts.length - 1].alertId,
      );
      await eventually(() => page.locator(".plot").first().innerText()).toContain(
        "Difference flux (µJy)",
      );
      const marks = page.locator(".plot").first().locator(".mark:not(.limit) path");
      const place = (await marks.last().boundingBox())!;
      await page.mouse.move(place.x + place.width / 2, place.y + place.height / 2);
      await eventually(() => page.locator(".tip").innerText()).toMatch(/µJy\nMJD \d{5}\.\d+/);
      // of that night, before anything is clicked
      await page.locator(".tip .cutout canvas").nth(2).waitFor({ timeout: 40_000 });
      const places = await Promise.all(
        [".tip canvas >> nth=2", ".tip figcaption >> nth=2"].map((part) =>
          page.locator(part).boundingBox(),
        ),
      );
      expect(places[1]!.y).toBeGreaterThan(places[0]!.y); // its name stands below it
      await page.mouse.click(place.x + place.width / 2, place.y + place.height / 2);
      await eventually(async () => page.url()).toContain("alert=");
      const ticks = () => page.locator(".plot .ground").first().textContent();
      const before = await ticks();
      await page.locator(".plot > svg").first().focus();
      await page.keyboard.press("+");
      await eventually(ticks).not.toBe(before);
      await page.keyboard.press("0");
      await eventually(ticks).toBe(before);
      await page.locator("label", { hasText: "Stretch" }).locator("select").selectOption("zscale");
      await page.locator(".copy", { hasText: match.objectId! }).first().click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(match.objectId);
    },
  );

  test(
    "finder chart and plots as files, and a phase function with its parameters",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit(`/object/ztf/${match.objectId}`);
      await page.locator(".finder path[fill^=rgb]").first().waitFor({ timeout: 40_000 });
      const saved = async (button: string) => {
        const [download] = await Promise.all([
          page.waitForEvent("download"),
          page.locator(".finder").getByRole("button", { name: button }).click(),
        ]);
        return readFileSync(await download.path());
      };
      const svg = (await saved("SVG")).toString();
      expect(svg).toMatch(/^<svg[^>]* xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
      expect(svg).toContain(match.objectId);
      const png = await saved("PNG");
      expect([png.toString("latin1", 1, 4), png.readUInt32BE(16)]).toEqual([
        "PNG",
        expect.any(Number),
      ]);
      expect(png.length).toBeGreaterThan(5000); // it shows something
      await page.getByLabel("Field").selectOption("300");
      await eventually(() => page.locator(".finder svg").getAttribute("aria-label")).toContain(
        "300″ wide",
      );
      await page.goto(`${portal.url}/sso/lsst/${encodeURIComponent(asteroids.lsst)}`);
      await eventually(() => page.locator("main").innerText()).toMatch(
        /G 0\.\d\d.*H\([a-z]\) \d+\.\d\d ± /s,
      );
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "the search box: slash, an id, a position, a class, nonsense",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit("/docs/lake");
      await page.locator("article h1").waitFor();
      await page.keyboard.press("/");
      await page.keyboard.type(match.alertId);
      await page.keyboard.press("Enter");
      await eventually(async () => page.url()).toContain(
        `/object/ztf/${match.objectId}?alert=${match.alertId}`,
      );
      const go = async (text: string) => {
        await page.locator("main > form input").fill(text);
        await page.keyboard.press("Enter");
        await page.waitForURL(/\/search\?q=/);
      };
      await go(`${match.ra} ${match.dec} 2m`);
      await eventually(() => page.locator(".data tbody").innerText()).toContain(match.objectId!);
      await page.locator(".rows").focus();
      await page.keyboard.press("Enter");
      await page.waitForURL(/\/(object|sso)\//);
      await go(`class:${match.class}`);
      await eventually(() => page.locator("main").innerText()).toMatch(/objects?: class/);
      await go("no such thing");
      await eventually(() => page.locator("main").innerText()).toContain(
        "In this lake nothing is known under “no such thing”.",
      );
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "a number of the account opens the list behind it, and back closes it",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit("/account");
      await page.getByRole("row", { name: "2026-09-15" }).getByRole("button").nth(1).click();
      await eventually(() => page.locator("h2").last().innerText()).toBe(
        "ZTF, night 2026-09-15: distinct",
      );
      await eventually(() => page.locator("main").innerText()).toContain("80 rows");
      await page.getByRole("button", { name: "Close" }).click();
      await page.locator("details > summary", { hasText: "received" }).last().click();
      await page.locator("details button.link").last().click(); // what a topic brought
      await eventually(() => page.locator("h2").last().innerText()).toMatch(/^ZTF, .+: archived$/);
      await page.goBack();
      await eventually(() => page.getByRole("button", { name: "Close" }).count()).toBe(0);
      expect(portal.complaints).toEqual([]);
    },
  );

  test("what the search offers as examples is in this lake", { timeout: 120_000 }, async () => {
    const page = await portal.visit("/search?q=400 5");
    await eventually(() => page.locator("main").innerText()).toContain(
      "right ascension is 0° to 360°",
    );
    await page.locator(".ways").getByRole("link", { name: "class:" }).first().click();
    await eventually(() => page.locator("main").innerText()).toMatch(/\d objects?: class/);
    expect(portal.complaints).toEqual([]);
  });

  test(
    "the sky: zoomed view is an address, a click opens what is there",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit("/sky?survey=ztf&frame=galactic&colour=filter");
      await eventually(() => page.locator(".sky-legend").innerText()).toContain("bright");
      const canvas = page.locator(".sky canvas");
      await canvas.focus();
      for (let i = 0; i < 4; i++) await page.keyboard.press("+");
      await eventually(async () => page.url()).toMatch(/view=[\d._-]+/);
      await page.reload();
      await eventually(() => page.locator("main").innerText()).toContain("around here");
      await page.keyboard.press("Escape");
      await page.getByRole("button", { name: "All sky" }).click();
      await eventually(async () => page.url()).not.toContain("view=");
      await page.screenshot({ path: "test-results/portal-sky-galactic.png" });
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "a filter is checked, run and explained before it is saved; its text is text",
    { timeout: 120_000 },
    async () => {
      const page = await portal.visit("/filters?survey=ztf");
      const text = page.getByLabel("The filter");
      await text.fill(
        "SELECT * FROM alerts WHERE candidate.magpsff < 20 -- <img src=x onerror=alert(1)>",
      );
      await page.getByRole("button", { name: "Check" }).click();
      await eventually(() => page.locator(".playground .failed").innerText()).toContain(
        "did you mean candidate.magpsf?",
      );
      await text.fill("SELECT * FROM alerts WHERE candidate.magpsf < 20");
      await page.getByRole("button", { name: "Run on" }).click();
      await eventually(() => page.locator(".playground").innerText()).toMatch(
        /2026-09-15: \d+ of 80 alerts/,
      );
      await page.getByPlaceholder("Alert id").fill(match.alertId);
      // what is half typed survives whatever draws the page anew meanwhile, as news of the stream
      // do
      await text.evaluate((area: HTMLTextAreaElement) => {
        area.value += "\n";
        area.dispatchEvent(new Event("input", { bubbles: true }));
      });
      await page.waitForTimeout(100);
      await page.keyboard.press("Tab");
      await eventually(() => page.locator(".explain").innerText()).toContain("✓ taken");
      await page.screenshot({ path: "test-results/portal-playground.png", fullPage: true });
      await text.fill("COPY (SELECT 1) TO 'x'");
      await page.getByRole("button", { name: "Check" }).click();
      await eventually(() => page.locator(".playground .failed").count()).toBe(1);
      expect(portal.complaints).toEqual([]);
    },
  );

  test(
    "an object is kept up to date, over a restart of the server too",
    { timeout: 240_000 },
    async () => {
      const page = await portal.visit(`/object/ztf/${match.objectId}`);
      await page.locator(".mark").first().waitFor({ timeout: 40_000 });
      const port = Number(new URL(portal.url).port);
      await portal.stop();
      await eventually(() => page.locator(".lost-connection").innerText()).toMatch(
        /No connection to the server since/,
      );
      await portal.start(port);
      await eventually(() => page.locator(".lost-connection").count()).toBe(0);
      const asked = page.waitForResponse(
        (response) => response.url().includes("/api/pages/object/"),
        { timeout: 90_000 },
      );
      await portal.small.more("2026-09-16");
      expect((await asked).ok()).toBe(true);
      await eventually(() => page.locator(".mark").count()).toBeGreaterThan(0);
    },
  );

  test(
    "whatever stands in an alert, a class, a filter or a document shows as text",
    { timeout: 120_000 },
    async () => {
      const evil = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;
      const row: AlertRow = {
        ...match,
        objectId: evil,
        class: evil,
        solarSystem: evil,
        band: evil,
      };
      const found: FoundRow = { ...row, alerts: 1 };
      const object = {
        survey: "ztf",
        objectId: evil,
        alerts: [row],
        points: [],
        matches: [{ ...match, ...row, filter: evil }],
      };
      const answers: Record<string, unknown> = {
        "**/api/pages/search*": { understood: evil, rows: [found], open: null, isCut: false },
        "**/api/pages/object/**": object,
        "**/api/pages/alert/**": { raw: [[evil, evil]], science: [["cdsxmatch", evil]] },
        "**/api/pages/now": {
          nights: [],
          classes: [[evil, 3]],
          matches: [{ ...match, ...row, filter: evil }],
          latest: [],
        },
        "**/api/pages/docs/text/**": {
          text: `# ${evil}\n\n${evil} [${evil}](javascript:alert(1)) **${evil}**\n\n| ${evil} |\n|---|\n| ${evil} |\n`,
        },
      };
      for (const path of ["/search?q=x", "/object/ztf/x", "/", "/docs/x"]) {
        const page = await (await portal.browser.newContext()).newPage();
        for (const [url, body] of Object.entries(answers))
          await page.route(url, (route) => route.fulfill({ json: body }));
        await page.goto(portal.url + path);
        await eventually(() => page.locator("main").innerText()).toContain(evil);
        expect(await page.title()).not.toBe("hacked");
        expect(await page.locator("main img, main script, a[href^='javascript']").count()).toBe(0);
      }
    },
  );

  test("the first page's scripts are small", () => {
    const assets = readdirSync(join(portal.pages, "assets")).filter((name) => name.endsWith(".js"));
    const bytes = assets.reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(portal.pages, "assets", name))).length,
      0,
    );
    expect(bytes, "all pages' scripts together, gzipped").toBeLessThan(200_000);
  });
});
