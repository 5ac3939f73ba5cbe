import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { run } from "../../test/cli/run.ts";

const folder = mkdtempSync(join(tmpdir(), "fink-pool-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test(
  "threads that still load native code can be closed, which aborted the service",
  { timeout: 60_000 },
  async () => {
    mkdirSync(join(folder, "modules"));
    const duckdb = JSON.stringify(import.meta.resolve("@duckdb/node-api"));
    const loading =
      "for (const end = Date.now() + 8000; Date.now() < end;) await (await DuckDBInstance.create()).connect();";
    writeFileSync(
      join(folder, "modules", "loading.ts"),
      `import { DuckDBInstance } from ${duckdb};\n${loading}\nexport default {};`,
    );
    const script = join(folder, "close.mjs");
    const path = (name: string) => JSON.stringify(join(import.meta.dirname, "..", name));
    const lines = [
      `const { SciencePool } = await import(${path("science/pool.ts")});`,
      `const { configSchema } = await import(${path("config/schema.ts")});`,
      `const config = configSchema.parse({ science: { modules: ${JSON.stringify(join(folder, "modules"))}, workers: 3 } }).science;`,
      `const pool = new SciencePool({ lake: ${JSON.stringify(folder)}, config }, []);`,
      "await new Promise((resolve) => setTimeout(resolve, 4500));",
      "await pool.close();",
      `console.log("closed");`,
    ];
    writeFileSync(script, lines.join("\n"));
    expect(await run(process.execPath, [script])).toMatchObject({ code: 0, stdout: "closed\n" });
  },
);
