import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DeliveryStore } from "../../src/delivery/store.ts";
import { startFink } from "../archive/process.ts";
import { lakeOfAlerts } from "../science/lake.ts";

const alerts = 40;
let folder = "";
let science = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fink-queue-"));
  science = join(folder, "science");
  await lakeOfAlerts(science, alerts);
  await fink(science, ["start", "science", "--once"]);
}, 90_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a command on the lake and returns its output. It has to succeed. */
async function fink(
  lake: string,
  args: readonly string[],
  more: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { code, output } = await startFink(args, {
    FINK_LAKE: lake,
    FINK_FILTERS_FOLDER: join(lake, "filters"),
    FINK_FILTERS_SHIPPED: "false",
    FINK_LOG_LEVEL: "warn",
    FINK_DELIVERY_TARGETS: JSON.stringify({
      disk: { kind: "files", folder: join(lake, "out"), format: "voevent" },
    }),
    ...more,
  }).ended;
  if (code !== 0) throw new Error(`fink ${args.join(" ")}: ${code}\n${output}`);
  return output;
}

function lakeWith(name: string, filters: Readonly<Record<string, string>>): string {
  const lake = join(folder, name);
  cpSync(science, lake, { recursive: true });
  for (const [file, text] of Object.entries(filters)) write(lake, file, text);
  return lake;
}

function write(lake: string, file: string, text: string): void {
  const path = join(lake, "filters/ztf", file);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** Number of alerts that the target `disk` has of a filter. */
function sent(lake: string, filter: string): number {
  const into = join(lake, "out", filter);
  return existsSync(into) ? readdirSync(into).length : 0;
}

function deadLetters(lake: string): { target: string; id: string; reason: string }[] {
  const store = DeliveryStore.open(lake);
  try {
    return store.dead().map(({ target, id, reason }) => ({ target, id, reason }));
  } finally {
    store.close();
  }
}

const all = (deliver: string) =>
  `-- quality: all\n-- deliver: ${deliver}\n-- columns: candid\nSELECT * FROM alerts WHERE true\n`;
const allTs = `export default { description: "all", quality: "all", deliver: ["disk"], columns: ["candid"], needs: ["candid"],
  select: (alerts) => new Uint8Array(alerts.count).fill(1) };\n`;

describe("a match leaves the queue only when it was sent or refused", { timeout: 60_000 }, () => {
  it("is sent though its .ts filter does not load any more", async () => {
    const lake = lakeWith("broken-ts", { "all.ts": allTs });
    await fink(lake, ["start", "filter", "--once"]);
    write(lake, "all.ts", "export default {");
    await fink(lake, ["start", "delivery", "--once"]);
    expect([sent(lake, "all"), deadLetters(lake)]).toEqual([alerts, []]);
  });

  it.each([
    ["all.ts", allTs],
    ["all.sql", all("disk")],
  ])("is sent though the file %s was deleted", async (file, text) => {
    const lake = lakeWith(`deleted-${file}`, { [file]: text });
    await fink(lake, ["start", "filter", "--once"]);
    rmSync(join(lake, "filters/ztf", file));
    await fink(lake, ["start", "delivery", "--once"]);
    expect([sent(lake, "all"), deadLetters(lake)]).toEqual([alerts, []]);
  });

  it("is sent by the version that found it, though the filter has another target now", async () => {
    const lake = lakeWith("retargeted", { "all.sql": all("disk") });
    await fink(lake, ["start", "filter", "--once"]);
    write(lake, "all.sql", all("elsewhere"));
    await fink(lake, ["start", "filter", "--once"]);
    await fink(lake, ["start", "delivery", "--once"]);
    expect(sent(lake, "all")).toBe(alerts);
  });

  it("is sent to a new target that a later version of its filter names", async () => {
    const lake = lakeWith("named-later", { "all.sql": all("") });
    await fink(lake, ["start", "filter", "--once"]);
    write(lake, "all.sql", all("disk"));
    await fink(lake, ["start", "filter", "--once"]);
    await fink(lake, ["start", "delivery", "--once"]);
    expect(sent(lake, "all")).toBe(alerts);
  });

  it("is sent by the header of the kept text in a lake of an older Fink, and is a dead letter where nothing is kept", async () => {
    const lake = lakeWith("older", {
      "all.sql": all("disk"),
      "gone.sql": all("disk"),
      "other.ts": allTs,
    });
    await fink(lake, ["start", "filter", "--once"]);
    const versions = join(lake, ".fink/filters/versions/ztf");
    for (const name of ["all", "other"]) rmSync(join(versions, name, "1.json"));
    rmSync(join(versions, "gone"), { recursive: true });
    rmSync(join(lake, "filters"), { recursive: true });
    await fink(lake, ["start", "delivery", "--once"]);
    expect([sent(lake, "all"), sent(lake, "other"), sent(lake, "gone")]).toEqual([alerts, 0, 0]);
    const letters = deadLetters(lake).filter(({ target }) => target === "disk");
    expect(Object.groupBy(letters, ({ id }) => id.split("@")[0])).toMatchObject({
      "ztf/gone": { length: alerts },
      "ztf/other": { length: alerts },
    });
    expect(letters[0].reason).toContain("Nothing is kept of version 1 of filter");
    // the filter's file comes back: the filter service keeps what it says, and the letters can be
    // sent
    write(lake, "other.ts", allTs);
    await fink(lake, ["start", "filter", "--once"]);
    await fink(lake, ["deliveries", "redrive", "--target", "disk"]);
    await fink(lake, ["start", "delivery", "--once"]);
    expect([
      sent(lake, "other"),
      deadLetters(lake).filter(({ target }) => target === "disk").length,
    ]).toEqual([alerts, alerts]);
  });
});

describe("the first run of a filter over an old lake", { timeout: 60_000 }, () => {
  it("sends no old alerts, until somebody asks for them", async () => {
    const lake = lakeWith("old", { "all.sql": all("disk") });
    const [night] = readdirSync(join(lake, "ztf/raw")).flatMap(
      (name) => /^night=(\d{8})$/.exec(name)?.[1] ?? [],
    );
    // all alerts came before the filter
    const late = { FINK_DELIVERY_NEW_TARGET_HOURS: "0" };
    await fink(lake, ["start", "filter", "--once"]);
    await fink(lake, ["start", "delivery", "--once"], late);
    expect([sent(lake, "all"), deadLetters(lake)]).toEqual([0, []]);
    await fink(
      lake,
      ["deliveries", "resend", "--filter", "all", "--night", night, "--target", "disk"],
      late,
    );
    await fink(lake, ["start", "delivery", "--once"], late);
    expect([sent(lake, "all"), deadLetters(lake)]).toEqual([alerts, []]);
  });

  it("of a night that filter rerun goes through is sent", async () => {
    const lake = lakeWith("rerun", {});
    const [night] = readdirSync(join(lake, "ztf/raw")).flatMap(
      (name) => /^night=(\d{8})$/.exec(name)?.[1] ?? [],
    );
    await fink(lake, ["start", "filter", "--once"]);
    write(lake, "all.sql", all("disk"));
    await fink(lake, ["filter", "rerun", "all", "--night", night]);
    await fink(lake, ["start", "delivery", "--once"], { FINK_DELIVERY_NEW_TARGET_HOURS: "0" });
    expect(sent(lake, "all")).toBe(alerts);
  });
});
