import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { loadConfig } from "./load.ts";
import { configSchema } from "./schema.ts";
import { secretOf } from "./secrets.ts";
import { effectiveYaml, maskSecrets } from "./yaml.ts";

let home: string;
const write = (name: string, text: string) => writeFileSync(join(home, name), text);
const load = (file?: string, env: NodeJS.ProcessEnv = {}, settings = {}) =>
  loadConfig({ file, settings }, { FINK_HOME: home, ...env }, "/here");

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "fink-config-"));
  mkdirSync(join(home, "conf"));
});
afterEach(() => rmSync(home, { recursive: true }));

describe("precedence", () => {
  test("defaults, then the file, then variables, then the command line", () => {
    write("conf/fink.yaml", "kafka: { group: file, survey: file, start: latest }\n");
    const env = { FINK_KAFKA_GROUP: "variable", FINK_KAFKA_SURVEY: "variable" };
    const { config } = load(undefined, env, { "kafka.group": "flag" });
    expect(config.kafka).toMatchObject({
      group: "flag",
      survey: "variable",
      start: "latest",
      discoverSeconds: 30,
    });
  });

  test("variables become lists and numbers", () => {
    const { config } = load(undefined, {
      FINK_KAFKA_BROKERS: "a:1, b:2",
      FINK_ARCHIVE_TRIGGER_SECONDS: "0.5",
    });
    expect(config.kafka.brokers).toEqual(["a:1", "b:2"]);
    expect(config.archive.triggerSeconds).toBe(0.5);
  });

  test("an empty variable and a key without value leave the default", () => {
    write("conf/fink.yaml", "kafka:\n  group:\n");
    expect(load(undefined, { FINK_KAFKA_START: "" }).config.kafka).toMatchObject({
      group: "fink-archive",
      start: "earliest",
    });
  });

  test("paths start at FINK_HOME in a file, at the current folder elsewhere", () => {
    write("conf/fink.yaml", "lake: alerts\nfiles: { watch: [incoming, /data] }\n");
    expect(load().config.lake).toBe(join(home, "alerts"));
    expect(load().config.files.watch).toEqual([join(home, "incoming"), "/data"]);
    expect(load(undefined, { FINK_LAKE: "mine" }).config.lake).toBe("/here/mine");
    expect(load(undefined, {}, { lake: "other" }).config.lake).toBe("/here/other");
    expect(load().config.kafka.tls.ca).toBe("");
  });

  test("a file is also looked for in conf/ of FINK_HOME", () => {
    write("conf/night.yaml", "ui: { port: 5001 }\n");
    expect(load("night.yaml").config.ui.port).toBe(5001);
    expect(() => load("day.yaml")).toThrow(
      `there is no configuration file day.yaml; looked for /here/day.yaml and ${home}/conf/day.yaml`,
    );
  });
});

describe("mistakes", () => {
  const yaml = (text: string) => () => {
    write("conf/fink.yaml", text);
    return load();
  };

  test.each([
    [
      "kafka:\n  group: x\n  broker: [a:1]\n",
      "conf/fink.yaml line 3: kafka.broker is not a key; did you mean kafka.brokers?",
    ],
    [
      "triggerSeconds: 2\n",
      "line 1: triggerSeconds is not a key; did you mean archive.triggerSeconds?",
    ],
    ["kafka: localhost:9092\n", "line 1: kafka is a group; below it can stand brokers, topics,"],
    ["kafka:\n  security: tls\n", 'kafka.security is "tls" ('],
    [
      "kafka:\n  security: tls\n",
      "conf/fink.yaml line 2): allowed are plaintext, ssl, sasl_plaintext, sasl_ssl",
    ],
    [
      "kafka:\n  start: tomorrow\n",
      "allowed are earliest, latest or a time such as 2026-01-31T00:00:00Z",
    ],
    ["kafka:\n  brokers: [localhost]\n", "write host:port, e.g. localhost:9092"],
    ["archive:\n  sources: [kafka, disk]\n", "allowed are kafka, files"],
    ["kafka: [\n", "fink.yaml is not valid YAML"],
    ["- 1\n", "the file holds no keys"],
  ])("%j", (text, message) => {
    expect(yaml(text)).toThrow(message);
  });

  test("a variable that is none is named with the nearest that is", () => {
    const { notes } = load(undefined, { FINK_KAFKA_BROKER: "a:1", FINK_REQUIRE: "kafka" });
    expect(notes).toEqual([
      "the environment variable FINK_KAFKA_BROKER means nothing to Fink; did you mean FINK_KAFKA_BROKERS?",
    ]);
  });

  test.each([
    "s3://bucket/lake",
    "hdfs:///lake",
    "abfss://c@a.dfs.core.windows.net/lake",
    "file:/data/lake",
    "GS://b",
  ])("a lake elsewhere, %s, is refused wherever it is named", (lake) => {
    const message = `lake is "${lake}" (`;
    expect(yaml(`lake: "${lake}"\n`)).toThrow(message);
    expect(() => load(undefined, { FINK_LAKE: lake })).toThrow(
      `${message}FINK_LAKE): it has to be a path of this machine`,
    );
    expect(() => loadConfig({ settings: { lake } }, { FINK_HOME: home })).toThrow(
      `${message}command line)`,
    );
    expect(yaml(`files: { watch: ["/a", "${lake}"] }\n`)).toThrow(`files.watch is "${lake}" (`);
  });

  test("a wrong secret is not repeated", () => {
    write("conf/fink.yaml", "kafka: { sasl: { password: 1234567 } }\n");
    expect(() => load()).toThrow(/^kafka\.sasl\.password is wrong \((?!.*1234567)/);
  });
});

describe("the older KEY=VALUE form", () => {
  test("every key it had", () => {
    write(
      "conf/fink.conf",
      [
        "# Fink broker",
        "export KAFKA_IPPORT=a.org:9092,b.org:9093 # two",
        'KAFKA_TOPIC="ztf_.*"',
        "KAFKA_STARTING_OFFSET='latest'",
        "FINK_TRIGGER_UPDATE=2",
        "FINK_ALERT_PATH=${FINK_HOME}/archive/$KAFKA_STARTING_OFFSET",
        "FINK_UI_PORT=5005",
        "SPARK_MASTER=local[2]",
      ].join("\n"),
    );
    const { config, notes } = load("fink.conf");
    expect(config.kafka).toMatchObject({
      brokers: ["a.org:9092", "b.org:9093"],
      topics: ["ztf_*"],
      start: "latest",
    });
    expect(config.archive.triggerSeconds).toBe(2);
    expect(config.lake).toBe(join(home, "archive/latest"));
    expect(config.ui.port).toBe(5005);
    expect(notes).toEqual([
      `${home}/conf/fink.conf: no longer needed: SPARK_MASTER (Fink needs no Spark)`,
    ]);
  });

  test("a file of 2019: lines continued with a backslash, variables nobody set, keys of Spark", () => {
    write(
      "conf/fink.conf",
      [
        'KAFKA_IPPORT="localhost:29092"',
        'KAFKA_TOPIC=""',
        'SPARK_MASTER="local[*]"',
        'EXTRA_SPARK_CONFIG=""',
        "EXTRA_SPARK_CONFIG+='--conf spark.executorEnv.HOME=/opt/somewhere '",
        "FINK_PACKAGES=\\",
        "org.example:kafka_2.11:2.4.0,\\",
        "org.example:avro_2.11:2.4.0",
        "HBASE_XML_CONF=${SPARK_HOME}/conf/hbase-site.xml",
        "FINK_ALERT_PATH=${NOBODY_SET_THIS:-${FINK_HOME}}/archive",
        "KAFKA_PORT_SIM=29092 # of the simulator",
        'KAFKA_IPPORT_SIM="localhost:${KAFKA_PORT_SIM}"',
        "PYSPARK_DRIVER_PYTHON=`which ipython`",
        "declare -a PORTS",
        "LOG_LEVEL=INFO",
      ].join("\n"),
    );
    const { config, notes } = load("fink.conf");
    expect(config.kafka).toMatchObject({
      brokers: ["localhost:29092"],
      topics: configSchema.parse({}).kafka.topics,
    });
    expect(config.log.level).toBe("info");
    expect(notes).toEqual([
      expect.stringMatching(
        /fink\.conf: no longer needed: SPARK_MASTER, EXTRA_SPARK_CONFIG, FINK_PACKAGES, PYSPARK_DRIVER_PYTHON \(Fink needs no Spark\); KAFKA_PORT_SIM, KAFKA_IPPORT_SIM \(\.\/fink simulate .*\); HBASE_XML_CONF \(/,
      ),
      expect.stringMatching(/fink\.conf: shell commands are not run: line 14$/),
    ]);
  });

  test("a file of a later release: a lake on HDFS is not made a folder of that name, and is named", () => {
    write(
      "conf/fink.conf",
      'ONLINE_DATA_PREFIX="hdfs://10.0.0.1:8020///user/me/online"\nLSST_KAFKA_SERVER=alerts.example.org:9094\nKAFKA_TOPICS=a\nSASL_MECHANISMS=\n',
    );
    const { config, notes } = load("fink.conf");
    expect(config.lake).toBe(join(home, "lake"));
    expect(config.kafka.brokers).toEqual(["alerts.example.org:9094"]);
    expect(notes).toEqual([
      expect.stringMatching(
        /line 1: ONLINE_DATA_PREFIX=hdfs:.* is not used: a lake is a folder of this machine; set `lake`$/,
      ),
      expect.stringMatching(
        /no key of Fink, ignored: KAFKA_TOPICS \(did you mean KAFKA_TOPIC\?\)$/,
      ),
    ]);
  });

  test("a variable that other lines are made of is not called ignored", () => {
    write(
      "conf/fink.conf",
      "FINK_HOME=/opt/fink\nHOST=kafka.example\nKAFKA_IPPORT=$HOST:9092\nOTHER=1\n",
    );
    const { config, notes } = load("fink.conf");
    expect(config.kafka.brokers).toEqual(["kafka.example:9092"]);
    expect(notes).toEqual([expect.stringMatching(/ignored: FINK_HOME, OTHER$/)]);
  });

  test.each([
    ["KAFKA_TOPIC=a b", "line 1: `a b` has several words; put quotes around a value with spaces"],
    ['KAFKA_TOPIC="a', 'line 1: a quote in `"a` is never closed'],
    ["FINK_UI_PORT=http", 'ui.port is "http" ('],
  ])("%s", (text, message) => {
    write("fink.conf", text);
    expect(() => load(join(home, "fink.conf"))).toThrow(message);
  });
});

describe("secrets", () => {
  test("are masked in what is printed, and the origin of a value is told", () => {
    write("conf/fink.yaml", "schemas: { password: from-file }\n");
    const loaded = load(undefined, { FINK_KAFKA_SASL_PASSWORD: "from-env" });
    expect(loaded.config.kafka.sasl.password).toBe("from-env");
    expect(effectiveYaml(loaded)).not.toMatch(/from-(env|file)/);
    expect(effectiveYaml(loaded)).toContain('    password: "***" # FINK_KAFKA_SASL_PASSWORD\n');
    expect(JSON.stringify(maskSecrets(loaded.config))).not.toMatch(/from-(env|file)/);
  });

  test("come from a file where one is named", () => {
    write("password", "hunter2\n");
    expect(secretOf({ password: "", passwordFile: join(home, "password") }, "schemas")).toBe(
      "hunter2",
    );
    expect(secretOf({ password: "direct", passwordFile: "" }, "schemas")).toBe("direct");
    expect(() => secretOf({ password: "", passwordFile: join(home, "none") }, "schemas")).toThrow(
      /^schemas\.passwordFile cannot be read.*none/,
    );
  });
});
