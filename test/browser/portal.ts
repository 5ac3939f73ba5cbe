import type { Browser, Page } from "playwright-core";
import { LakeReader } from "../../src/api/lake-reader.ts";
import { PageLake } from "../../src/api/pages/lake.ts";
import { type RunningServer, startServer } from "../../src/api/server.ts";
import { Sources } from "../../src/serving/sources.ts";
import { builtPages } from "../../src/services/ui.ts";
import { loadSurveys } from "../../src/surveys/surveys.ts";
import { openBrowser } from "./browser.ts";
import { type SmallLake, smallLake } from "./small-lake.ts";

/** The theme that a page has at first; its button gives the other. */
export const screens = [
  { name: "wide", viewport: { width: 1440, height: 900 }, colorScheme: "dark" },
  { name: "narrow", viewport: { width: 390, height: 844 }, colorScheme: "light" },
] as const;
export type Screen = (typeof screens)[number];

const surveys = loadSurveys("conf/surveys");

/**
 * The pages over a small lake, in a browser; what the browser or the server complains of is kept.
 */
export class Portal {
  readonly small: SmallLake;
  readonly pages: string;
  readonly browser: Browser;
  complaints: string[] = [];
  #server!: RunningServer;
  #sources!: Sources;

  private constructor(small: SmallLake, pages: string, browser: Browser) {
    this.small = small;
    this.pages = pages;
    this.browser = browser;
  }

  static async open(): Promise<Portal> {
    const portal = new Portal(...(await Promise.all([smallLake(), builtPages(), openBrowser()])));
    await portal.start();
    return portal;
  }

  get url(): string {
    return this.#server.url;
  }

  async start(port = 0): Promise<void> {
    const { lake, filters } = this.small;
    this.#sources = new Sources(lake, surveys);
    this.#server = await startServer({
      host: "127.0.0.1",
      port,
      lake,
      view: new LakeReader(lake, surveys, this.#sources),
      pageLake: new PageLake(lake, surveys, { folder: filters }, this.#sources),
      sources: this.#sources,
      pages: this.pages,
      elsewhere: async () => new Response("<Sesame></Sesame>"),
      logError: (error) => this.complaints.push(String(error)),
    });
  }

  async stop(): Promise<void> {
    await this.#server.close();
    await this.#sources.close();
  }

  async closePages(): Promise<void> {
    for (const context of this.browser.contexts()) await context.close();
  }

  async end(): Promise<void> {
    await this.browser.close();
    await this.stop();
    this.small.end();
  }

  async json<T>(path: string): Promise<T> {
    return (await (await fetch(this.url + path)).json()) as T;
  }

  async visit(path: string, screen: Screen = screens[0]): Promise<Page> {
    const context = await this.browser.newContext({
      ...screen,
      permissions: ["clipboard-read", "clipboard-write"],
    });
    const page = await context.newPage();
    page.on(
      "console",
      (message) => message.type() === "error" && this.complaints.push(`${path}: ${message.text()}`),
    );
    page.on("pageerror", (error) => this.complaints.push(`${path}: ${error.message}`));
    await page.goto(this.url + path);
    return page;
  }
}
