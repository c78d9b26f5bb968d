"""What was measured in the text format of Prometheus, version 0.0.4."""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from sluice import __version__
from sluice.metrics.families import BUILD_INFO, MEASURED_AT, PARTS, PREFIX, SUCCESS
from sluice.metrics.families import Metric as Described
from sluice.metrics.sample import Measured

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class _Given(Collector):
    def __init__(self, families: Iterator[Metric]) -> None:
        self._families = list(families)

    def collect(self) -> Iterator[Metric]:
        return iter(self._families)


def as_text(measured: Measured) -> str:
    """Every metric with HELP and TYPE; of one without a value, only these."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(_families(measured)))
    return generate_latest(registry).decode()


def _families(measured: Measured) -> Iterator[Metric]:
    yield _family(BUILD_INFO, ("version",), [((__version__,), 1)])
    yield _family(MEASURED_AT, (), [((), measured.at.timestamp())])
    yield _family(SUCCESS, ("part",), [((part.name,), part.name not in measured.troubles) for part in PARTS])
    for part in PARTS:
        rows = measured.rows.get(part.name, [])
        for metric in part.metrics:
            values = [(tuple(str(row[label]) for label in part.labels), row[metric.column]) for row in rows]
            yield _family(metric, part.labels, [(labels, value) for labels, value in values if value is not None])


def _family(metric: Described, labels: tuple[str, ...], values: list[tuple[tuple[str, ...], float]]) -> Metric:
    kind = CounterMetricFamily if metric.is_counter else GaugeMetricFamily
    family = kind(PREFIX + metric.name, metric.help, labels=labels)
    for names, value in values:
        family.add_metric(names, float(value))
    return family
