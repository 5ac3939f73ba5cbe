import { expect, test } from "vitest";
import { createLogger } from "./log.ts";

const written = (
  terminal: boolean,
  act: (log: ReturnType<typeof createLogger>) => void,
  level = "info",
) => {
  const lines: string[] = [];
  act(createLogger(level, terminal, (line) => lines.push(line)));
  return lines;
};

test("a terminal gets one readable line", () => {
  const [line] = written(true, (log) =>
    log
      .child({ service: "archive" })
      .warn({ alerts: 3, err: new Error("disk full") }, "not committed"),
  );
  expect(line).toMatch(/^\d\d:\d\d:\d\d archive WARN not committed: disk full alerts=3\n$/);
});

test("everything else gets JSON, from the configured level on", () => {
  const lines = written(false, (log) => [log.debug("a"), log.info("b")]);
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual(["b"]);
});

test("passwords are not written", () => {
  const sasl = { username: "fink", password: "hunter2" };
  const lines = written(false, (log) => [
    log.info({ sasl }, "x"),
    log.info({ kafka: { sasl } }, "x"),
    log.info({ config: { kafka: { sasl } } }, "x"),
    log.info(sasl, "x"),
  ]);
  expect(lines.join("")).not.toContain("hunter2");
});
