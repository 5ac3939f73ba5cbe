import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { RemoteLedger, remoteTroubles } from "../../src/science/remote/ledger.ts";
import { ledgerOf } from "../../src/science/remote/remote-source.ts";
import { alertsWith, rowsOf, setupWith } from "./given.ts";
import { type Behaviour, type XmatchServer, xmatchServer } from "./xmatch-server.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-remote-"));
afterAll(() => rmSync(folder, { recursive: true }));

const arcsec = 1 / 3600;
const sources = {
  simbad: [
    { ra: 10, dec: 0.9 * arcsec, main_type: "Star", otype: "*" },
    { ra: 10, dec: 0.3 * arcsec, main_type: "RRLyrae", otype: "RR*" },
  ],
  "vizier:I/355/gaiadr3": [
    {
      ra: 10,
      dec: 0,
      DR3Name: 'Gaia DR3 1, the "first"',
      Plx: "0.358",
      e_Plx: "",
      VarFlag: "VARIABLE",
    },
  ],
};
const alerts = alertsWith({ "candidate.ra": [10, 200, 10], "candidate.dec": [0, 0, 0] });

let server: XmatchServer;
let lakes = 0;
/** A lake of its own, so that nothing is known. */
function setup(services: readonly string[], more: object = {}) {
  return setupWith(join(folder, `lake${lakes++}`), {
    remote: { services, cds: server.url, perSecond: 1000, waitSeconds: 5, ...more },
  });
}

beforeEach(async () => void (server = await xmatchServer(sources)));
afterEach(() => {
  server.close();
  vi.useRealTimers();
});

describe("CDS", () => {
  it("is asked once for all positions of a batch; the nearest source counts, and none has Fink's words", async () => {
    const own = setup(["simbad", "gaia"]);
    const { rows, pending } = await rowsOf(own, "simbad_ztf", alerts);
    expect(rows.map(({ cdsxmatch }) => cdsxmatch)).toEqual(["RRLyrae", "Unknown", "RRLyrae"]);
    expect(pending).toEqual([]);
    expect(server.requests).toEqual([{ table: "simbad", positions: 2 }]);
    expect((await rowsOf(own, "gaia_ztf", alerts)).rows.slice(0, 2)).toEqual([
      { DR3Name: 'Gaia DR3 1, the "first"', Plx: Math.fround(0.358), e_Plx: null, gaiaVarFlag: 1 },
      { DR3Name: "nan", Plx: null, e_Plx: null, gaiaVarFlag: 0 },
    ]);
  });

  it("is not asked again what it has said, also that there is nothing, and also for another survey", async () => {
    const own = setup(["simbad"]);
    await rowsOf(own, "simbad_ztf", alerts);
    const { rows } = await rowsOf(
      own,
      "simbad_lsst",
      alertsWith({ "diaSource.ra": [10, 200], "diaSource.dec": [0, 0] }),
    );
    expect(rows.map((row) => row["xm.simbad_otype"])).toEqual(["RR*", null]);
    expect(server.requests).toHaveLength(1);
  });

  const faults: [string, Behaviour, RegExp][] = [
    ["500", { status: 500 }, /answered 500/],
    ["504", { status: 504 }, /answered 504/],
    [
      "a page instead of a table",
      { body: "<html>down for maintenance</html>\n" },
      /has the columns <html>down/,
    ],
    [
      "other columns",
      { body: "angDist,alert,main_type\n0.1,p0,Star\n" },
      /has the columns angDist, alert, main_type, not angDist, alert, main_type, otype/,
    ],
    [
      "an alert that nobody asked for",
      { body: "angDist,alert,main_type,otype\n0.1,p7,Star,*\n" },
      /a line of its answer is 0.1,p7/,
    ],
    [
      "a distance beyond the radius",
      { body: "angDist,alert,main_type,otype\n30,p0,Star,*\n" },
      /a line of its answer is 30,p0/,
    ],
    ["nothing", { body: "" }, /ends within a line/],
    ["half an answer", "cut", /ends within a line/],
    ["no answer", "hang up", /fetch failed|terminated|closed/],
  ];
  it.each(faults)(
    "that gives %s leaves alerts waiting, and is left alone at once",
    async (_, behaviour, error) => {
      const own = setup(["simbad"]);
      server.behaviours = [behaviour, "answer"];
      for (let again = 0; again < 3; again++) {
        const { rows, pending } = await rowsOf(own, "simbad_ztf", alerts);
        expect(rows.map(({ cdsxmatch }) => cdsxmatch)).toEqual([null, null, null]);
        expect(pending).toEqual([0, 1, 2]);
      }
      expect(server.requests).toHaveLength(1);
      expect(remoteTroubles(own.lake)).toEqual([expect.stringMatching(error)]);
    },
  );

  it("that says nothing for too long has failed", async () => {
    const own = setup(["simbad"], { timeoutSeconds: 0.1 });
    server.behaviours = [{ afterMs: 1000 }];
    expect((await rowsOf(own, "simbad_ztf", alerts)).pending).toEqual([0, 1, 2]);
    expect(remoteTroubles(own.lake)).toEqual([expect.stringContaining("timeout")]);
  });

  it("is tried by one after a pause that doubles, and asked by all when it answers", async () => {
    vi.useFakeTimers({ toFake: ["Date"], now: 1e12 });
    const own = setup(["simbad"]);
    server.behaviours = [{ status: 500 }];
    const waiting = async (atSeconds: number) => {
      vi.setSystemTime(1e12 + 1000 * atSeconds);
      return (await rowsOf(own, "simbad_ztf", alerts)).pending.length;
    };
    const asked = async (atSeconds: number) => (await waiting(atSeconds), server.requests.length);
    expect([
      await asked(0),
      await asked(4.9),
      await asked(5.1),
      await asked(15),
      await asked(15.2),
    ]).toEqual([1, 1, 2, 2, 3]);
    server.behaviours = ["answer"];
    expect([await waiting(20), await waiting(36)]).toEqual([3, 0]);
    expect(remoteTroubles(own.lake)).toEqual([]);
    expect(ledgerOf(own.lake).stateOf("simbad")).toMatchObject({ failures: 0, error: null });
  });

  it("that is slow keeps no alert for longer than a while; its answer is there when it is asked for again", async () => {
    const own = setup(["simbad"], { waitSeconds: 0.05 });
    server.behaviours = [{ afterMs: 400 }];
    const startedAt = performance.now();
    expect((await rowsOf(own, "simbad_ztf", alerts)).pending).toEqual([0, 1, 2]);
    expect(performance.now() - startedAt).toBeLessThan(350);
    expect((await rowsOf(own, "simbad_ztf", alerts)).pending).toEqual([0, 1, 2]);
    await sleep(600);
    const { rows, pending } = await rowsOf(own, "simbad_ztf", alerts);
    expect([rows[0].cdsxmatch, pending]).toEqual(["RRLyrae", []]);
    expect(server.requests).toHaveLength(1);
  });

  it("gets what several batches want in one request, and no more requests than allowed", async () => {
    const own = setup(["simbad"], { perSecond: 4 });
    const batch = (n: number) =>
      alertsWith({ "candidate.ra": [20 + n, 40 + n], "candidate.dec": [1, 1] });
    await Promise.all([0, 1, 2].map(async (n) => await rowsOf(own, "simbad_ztf", batch(n))));
    expect(server.requests).toEqual([{ table: "simbad", positions: 6 }]);
    const startedAt = performance.now();
    await Promise.all([3, 4].map(async (n) => await rowsOf(own, "simbad_ztf", batch(n))));
    expect(performance.now() - startedAt).toBeGreaterThan(150); // the rest of a quarter of a second
    expect(server.requests).toHaveLength(2);
  });
});

it("more positions than a request may hold go in several, also of one batch; what comes late is there later", async () => {
  const count = 25_000;
  const many = alertsWith({
    "candidate.ra": Array.from({ length: count }, (_, i) => i / 100),
    "candidate.dec": Array.from({ length: count }, () => 1),
  });
  expect((await rowsOf(setup(["simbad"]), "simbad_ztf", many)).pending).toEqual([]);
  expect(server.requests.map(({ positions }) => positions).toSorted((a, b) => b - a)).toEqual([
    10_000, 10_000, 5000,
  ]);
  const own = setup(["simbad"], { waitSeconds: 0 });
  expect((await rowsOf(own, "simbad_ztf", many)).pending).toHaveLength(count);
  await vi.waitFor(
    () =>
      expect(
        ledgerOf(own.lake).answers("simbad", [`${(count - 1) / 100}00000 1.0000000`], Date.now())
          .size,
      ).toBe(1),
    5000,
  );
  expect((await rowsOf(own, "simbad_ztf", many)).pending).toEqual([]);
});

it("a ledger that cannot be written leaves alerts waiting, and is used again when it can be", async () => {
  const own = setup(["simbad"]);
  const blocked = vi.spyOn(RemoteLedger.prototype, "admit").mockImplementation(() => {
    throw new Error("database or disk is full");
  });
  expect((await rowsOf(own, "simbad_ztf", alerts)).pending).toEqual([0, 1, 2]);
  blocked.mockRestore();
  expect((await rowsOf(own, "simbad_ztf", alerts)).pending).toEqual([]);
});

describe("the ledger", () => {
  it("keeps what was found for a week, what was not for a day, and only so much", () => {
    const ledger = new RemoteLedger(join(folder, "ledger"), 1000);
    const [day, now] = [86_400_000, 1e12];
    ledger.keep(
      "simbad",
      new Map([
        ["1 1", ["Star", "*"]],
        ["2 2", null],
      ]),
      now,
    );
    const known = (at: number) => [
      ...ledger.answers("simbad", ["1 1", "2 2", "3 3"], now + at).keys(),
    ];
    expect([known(0), known(0.9 * day), known(1.1 * day), known(7.1 * day)]).toEqual([
      ["1 1", "2 2"],
      ["1 1", "2 2"],
      ["1 1"],
      [],
    ]);
    expect(ledger.answers("vsx", ["1 1"], now)).toEqual(new Map());
    for (let n = 0; n < 64; n++)
      ledger.keep(
        "gaia",
        new Map(Array.from({ length: 50 }, (_, i) => [`${n} ${i}`, null] as const)),
        now + n,
      );
    const left = Array.from(
      { length: 64 },
      (_, n) => ledger.answers("gaia", [`${n} 0`], now + 64).size,
    );
    expect(left.reduce((sum, one) => sum + one, 0)).toBeLessThanOrEqual(20);
    expect([left[0], left[63]]).toEqual([0, 1]);
    ledger.close();
  });

  it("spaces requests of all who share it", () => {
    const lake = join(folder, "shared");
    const [a, b] = [new RemoteLedger(lake), new RemoteLedger(lake)];
    const options = { longestWaitMs: 1000, betweenMs: 500, trialMs: 1000 };
    const delays = [a, b, a, b, a].map((ledger) => ledger.admit("simbad", 1e12, options));
    expect(delays).toEqual([0, 500, 1000, null, null]);
    expect(b.admit("simbad", 1e12 + 700, options)).toBe(800);
    a.close();
    b.close();
  });
});
