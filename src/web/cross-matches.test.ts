import { expect, test } from "vitest";
import { crossMatches } from "./cross-matches.tsx";

test("a solar-system object is linked by the designation that others know", () => {
  const links = ["K08F10J", "2012 AN6"].map(
    (name) => crossMatches([["MPCORB.mpcDesignation", name]])[0].link,
  );
  expect(links).toEqual(
    ["2008%20FJ10", "2012%20AN6"].map(
      (name) => `https://ssd.jpl.nasa.gov/tools/sbdb_lookup.html#/?sstr=${name}`,
    ),
  );
});

test("a catalogue of the lake that answers for Gaia tells its distance there, and one of the user's own has its row", () => {
  const rows = crossMatches([
    ["DR3Name", "Gaia DR3 1"],
    ["catalogue_gaia.DR3Name", "Gaia DR3 1"],
    ["catalogue_gaia.separation_arcsec", 0.214],
    ["catalogue_mine.kind", "odd"],
    ["catalogue_mine.separation_arcsec", 1],
  ]);
  expect(rows.map(({ catalogue, name, distance }) => [catalogue, name, distance])).toEqual([
    ["Gaia DR3", "Gaia DR3 1", "0.21 ″"],
    ["mine", "kind odd", "1.00 ″"],
  ]);
});
