"""The plain loop to compare with: reads payments, scores each by the model without any feature, writes the score to a topic."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import numpy as np
from confluent_kafka import Consumer, Producer, TopicPartition

from sluice.model import artifact


def main() -> None:
    """Run until killed: brokers, topic, topic of scores, folder of the model."""
    brokers, topic, to, folder = sys.argv[1:5]
    model = artifact.load(Path(folder))
    row = np.zeros((1, len(model.features)), dtype=np.float32)
    model.score(row)
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "plain", "fetch.wait.max.ms": 20})
    consumer.assign([TopicPartition(topic, 0, 0)])
    producer = Producer({"bootstrap.servers": brokers, "linger.ms": 1})
    print("ready", flush=True)
    while True:
        message = consumer.poll(1.0)
        if message is None or message.error():
            continue
        record = json.loads(message.value() or b"")
        row[0, 0] = record["amount"]["value"]
        score = float(model.score(row)[0])
        latency = time.time() * 1000 - message.timestamp()[1]
        producer.produce(to, json.dumps({"payment_id": record["transaction_id"], "score": score, "latency": latency}))
        producer.poll(0)


if __name__ == "__main__":
    main()
