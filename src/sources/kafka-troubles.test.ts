import { expect, it } from "vitest";
import { KafkaTroubles } from "./kafka-troubles.ts";

it("announces what lasts once, and its end once", () => {
  const announced: string[] = [];
  const troubles = new KafkaTroubles((message) => announced.push(message));
  troubles.set("broker 1", "connection lost", 0);
  troubles.check(1000);
  troubles.set("broker 1", "cannot be reached", 1500);
  troubles.set("group", "cannot be reached", 0);
  for (const now of [2000, 3000]) troubles.check(now);
  troubles.set("group", "");
  troubles.check(4000);
  troubles.set("broker 1", "");
  for (const now of [5000, 6000]) troubles.check(now);
  expect(announced).toEqual(["cannot be reached", ""]);
});

it("does not mention what passes", () => {
  const announced: string[] = [];
  const troubles = new KafkaTroubles((message) => announced.push(message));
  troubles.set("group", "coordinator is loading", 0);
  troubles.check(1000);
  troubles.set("group", "");
  troubles.check(5000);
  expect(announced).toEqual([]);
});
