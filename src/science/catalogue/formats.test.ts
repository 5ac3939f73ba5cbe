import { describe, expect, it } from "vitest";
import { readFits } from "./fits.ts";
import type { ForeignTable } from "./table-columns.ts";
import { readVoTable } from "./votable.ts";

const valuesOf = (table: ForeignTable) =>
  Array.from({ length: table.rows }, (_, row) =>
    Object.fromEntries(table.columns.map(({ name, cell }) => [name, cell(row)])),
  );

describe("FITS", () => {
  const block = (cards: readonly string[]) =>
    Buffer.from(
      [...cards, "END"]
        .map((card) => card.padEnd(80))
        .join("")
        .padEnd(2880),
    );
  const header = block([
    "XTENSION= 'BINTABLE'",
    "BITPIX  = 8",
    "NAXIS   = 2",
    "NAXIS1  = 37",
    "NAXIS2  = 2",
    "PCOUNT  = 0",
    "GCOUNT  = 1",
    "TFIELDS = 8",
    ...["5A", "D", "I", "2E", "K", "L", "J", "X"].map(
      (form, i) => `TFORM${i + 1}  = '${form}' / a form`,
    ),
    ...["Name", "RA", "n", "pair", "id", "ok", "scaled", "bits"].map(
      (name, i) => `TTYPE${i + 1}  = '${name}'`,
    ),
    "TNULL3  = -99",
    "TSCAL7  = 1.0D-1",
    "TZERO7  = 5",
  ]);
  const row = (name: string, ra: number, n: number, id: bigint, ok: string, scaled: number) => {
    const bytes = Buffer.alloc(37, 255);
    bytes.fill(0, 0, 23);
    bytes.write(name, 0);
    bytes.writeDoubleBE(ra, 5);
    bytes.writeInt16BE(n, 13);
    bytes.writeBigInt64BE(id, 23);
    bytes.write(ok, 31);
    bytes.writeInt32BE(scaled, 32);
    return bytes;
  };

  it("binary table: text without padding, TNULL, TSCAL and TZERO, 64-bit integers; the first image is skipped", () => {
    const image = Buffer.concat([
      block(["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 1", "NAXIS1  = 3"]),
      Buffer.alloc(2880),
    ]);
    const rows = [row("V1 A ", 12.5, 3, 2n ** 60n + 1n, "T", 20), row("V2", NaN, -99, -1n, "F", 0)];
    const table = readFits(Buffer.concat([image, header, ...rows]));
    expect(valuesOf(table)).toEqual([
      { Name: "V1 A", RA: 12.5, n: 3, id: 2n ** 60n + 1n, ok: true, scaled: 7 },
      { Name: "V2", RA: NaN, n: null, id: -1n, ok: false, scaled: 5 },
    ]);
  });

  it("says when the file is cut off or has no table", () => {
    expect(() => readFits(header)).toThrow(/ends within its table of 2 rows/);
    expect(() => readFits(block(["SIMPLE  = T", "NAXIS   = 0"]))).toThrow(/no binary table/);
  });
});

describe("VOTable", () => {
  const fields = `<FIELD name="Name" datatype="char" arraysize="*"/><FIELD ID="x" name="RA &lt;J2000&gt;" datatype="double" unit="deg"><DESCRIPTION>a > b</DESCRIPTION></FIELD>
    <FIELD name="n" datatype="int"><VALUES null="-1"/></FIELD><FIELD name="pair" datatype="float" arraysize="2"/><FIELD name="id" datatype="long"/><FIELD name="ok" datatype="boolean"/>`;
  const whole = (data: string) =>
    `<?xml version="1.0"?><VOTABLE version="1.4"><RESOURCE><TABLE name="t">${fields}<DATA>${data}</DATA></TABLE></RESOURCE></VOTABLE>`;
  const expected = [
    { Name: "V1 & co", "RA <J2000>": 12.5, n: 3, id: 2n ** 60n + 1n, ok: true },
    { Name: null, "RA <J2000>": null, n: null, id: null, ok: null },
  ];

  it("TABLEDATA: escapes, empty cells and the null of a field", () => {
    const rows = `<TABLEDATA><TR><TD>V1 &amp; co</TD><TD>12.5</TD><TD>3</TD><TD>1 2</TD><TD>1152921504606846977</TD><TD>true</TD></TR>
      <TR><TD/><TD></TD><TD>-1</TD><TD/><TD/><TD>?</TD></TR></TABLEDATA>`;
    expect(valuesOf(readVoTable(whole(rows)))).toEqual(expected);
    const prefixed = whole(rows).replace(
      /<(\/?)(TABLE|FIELD|VALUES|DATA|TABLEDATA|TR|TD)\b/g,
      "<$1v:$2",
    );
    expect(valuesOf(readVoTable(prefixed))).toEqual(expected);
  });

  it("BINARY2: a mask of nulls before each row", () => {
    const row = (mask: number, name: string, ra: number, n: number, id: bigint, ok: string) => {
      const bytes = Buffer.alloc(1 + 4 + name.length + 8 + 4 + 8 + 8 + 1);
      bytes[0] = mask;
      bytes.writeUInt32BE(name.length, 1);
      bytes.write(name, 5);
      const at = 5 + name.length;
      bytes.writeDoubleBE(ra, at);
      bytes.writeInt32BE(n, at + 8);
      bytes.writeBigInt64BE(id, at + 20);
      bytes.write(ok, at + 28);
      return bytes;
    };
    const bytes = Buffer.concat([
      row(0, "V1 & co", 12.5, 3, 2n ** 60n + 1n, "T"),
      row(0b11001000, "", NaN, -1, 0n, "?"),
    ]);
    const base64 = bytes.toString("base64").replace(/.{40}/g, "$&\n");
    expect(
      valuesOf(
        readVoTable(whole(`<BINARY2><STREAM encoding="base64">${base64}</STREAM></BINARY2>`)),
      ),
    ).toEqual(expected);
    const cut = bytes.subarray(0, -3).toString("base64");
    expect(() =>
      readVoTable(whole(`<BINARY2><STREAM encoding="base64">${cut}</STREAM></BINARY2>`)),
    ).toThrow(/ends within row 2/);
  });

  it("says which serializations it reads", () => {
    expect(() => readVoTable(whole(`<FITS><STREAM href="a.fits"/></FITS>`))).toThrow(/TABLEDATA/);
    expect(() => readVoTable("<VOTABLE/>")).toThrow(/no TABLE/);
  });
});
