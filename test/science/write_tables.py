"""Writes one small table in every form that astropy and pandas have, into the folder named by the first argument. Prints the names of the files, a line each."""
import sys
from pathlib import Path

import astropy.units as u
import numpy as np
import pandas as pd
from astropy.io import fits
from astropy.table import MaskedColumn, Table

folder = Path(sys.argv[1])
ra, dec = np.array([10.0, 200.0, 359.5, 0.25]), np.array([-0.5, 45.0, -89.0, 12.5])
ids = np.array([4295806720000000123, 2**63 + 1, 18446744073709551615, 0], dtype=np.uint64)
names = ["A b", "A2", "c,d", 'say "e"']
files = []


def table(unit, pm_unit="mas/yr"):
    made = Table()
    made["ra"], made["dec"] = (ra * u.deg).to(unit), (dec * u.deg).to(unit if unit != u.hourangle else u.deg)
    made["id"] = ids
    made["signed"] = ids.view(np.int64)
    made["wide"] = np.array([0, 1, 2**31, 2**32 - 1], dtype=np.uint32)
    made["short"] = np.array([0, 1, 2**15, 2**16 - 1], dtype=np.uint16)
    made["tiny"] = np.array([-128, -1, 0, 127], dtype=np.int8)
    made["some"] = MaskedColumn([7, -99, 9, 11], mask=[False, True, False, False], dtype=np.int32)
    made["name"] = names
    made["pm"] = (np.array([100.0, -200.0, 0.5, 0.0]) * u.mas / u.yr).to(pm_unit)
    return made


def write(name, made, **options):
    if options.get("format") == "votable":  # which has no unsigned integers
        made = made.copy()
        made["id"] = [str(value) for value in made["id"]]
        for column, type in (("wide", np.int64), ("short", np.int32), ("tiny", np.int16)):
            made[column] = made[column].astype(type)
    if name.endswith(".fits"):  # int8 would be written as a logical; scaled.fits has signed bytes
        made = made.copy()
        made["tiny"] = made["tiny"].astype(np.int16)
    made.write(folder / name, **options)
    files.append(name)


for unit in (u.deg, u.rad, u.hourangle, u.arcsec):
    made = table(unit, "arcsec/yr" if unit == u.rad else "mas/yr")
    key = unit.to_string().replace(" ", "")
    if unit != u.hourangle:  # which astropy cannot name in FITS
        write(f"{key}.fits", made)
    for kind in ("tabledata", "binary2"):
        write(f"{key}.{kind}.vot", made, format="votable", tabledata_format=kind)
    write(f"{key}.ecsv", made, format="ascii.ecsv")
    write(f"{key}.comma.ecsv", made, format="ascii.ecsv", delimiter=",")
    write(f"{key}.parquet", made, format="parquet")

plain = table(u.deg)
for format, ending in (("ascii.csv", "csv"), ("ascii.tab", "tsv"), ("ascii.basic", "txt"), ("ascii.commented_header", "commented.txt")):
    write(f"astropy.{ending}", plain, format=format)
frame = plain.to_pandas()
frame.to_csv(folder / "pandas.csv", index=False)
frame.to_csv(folder / "pandas.csv.gz", index=False)
frame.to_csv(folder / "semicolon.csv", index=False, sep=";")
frame.to_parquet(folder / "pandas.parquet")
files += ["pandas.csv", "pandas.csv.gz", "semicolon.csv", "pandas.parquet"]

sexagesimal = plain.copy()
sexagesimal["ra"] = ["00:40:00", "13:20:00", "23:58:00", "00:01:00"]
sexagesimal["dec"] = ["-00:30:00", "+45:00:00", "-89:00:00", "+12:30:00"]
write("sexagesimal.csv", sexagesimal, format="ascii.csv")
write("sexagesimal.fits", sexagesimal)
write("sexagesimal.vot", sexagesimal, format="votable")

# as simulations and archives write them: integers with TSCAL and TZERO
columns = [
    fits.Column("ra", "J", unit="deg", array=np.round((ra - 180) / 1e-6).astype(np.int32)),
    fits.Column("dec", "J", unit="deg", array=np.round(dec / 1e-6).astype(np.int32)),
    *[fits.Column(name, form, array=plain[name].data, bzero=zero) for name, form, zero in (("id", "K", 2**63), ("wide", "J", 2**31), ("short", "I", 2**15))],
    fits.Column("tiny", "B", array=plain["tiny"].data.view(np.uint8) ^ 128),
    fits.Column("signed", "K", array=ids.view(np.int64)),
    fits.Column("some", "J", array=np.array([7, -99, 9, 11]), null=-99),
    fits.Column("name", "12A", array=names),
    fits.Column("pm", "D", unit="mas.yr**-1", array=np.array([100.0, -200.0, 0.5, 0.0])),
]
fits.BinTableHDU.from_columns(columns).writeto(folder / "scaled.fits")
raw = (folder / "scaled.fits").read_bytes()
cards = b"".join(f"{name:8}= {value:>20}".ljust(80).encode() for name, value in (("TSCAL1", "1.0E-06"), ("TZERO1", "180.0"), ("TSCAL2", "1.0D-6"), ("TZERO6", "-128")))
end = raw.index(b"END" + b" " * 77, 2880)
data_at = -(-(end + 80) // 2880) * 2880
header = raw[:end] + cards + b"END"
(folder / "scaled.fits").write_bytes(header.ljust(-(-len(header) // 2880) * 2880) + raw[data_at:])
files.append("scaled.fits")
print("\n".join(files))
