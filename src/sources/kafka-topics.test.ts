import type { Admin } from "@platformatic/kafka";
import { expect, it } from "vitest";
import { listTopics, matchingTopics, missingTopics } from "./kafka-topics.ts";

const existing = [
  "lsst_alerts",
  "ztf_20260130_programid1",
  "ztf_20260131_programid1",
  "ztf_20260131_programid2",
];

it("matches names and patterns", () => {
  expect(matchingTopics(["ztf_*_programid1", "lsst_alerts"], existing)).toEqual(
    existing.slice(0, 3),
  );
  expect(matchingTopics(["ztf.*"], existing)).toEqual([]);
});

it("says what is missing and what is near", () => {
  expect(missingTopics(["ztf_*", "lsst_alerts"], existing)).toBe("");
  expect(missingTopics(["lsst_alert", "wfst_*"], existing)).toBe(
    "topic lsst_alert does not exist; did you mean lsst_alerts?; no topic matches wfst_* yet",
  );
  expect(missingTopics(["lsst_alerts"], [])).toBe(
    "topic lsst_alerts does not exist; the broker shows us no topic at all",
  );
});

it("lists topics although a partition of one of them has no leader", async () => {
  const response = {
    topics: [
      { name: "b", isInternal: false },
      { name: "__consumer_offsets", isInternal: true },
      { name: "a", isInternal: false },
    ],
  };
  const refused = new AggregateError([
    Object.assign(new Error("LEADER_NOT_AVAILABLE"), { response }),
  ]);
  const admin = { listTopics: () => Promise.reject(refused) } as unknown as Admin;
  expect(await listTopics(admin)).toEqual(["a", "b"]);
});
