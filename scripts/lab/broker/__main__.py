"""`make broker`: a Kafka broker on 127.0.0.1:9092, until Ctrl-C. `ARGS=--registry` starts a schema registry beside it."""

from __future__ import annotations

import argparse
import signal
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

from lab.broker import broker, registry


def main() -> None:
    """Start what is asked for, print the addresses, wait for Ctrl-C or SIGTERM, stop it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=9092, help="of the broker")
    parser.add_argument("--registry", action="store_true", help="start a schema registry, too")
    parser.add_argument("--folder", type=Path, help="where its data is kept; if not given, a temporary one")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with ExitStack() as stack, suppress(KeyboardInterrupt):
        folder = options.folder or Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="broker")))
        started = stack.enter_context(broker.running(folder.absolute(), options.port))
        print(f"broker: {started.bootstrap} (log: {started.folder}/broker-log.txt)", flush=True)
        if options.registry:
            print(f"registry: {stack.enter_context(registry.running(folder.absolute())).url}", flush=True)
        print("stop it with Ctrl-C", flush=True)
        signal.pause()


if __name__ == "__main__":
    main()
