import { expect, test } from "vitest";
import { InFlight } from "./in-flight.ts";

test("is waited for to its end, whether it fails or not, and what it starts meanwhile", async () => {
  const inFlight = new InFlight();
  const ends: string[] = [];
  const work = (name: string, ms: number, more?: () => void) => async () => {
    await new Promise((resolve) => setTimeout(resolve, ms));
    ends.push(name);
    more?.();
    if (name === "fails") throw new Error(name);
    return name;
  };
  const failed = inFlight.run(work("fails", 5)).catch((error: Error) => error.message);
  void inFlight.run(work("first", 10, () => void inFlight.run(work("later", 10))));
  await inFlight.ended();
  expect(ends).toEqual(["fails", "first", "later"]);
  expect(await failed).toBe("fails");
});
