import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { cataloguesIn } from "../../src/lake/catalogues.ts";
import { firstFileOf } from "../../src/science/remote/unzip.ts";
import { alertsWith, moduleNamed, rowsOf, setupWith } from "./given.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-tns-"));
const header = '"objid","name_prefix","name","ra","declination","redshift","typeid","type"';
const first = [
  '"1","AT","2026abc","10","0","","",""',
  '"2","SN","2020xyz","200","-5","0.05","3","SN Ia"',
];
const second = [
  '"1","SN","2026abc","10","0","0.031","5","SN II"',
  first[1],
  '"3","AT","2026abd","30","1","","",""',
];
const listOf = (lines: readonly string[]) =>
  zipOf(Buffer.from(['"2026-11-26 00:00:00"', header, ...lines, ""].join("\n")));

const requests: { agent: string | undefined; body: string }[] = [];
let answer: Buffer | number = listOf(first);
const server = createServer((request, response) => {
  let body = "";
  request.on("data", (piece: Buffer) => void (body += String(piece)));
  request.on("end", () => {
    requests.push({ agent: request.headers["user-agent"], body });
    if (typeof answer === "number") response.writeHead(answer).end();
    else response.end(answer);
  });
});

const alerts = alertsWith({ "diaSource.ra": [10, 200, 30], "diaSource.dec": [0, -5, 1] });
const names = async () =>
  (await rowsOf(setup(), "tns_lsst", alerts)).rows.map((row) => row["xm.tns_fullname"]);
const changes = async (since: number) =>
  await (
    await moduleNamed(setup(), "tns_lsst")
  ).changes!(since, setup());
const day = 86_400_000;

let tns = "";
const marker = 'tns_marker{"tns_id":1,"type":"bot","name":"x"}';
const setup = () =>
  setupWith(join(folder, "lake"), {
    remote: { services: ["tns"], tns, tnsMarker: marker, password: "key" },
  });

beforeAll(async () => {
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  tns = `http://127.0.0.1:${(server.address() as AddressInfo).port}/list.zip`;
});
afterAll(() => {
  vi.useRealTimers();
  server.close();
  rmSync(folder, { recursive: true });
});

it("alerts wait until the list is there; one that TNS names or classifies a day later is found again", async () => {
  const today = Date.now();
  vi.useFakeTimers({ toFake: ["Date"], now: today });
  expect((await rowsOf(setup(), "tns_lsst", alerts)).pending).toEqual([0, 1, 2]);
  expect(await changes(0)).toEqual([]); // nothing was computed with an earlier list
  expect(requests).toEqual([{ agent: marker, body: "api_key=key" }]);
  expect(await names()).toEqual(["AT 2026abc", "SN 2020xyz", null]);
  await changes(today);
  expect(requests).toHaveLength(1); // it is today's

  vi.setSystemTime(today + day);
  answer = 503;
  expect(await changes(today)).toEqual([]);
  await changes(today);
  expect(requests).toHaveLength(2); // left alone for a while
  expect(await names()).toEqual(["AT 2026abc", "SN 2020xyz", null]);

  answer = listOf(second);
  vi.setSystemTime(today + day + 120_000);
  const places = await changes(today);
  expect(places.map(({ ra }) => ra).toSorted()).toEqual([10, 30]);
  expect(await names()).toEqual(["SN 2026abc", "SN 2020xyz", "AT 2026abd"]);
  expect(cataloguesIn(setup().lake)).toMatchObject([{ name: "tns", rows: 3 }]);
});

it("what is no archive, or not the whole of one, is refused", () => {
  const zip = zipOf(Buffer.from("some text, some text"));
  expect(String(firstFileOf(zip))).toBe("some text, some text");
  expect(() => firstFileOf(zip.subarray(0, 40))).toThrow("no ZIP archive");
  expect(() => firstFileOf(Buffer.from("<html></html>"))).toThrow("no ZIP archive");
});

/** One deflated file, with no more than what a reader needs. */
function zipOf(content: Buffer): Buffer {
  const packed = deflateRawSync(content);
  const name = Buffer.from("tns_public_objects.csv");
  const local = Buffer.alloc(30);
  local.write("PK\x03\x04", "latin1");
  local.writeUInt16LE(8, 8);
  local.writeUInt16LE(name.length, 26);
  const entry = Buffer.alloc(46);
  entry.write("PK\x01\x02", "latin1");
  entry.writeUInt16LE(8, 10);
  entry.writeUInt32LE(packed.length, 20);
  entry.writeUInt16LE(name.length, 28);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt32LE(local.length + name.length + packed.length, 16);
  return Buffer.concat([local, name, packed, entry, name, end]);
}
