/**
 * True when a component that a test needs is there. Where it is not: prints why the tests are
 * skipped and returns false, or throws when FINK_REQUIRE names the component (CI does). Use:
 * `describe.skipIf(!available("kafka", lib !== null, "no Kafka jars: …"))`.
 */
export function available(
  component: "kafka" | "chromium" | "python" | "reference" | "tmpfs",
  condition: boolean,
  reason: string,
  env = process.env,
): boolean {
  if (condition) return true;
  if (env.FINK_REQUIRE?.split(",").includes(component))
    throw new Error(`${component} is required by FINK_REQUIRE, but ${reason}`);
  process.stderr.write(`skipped: ${reason}\n`);
  return false;
}
