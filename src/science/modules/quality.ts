import type { ScienceModule } from "../module.ts";

export const quality: ScienceModule = {
  name: "quality",
  version: "1",
  surveys: ["ztf"],
  about: "Fink's quality cuts of ZTF: nbad = 0, rb >= 0.55, fid != 3. A flag only: nothing is left out.",
  needs: ["candidate.nbad", "candidate.rb", "candidate.fid"],
  adds: [
    { name: "passes_quality_cuts", type: "boolean", unit: null, description: "nbad = 0, rb >= 0.55 and not in the i band; false where one of them is null" },
  ],
  run(alerts) {
    const nbad = alerts.numbers("candidate.nbad");
    const rb = alerts.numbers("candidate.rb");
    const fid = alerts.numbers("candidate.fid");
    const values = new Uint8Array(alerts.count);
    for (let i = 0; i < values.length; i++) values[i] = Number(nbad[i] === 0 && rb[i] >= 0.55 && fid[i] !== 3 && !Number.isNaN(fid[i]));
    return { passes_quality_cuts: { values } };
  },
};
