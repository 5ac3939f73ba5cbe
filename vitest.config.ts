import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["src/**/*.test.{ts,tsx}", "test/**/*.test.ts"],
    // tests start brokers, browsers and services of their own: two cores bear no more at a time
    maxWorkers: 2,
    // none is so slow by itself, but a machine may be busy with other things
    testTimeout: 60_000,
    hookTimeout: 120_000,
  },
});
