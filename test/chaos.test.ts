import { expect, test } from "vitest";
import { benchChaos } from "../bench/chaos.ts";
import { python } from "./delivery/python.ts";
import { kafkaLib } from "./kafka/broker.ts";

const lib = kafkaLib();
const reader = python();

// The full form, half an hour with another seed each time: ./fink bench chaos
test.skipIf(lib === null || reader === null)(
  "a minute of trouble: nothing is lost or doubled, and the account agrees",
  { timeout: 900_000 },
  async () => {
    const said: string[] = [];
    const { fed, differences } = await benchChaos(lib!, {
      minutes: 1,
      perSecond: 20,
      seed: 20261201,
      python: reader!,
      say: (what) => said.push(what),
    });
    expect(differences, said.join("\n")).toEqual([]);
    expect(fed.alerts).toBeGreaterThan(200);
  },
);
