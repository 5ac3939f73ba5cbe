import { expect, test } from "vitest";
import { packedDesignation, spellings, unpackedDesignation } from "./designation.ts";

// minorplanetcenter.net/iau/info/PackedDes.html

test.each([
  ["J95X00A", "1995 XA"],
  ["J95X01L", "1995 XL1"],
  ["J95F13B", "1995 FB13"],
  ["J98SA8Q", "1998 SQ108"],
  ["J98SG2S", "1998 SS162"],
  ["K99AJ3Z", "2099 AZ193"],
  ["K07Tf8A", "2007 TA418"],
  ["J96T28C", "1996 TC28"],
  ["_QC0000", "2026 CA620"],
])("%s is %s", (packed, designation) => {
  expect(unpackedDesignation(packed)).toBe(designation);
  expect(packedDesignation(designation)).toBe(packed);
});

test.each(["8467", "10P", "ZTF26abcdefg", "K07Tf8I", ""])("%s is none", (text) => {
  expect(unpackedDesignation(text)).toBeNull();
});

test.each(["2007 by1", "2007BY1"])("%s is found however a survey writes it", (text) =>
  expect(spellings(text)).toEqual(["2007 BY1", "2007BY1", "K07B01Y"]),
);
test("a number has one spelling", () => expect(spellings("8467")).toEqual([]));
