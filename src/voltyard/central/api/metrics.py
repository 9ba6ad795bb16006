"""Figures in the exposition format of Prometheus, put together when they are asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from voltyard.central.operations.health import Figures

CONTENT_TYPE = CONTENT_TYPE_LATEST


class _Collected:
    """Metrics that have been collected already."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = list(metrics)

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def exposition(figures: Figures) -> bytes:
    """Return the page that Prometheus scrapes."""
    registry = CollectorRegistry()
    registry.register(_Collected(_metrics(figures)))
    ProcessCollector(registry=registry)
    PlatformCollector(registry=registry)
    GCCollector(registry=registry)
    return generate_latest(registry)


def _metrics(figures: Figures) -> Iterator[Metric]:
    yield GaugeMetricFamily(
        "voltyard_connected_charge_points",
        "Charge points that are connected.",
        value=figures.connected_charge_points,
    )
    yield GaugeMetricFamily(
        "voltyard_open_transactions", "Transactions that run.", value=figures.open_transactions
    )
    yield GaugeMetricFamily(
        "voltyard_storage_works",
        "1 if the last commit succeeded, else 0.",
        value=int(figures.storage_works),
    )
    yield _labelled(
        GaugeMetricFamily(
            "voltyard_pending_commands", "Commands that have no end yet, by status.", labels=["status"]
        ),
        figures.pending_commands,
    )
    for name, text, label, counts in (
        ("commands", "Commands that ended, by status.", "status", figures.ended_commands),
        ("events", "What happened, by kind.", "kind", figures.events),
        ("ignored_frames", "Frames that nobody may answer, by reason.", "reason", figures.ignored_frames),
        (
            "refused_handshakes",
            "Connections of charge points that were refused, by HTTP status.",
            "status",
            figures.refused_handshakes,
        ),
    ):
        yield _labelled(CounterMetricFamily(f"voltyard_{name}", text, labels=[label]), counts)


def _labelled(
    family: GaugeMetricFamily | CounterMetricFamily, counts: Mapping[str, int] | Mapping[int, int]
) -> Metric:
    for label, count in counts.items():
        family.add_metric([str(label)], count)
    return family
