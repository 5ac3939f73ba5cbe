"""What a lake, a topic and a folder of delivered files hold, as readers see it that know nothing of Fink; one JSON object.
usage: chaos-read.py LAKE BROKER TOPIC FOLDER"""

import glob
import json
import os
import sys

import confluent_kafka
import deltalake
import fastavro
import pyarrow

lake, broker, topic, folder = sys.argv[1:]


def rows(kind, columns):
    table = deltalake.DeltaTable(f"{lake}/ztf/{kind}")
    query = f"SELECT {', '.join(columns)} FROM t"
    return pyarrow.table(deltalake.QueryBuilder().register("t", table).execute(query).read_all())


def ids(kind, column):
    return [str(value) for value in rows(kind, [column])[column].to_pylist()]


def published():
    consumer = confluent_kafka.Consumer({"bootstrap.servers": broker, "group.id": "chaos-read", "enable.auto.commit": False, "isolation.level": "read_committed"})
    found = []
    for partition in consumer.list_topics(topic).topics[topic].partitions:
        at = confluent_kafka.TopicPartition(topic, partition, 0)
        end = consumer.get_watermark_offsets(at)[1]
        consumer.assign([at])
        while end > 0:
            message = consumer.poll(10)
            if message is None or message.error():
                raise RuntimeError(f"{topic} {partition}: {message and message.error()}")
            found.append(dict(message.headers())["fink-id"].decode())
            if message.offset() >= end - 1:
                break
    consumer.close()
    return found


def filed():
    found = []
    for path in glob.glob(f"{folder}/**/*.avro", recursive=True):
        with open(path, "rb") as file:
            found += [str(alert["candid"]) for alert in fastavro.reader(file)]
    return found


matches = rows("matches", ["filter", "alert"])
answer = {
    "raw": ids("raw", "candid"),
    "rejected": len(rows("rejected", ["reason"])),
    "science": ids("science", "candid"),
    "matches": [[name, str(alert)] for name, alert in zip(matches["filter"].to_pylist(), matches["alert"].to_pylist())],
    "kafka": published(),
    "files": filed(),
}
print(json.dumps(answer))
# deltalake's threads now and then abort a Python that ends on a busy machine
sys.stdout.flush()
os._exit(0)
