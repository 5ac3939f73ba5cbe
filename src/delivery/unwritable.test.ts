import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import type { TargetConfig } from "../config/targets.ts";
import { nested, toArrow } from "../science/results.ts";
import { openTarget } from "./open.ts";
import type { Message, Refusal } from "./target.ts";

const data = nested([["n", toArrow({ type: "int" }, { values: Int32Array.of(1, 2, 3) }, 3)]], 3);
const keptAt = 0;
const message = (row: number, match: Partial<Message["match"]> = {}): Message => ({
  id: `ztf/f@1/${row}`,
  survey: "ztf",
  match: {
    object: null,
    alert: BigInt(row),
    ra: 1,
    dec: 1,
    mjd: 61_000,
    revision: 0,
    matched_at: 10n ** 15n,
    ...match,
  } as Message["match"],
  filter: {
    name: "f",
    survey: "ztf",
    description: "",
    owner: "",
    deliver: [],
    columns: ["n"],
    topic: "f",
    keptAt,
  },
  alert: { parts: [data, null], rows: [row, -1] },
  columns: {
    type: "struct",
    fields: [{ name: "n", type: "integer", nullable: true, metadata: {} }],
  },
});
const noTime = { mjd: 1e15, matched_at: 10n ** 19n }; // no Date holds these

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fink-unwritable-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function send(options: object, messages: readonly Message[]): Promise<readonly Refusal[]> {
  const config = configSchema.parse({ delivery: { targets: { t: options } } });
  const target = openTarget("t", config.delivery.targets["t"] as TargetConfig, config);
  return await target.send(messages, new AbortController().signal).finally(() => target.close());
}

describe("a match of which no message can be made is refused, and the others go", () => {
  it("as VOEvents", async () => {
    const refused = await send({ kind: "files", folder, format: "voevent" }, [
      message(0),
      message(1, noTime),
      message(2),
    ]);
    expect(refused.map(({ message: { id }, reason }) => [id, reason])).toEqual([
      ["ztf/f@1/1", "it cannot be written: Invalid time value"],
    ]);
    expect(readdirSync(join(folder, "f"))).toEqual(["ztf_f_1_0.xml", "ztf_f_1_2.xml"]);
  });

  it("to a webhook", async () => {
    const ids: string[] = [];
    const server = createServer((request, response) => {
      ids.push(String(request.headers["webhook-id"]));
      request.resume().on("end", () => response.end());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const refused = await send({ kind: "webhook", url, allowPrivate: true, parallel: 1 }, [
      message(0),
      message(1, noTime),
      message(2),
    ]);
    server.close();
    expect(refused.map(({ message: { id }, reason }) => [id, reason])).toEqual([
      ["ztf/f@1/1", "cannot be told of it: Invalid time value (1 attempts)"],
    ]);
    expect(ids).toEqual(["ztf/f@1/0", "ztf/f@1/2"]);
  });
});
