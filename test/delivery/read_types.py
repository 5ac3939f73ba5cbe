"""Reads one exported file of each format and prints every column's values in one canonical form, as JSON."""
import base64
import csv
import json
import struct
import sys
from datetime import date, datetime, timezone
from decimal import Decimal, getcontext

import fastavro
import numpy as np
import pyarrow.parquet as pq
from astropy.io.votable import parse_single_table

getcontext().prec = 60
epoch = datetime(1970, 1, 1, tzinfo=timezone.utc)


def micros(value):
    if isinstance(value, str):
        value = datetime.fromisoformat(value.replace("Z", "+00:00"))
    if value.tzinfo is None:
        value = value.replace(tzinfo=timezone.utc)
    delta = value - epoch
    return str((delta.days * 86400 + delta.seconds) * 10**6 + delta.microseconds)


def plain(kind, value):
    if value is None:
        return None
    if isinstance(value, np.generic) and kind != "float":
        value = value.item()
    if kind == "int":
        return str(int(value))
    if kind == "decimal":
        number = Decimal(str(value))
        return format(number.normalize(), "f") if number else "0"
    if kind == "double":
        return struct.pack(">d", float(value)).hex()
    if kind == "float":
        return struct.pack(">f", float(value)).hex()
    if kind == "boolean":
        return {"true": True, "false": False}[str(value).lower()]
    if kind == "timestamp":
        return micros(value)
    if kind == "date":
        return (date.fromisoformat(value) if isinstance(value, str) else value).isoformat()
    if kind == "bytes":
        return (base64.b64decode(value) if isinstance(value, str) else bytes(value)).hex()
    if kind.startswith("list "):
        if isinstance(value, str):
            value = json.loads(value)
        return [None if isinstance(value, np.ma.MaskedArray) and np.ma.getmaskarray(value)[i] else plain(kind[5:], v) for i, v in enumerate(value)]
    if kind == "map":
        value = json.loads(value) if isinstance(value, str) else value
        return sorted([str(k), plain("int", v)] for k, v in dict(value).items())
    return str(value)


def from_vot(path):
    table = parse_single_table(path)
    columns = {}
    for field in table.fields:
        values, mask = table.array[field.name].data, np.ma.getmaskarray(table.array[field.name])
        # VOTable knows no difference between an empty text or list and none
        empty = lambda value: np.ndim(value) < 2 and np.size(value) == 0 or isinstance(value, str) and value == ""
        columns[field.name] = [None if np.ndim(mask[i]) == 0 and mask[i] or empty(values[i]) else values[i] for i in range(len(values))]
    return columns


def from_rows(rows):
    return {name: [row[name] for row in rows] for name in rows[0]} if rows else {}


readers = {
    "avro": lambda path: from_rows(list(fastavro.reader(open(path, "rb")))),
    "parquet": lambda path: {name: column.to_pylist() for name, column in zip(*(lambda t: (t.column_names, t.columns))(pq.read_table(path)))},
    "csv": lambda path: from_rows([{k: None if v == "" else v for k, v in row.items()} for row in csv.DictReader(open(path, newline=""))]),
    "vot": from_vot,
}

asked = json.load(sys.stdin)
answer = {}
for name, path in asked["files"].items():
    columns, answer[name] = readers[name](path), {}
    for column, kind in asked["kinds"][name].items():
        try:
            answer[name][column] = [plain(kind, value) for value in columns[column]]
        except Exception as error:
            answer[name][column] = f"{type(error).__name__}: {error}; {columns.get(column)}"
print(json.dumps(answer))
