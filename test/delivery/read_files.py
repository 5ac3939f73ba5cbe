"""Prints the alerts in the .avro and .parquet files of a folder, ordered by candid, as lines of JSON."""
import glob
import json
import sys

import fastavro
import pyarrow.parquet as pq

rows = []
for path in glob.glob(sys.argv[1] + "/*.avro"):
    with open(path, "rb") as file:
        rows += list(fastavro.reader(file))
for path in glob.glob(sys.argv[1] + "/*.parquet"):
    rows += pq.read_table(path).to_pylist()
for row in sorted(rows, key=lambda row: row["candid"]):
    cutout = row["cutoutScience"]["stampData"]
    history = row["prv_candidates"]
    print(
        json.dumps({
            "candid": str(row["candid"]),
            "mag": row["candidate"]["magpsf"],
            "jds": None if history is None else [entry["jd"] for entry in history],
            "bytes": len(cutout),
            "roid": row["roid"],
        })
    )
