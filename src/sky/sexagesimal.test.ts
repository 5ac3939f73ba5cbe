import { expect, it } from "vitest";
import { degreesOfText } from "./sexagesimal.ts";

it("reads hours for RA, degrees for dec, and plain degrees for both", () => {
  expect(degreesOfText("00 01 16.37", true)).toBeCloseTo(0.3182083333, 9);
  expect(["12:30:00", "12h30m", " 12h 30m 0.0s "].map((text) => degreesOfText(text, true))).toEqual(
    [187.5, 187.5, 187.5],
  );
  expect(
    ["-00 30 36", "-0d30m36s", "-00:30.6", "−00°30′36″"].map((text) => degreesOfText(text, false)),
  ).toEqual([-0.51, -0.51, -0.51, -0.51]);
  // a catalogue of cataclysmic variables has it
  expect(degreesOfText("14 46 60.0", true)).toBeCloseTo(221.75, 12);
  expect([
    degreesOfText("187.5", true),
    degreesOfText(" -3.5e1 ", false),
    degreesOfText("+12.25", false),
  ]).toEqual([187.5, -35, 12.25]);
});

it.each(["", "north", "12 60 00", "1 2 3 4", "12 30 61", "-"])("%j is no angle", (text) => {
  expect(degreesOfText(text, true)).toBeNaN();
});
