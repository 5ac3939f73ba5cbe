"""Reads a topic with the unmodified fink-client and prints each alert as a line of JSON: bytes as base64, NaN as text.

read.py stream SURVEY SERVERS TOPIC COUNT [USER PASSWORD]"""
import base64
import datetime
import json
import math
import sys
import time

from fink_client.consumer import AlertConsumer


def plain(value):
    if isinstance(value, dict):
        return {key: plain(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, float) and not math.isfinite(value):
        return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}[str(value)]
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return value


survey, servers, topic, count = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
config = {"bootstrap.servers": servers, "group.id": f"test-{time.time()}"}
if len(sys.argv) > 5:
    config.update({"username": sys.argv[5], "password": sys.argv[6]})
consumer = AlertConsumer([topic], config, survey=survey)
seen, deadline = 0, time.time() + 60
while seen < count and time.time() < deadline:
    _, alert, _ = consumer.poll(2)
    if alert is not None:
        seen += 1
        print(json.dumps(plain(alert)))
consumer.close()
