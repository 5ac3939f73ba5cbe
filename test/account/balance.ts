import { expect } from "vitest";
import { accountOf } from "../../src/account/account.ts";
import { surveysOf } from "../../src/archive/setup.ts";
import { configSchema } from "../../src/config/schema.ts";

/**
 * Every alert is where it should be: received = archived + rejected, a row of science each, nothing
 * twice.
 */
export async function expectBalance(lake: string): Promise<void> {
  const account = await accountOf(lake, surveysOf(configSchema.parse({})));
  expect(account.surveys.flatMap(({ problems }) => problems)).toEqual([]);
  expect(account.balanced).toBe(true);
}
