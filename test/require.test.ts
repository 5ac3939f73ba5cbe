import { expect, test } from "vitest";
import { available } from "./require.ts";

test("a missing component skips, unless it is required", () => {
  expect(available("kafka", true, "no jars", { FINK_REQUIRE: "kafka" })).toBe(true);
  expect(available("kafka", false, "no jars", { FINK_REQUIRE: "python" })).toBe(false);
  expect(() => available("kafka", false, "no jars", { FINK_REQUIRE: "python,kafka" })).toThrow(
    "kafka is required by FINK_REQUIRE, but no jars",
  );
});
