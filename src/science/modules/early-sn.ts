import { readFileSync } from "node:fs";
import { join } from "node:path";
import { earlyAlerts, neededColumns, oldestDays } from "../classifier/features.ts";
import { type EarlyModel, probabilities } from "../classifier/model.ts";
import type { ScienceModule } from "../module.ts";

let model: EarlyModel | null = null;

export const earlySn: ScienceModule = {
  name: "early_sn",
  version: "1",
  surveys: ["ztf"],
  about: `Our own: the probability of a supernova from the first points, by boosted trees trained on the synthetic sky alone (docs/reference/early-sn.md). Of alerts with two detections or more, at most ${oldestDays} days after the first; else null.`,
  needs: neededColumns,
  adds: [
    {
      name: "early_sn_score",
      type: "double",
      unit: null,
      description:
        "probability of a supernova on the synthetic sky; null: not early, one detection, fading below the reference, or an asteroid",
    },
  ],
  run(alerts) {
    model ??= JSON.parse(
      readFileSync(join(import.meta.dirname, "../classifier/early-sn.json"), "utf8"),
    ) as EarlyModel;
    const early = earlyAlerts(alerts);
    const found = probabilities(model, early.rows);
    const [values, missing] = [
      new Float64Array(alerts.count),
      new Uint8Array(alerts.count).fill(1),
    ];
    early.alerts.forEach((alert, n) => {
      values[alert] = found[n];
      missing[alert] = 0;
    });
    return { early_sn_score: { values, missing } };
  },
};
