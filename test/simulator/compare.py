"""Medians and 90th percentiles of real and simulated alerts, as JSON: compare.py REFERENCE FOLDER."""
import glob, io, json, os, sys
import fastavro
import numpy as np

reference, folder = sys.argv[1:]


def containers(pattern):
    for path in sorted(glob.glob(pattern)):
        with open(path, "rb") as file:
            reader = fastavro.reader(file)
            alerts = list(reader)
            size = os.path.getsize(path)
            # without the schema, which a bare datum has not
            data = size - len(reader.metadata["avro.schema"].encode())
            for alert in alerts:
                yield alert, size / len(alerts), data / len(alerts)


def bare(pattern, schema):
    parsed = fastavro.parse_schema(json.load(open(schema)))
    for path in sorted(glob.glob(pattern)):
        data = open(path, "rb").read()
        yield fastavro.schemaless_reader(io.BytesIO(data[5:]), parsed), len(data), len(data)


def percentiles(values):
    values = np.array([v for v in values if v is not None], float)
    if len(values) == 0:
        return {"n": 0, "median": 0, "p90": 0}
    return {"n": len(values), "median": float(np.median(values)), "p90": float(np.percentile(values, 90))}


def ztf(alerts):
    """After the cuts with which Fink distributes: rb >= 0.55, nbad = 0."""
    alerts = [a for a, _, _ in alerts if a["candidate"]["rb"] >= 0.55 and a["candidate"]["nbad"] == 0]
    found = {
        "magpsf": percentiles([a["candidate"]["magpsf"] for a in alerts]),
        "sigmapsf": percentiles([a["candidate"]["sigmapsf"] for a in alerts]),
        "prv_candidates": percentiles([len(a["prv_candidates"] or []) for a in alerts]),
        "rb": percentiles([a["candidate"]["rb"] for a in alerts]),
    }
    for low, high in [(15, 17), (17, 18), (18, 19), (19, 20), (20, 21)]:
        found[f"sigmapsf at {low} to {high}"] = percentiles([a["candidate"]["sigmapsf"] for a in alerts if low <= a["candidate"]["magpsf"] < high])
    return found


def lsst(alerts):
    alerts = list(alerts)
    sources = [a["diaSource"] for a, _, _ in alerts]
    return {
        "magnitude": percentiles([31.4 - 2.5 * np.log10(abs(s["psfFlux"])) for s in sources]),
        "snr": percentiles([s["snr"] for s in sources]),
        "error at 24.5 to 26.5": percentiles([1.0857 * s["psfFluxErr"] / abs(s["psfFlux"]) for s in sources if 24.5 <= 31.4 - 2.5 * np.log10(abs(s["psfFlux"])) < 26.5]),
        "reliability": percentiles([s["reliability"] for s in sources]),
        "prvDiaSources": percentiles([len(a["prvDiaSources"] or []) for a, _, _ in alerts]),
        "bytes without schema": percentiles([data for _, _, data in alerts]),
    }


def size(alerts):
    return {"packet bytes": percentiles([size for _, size, _ in alerts])}


real = lambda name: containers(f"{reference}/{name}/*.avro")
print(json.dumps({
    "ztf": {
        "real": {**ztf(real("ztf/spark_v4.02")), **size([*real("ztf/v4.01"), *real("ztf/v4.02")])},
        "simulated": {**ztf(containers(f"{folder}/ztf/*.avro")), **size(containers(f"{folder}/ztf/*.avro"))},
    },
    "lsst": {
        "real": lsst([*real("lsst/spark_v9_raw14"), *real("lsst/spark_v9_fink37")]),
        "simulated": lsst(bare(f"{folder}/lsst/*.bin", f"{folder}/lsst.avsc")),
    },
}))
