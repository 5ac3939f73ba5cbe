/**
 * A FITS file with one binary table (FITS 4.0, section 7.3). A column has its name, TFORM and
 * values, several to a row where the form says so.
 */
export function fitsTable(
  columns: readonly (readonly [name: string, form: string, values: readonly (number | bigint)[]])[],
  cards: Readonly<Record<string, string | number>>,
): Uint8Array {
  const fields = columns.map(([name, form, values]) => ({
    name,
    form,
    values,
    repeat: Number.parseInt(form) || 1,
    letter: form.at(-1)!,
  }));
  const rows = fields[0].values.length / fields[0].repeat;
  const rowBytes = fields.reduce((sum, { repeat, letter }) => sum + repeat * widths[letter], 0);
  const data = Buffer.alloc(padded(rows * rowBytes));
  let at = 0;
  for (let row = 0; row < rows; row++)
    for (const { letter, repeat, values } of fields)
      for (const value of values.slice(row * repeat, (row + 1) * repeat)) {
        if (letter === "E") data.writeFloatBE(Number(value), at);
        else if (letter === "D") data.writeDoubleBE(Number(value), at);
        else data.writeBigInt64BE(BigInt(value), at);
        at += widths[letter];
      }
  const table = {
    XTENSION: "BINTABLE",
    BITPIX: 8,
    NAXIS: 2,
    NAXIS1: rowBytes,
    NAXIS2: rows,
    PCOUNT: 0,
    GCOUNT: 1,
    TFIELDS: fields.length,
  };
  const named = Object.fromEntries(
    fields.flatMap(({ name, form }, i) => [
      [`TTYPE${i + 1}`, name],
      [`TFORM${i + 1}`, form],
    ]),
  );
  return Buffer.concat([
    header({ SIMPLE: "T", BITPIX: 8, NAXIS: 0 }),
    header({ ...table, ...named, ...cards }),
    data,
  ]);
}

const widths: Readonly<Record<string, number>> = { E: 4, D: 8, K: 8 };

function padded(length: number): number {
  return Math.ceil(length / 2880) * 2880;
}

function header(cards: Readonly<Record<string, string | number>>): Buffer {
  const lines = Object.entries(cards).map(([name, value]) =>
    `${name.padEnd(8)}= ${typeof value === "number" || value === "T" ? String(value).padStart(20) : `'${value.padEnd(8)}'`}`.padEnd(
      80,
    ),
  );
  const text = [...lines, "END".padEnd(80)].join("");
  return Buffer.from(text.padEnd(padded(text.length)), "latin1");
}
