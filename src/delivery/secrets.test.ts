import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { describe, expect, it } from "vitest";
import { configSchema } from "../config/schema.ts";
import type { TargetConfig } from "../config/targets.ts";
import { effectiveYaml, maskSecrets } from "../config/yaml.ts";
import { nested, toArrow } from "../science/results.ts";
import { openTarget, targetMask } from "./open.ts";
import type { Message } from "./target.ts";

const signal = new AbortController().signal;
const data = nested([["n", toArrow({ type: "int" }, { values: Int32Array.of(1) }, 1)]], 1);
const message = {
  id: "ztf/f@1/1",
  survey: "ztf",
  match: {
    object: null,
    alert: 1n,
    matched_at: 0n,
    ra: null,
    dec: null,
    mjd: null,
    revision: 0,
  } as Message["match"],
  filter: {
    name: "f",
    survey: "ztf",
    description: "",
    owner: "",
    deliver: [],
    columns: ["n"],
    topic: "f",
    keptAt: 0,
  },
  alert: { parts: [data, null], rows: [0, -1] },
  columns: {
    type: "struct",
    fields: [{ name: "n", type: "integer", nullable: true, metadata: {} }],
  },
} as Message;

const configOf = (target: object) => configSchema.parse({ delivery: { targets: { t: target } } });

describe("no secret of a target is in what is said of it", () => {
  it.each([
    [
      "a mail server's URL",
      { kind: "email", to: ["a@b"], from: "c@d", smtp: "smtp://me:hunter2@127.0.0.1:1" },
    ],
    [
      "a mail server's URL, with signs in the password",
      { kind: "email", to: ["a@b"], from: "c@d", smtp: "smtp://me:hunter2%40x@127.0.0.1:1" },
    ],
    [
      "a URL that is none",
      { kind: "email", to: ["a@b"], from: "c@d", smtp: "me:hunter2@127.0.0.1:1" },
    ],
    [
      "a webhook's URL",
      { kind: "webhook", url: "http://me:hunter2@127.0.0.1:1/hunter2", allowPrivate: true },
    ],
    [
      "a webhook's header",
      {
        kind: "webhook",
        url: "http://127.0.0.1:1/",
        allowPrivate: true,
        headers: { authorization: "Bearer hunter2\n" },
      },
    ],
  ])("%s", async (_, options) => {
    const config = configOf(options);
    const target = openTarget("t", config.delivery.targets["t"] as TargetConfig, config);
    const error: unknown = await target.send([message], signal).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: "FinkError", code: "delivery" });
    expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("hunter2");
    await target.close();
    expect(JSON.stringify(maskSecrets(config))).not.toContain("hunter2");
    expect(effectiveYaml({ config, origins: new Map() } as never)).not.toContain("hunter2");
  });

  it("the registry's URL, a password, one in a file, and its form in a URL", () => {
    const folder = mkdtempSync(join(tmpdir(), "fink-secrets-"));
    writeFileSync(join(folder, "password"), "from the file\n");
    const config = configOf({
      kind: "kafka",
      brokers: ["localhost:1"],
      registry: "http://me:in%40url@127.0.0.1:1",
      sasl: { username: "me", password: "in sasl", passwordFile: "" },
    });
    const mask = targetMask(config.delivery.targets["t"] as TargetConfig);
    expect(
      mask("http://me:in%40url@127.0.0.1:1/subjects refuses in@url and in sasl or in%20sasl"),
    ).toBe("http://***@127.0.0.1:1/subjects refuses *** and *** or ***");
    const mail = targetMask(
      configOf({
        kind: "email",
        to: ["a@b"],
        from: "c@d",
        smtp: "smtp://x",
        passwordFile: join(folder, "password"),
      }).delivery.targets["t"] as TargetConfig,
    );
    expect(mail("535 from the file is wrong")).toBe("535 *** is wrong");
    expect(JSON.stringify(maskSecrets(config))).not.toContain("in%40url");
    rmSync(folder, { recursive: true });
  });
});
