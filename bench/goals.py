"""The speed goals of the architecture, each with the measured figure that answers it."""

from __future__ import annotations

from typing import NamedTuple

from bench.figures import Results

OURS = "voltyard"


class Goal(NamedTuple):
    """A bound on a figure, which is `None` where the run did not measure it."""

    what: str
    bound: float
    unit: str
    measured: float | None
    is_floor: bool = False

    @property
    def is_met(self) -> bool | None:
        """Tell on which side of the bound the figure is; `None` if there is no figure."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.is_floor else self.measured <= self.bound


def goals(results: Results) -> tuple[Goal, ...]:
    """Return the goals in the architecture's order."""
    durable = results.durable_messages.get(OURS)
    idle = results.idle_connections.get(OURS)
    paced, start = results.paced, results.start
    return (
        Goal("server CPU per durable message", 45, "µs", durable.median.cpu_us if durable else None),
        Goal("ocpp's CPU over ours", 25, "x", results.ratios.get("ocpp"), is_floor=True),
        Goal("ocpp-rpc's CPU over ours", 3, "x", results.ratios.get("ocpp-rpc"), is_floor=True),
        Goal("decode BootNotification", 1, "µs", results.decode_us.get("BootNotification")),
        Goal("decode MeterValues of 1.2 KB", 5, "µs", results.decode_us.get("MeterValues")),
        Goal("memory per idle connection", 12, "KiB", idle.kib_per_connection if idle else None),
        Goal(_paced_name(results), 15, "ms", paced.measured.p99_ms if paced else None),
        Goal(_start_name(results), 2, "s", start.seconds if start else None),
    )


def _paced_name(results: Results) -> str:
    connections = results.paced.connections if results.paced else 10_000
    return f"p99 at 5 000/s over {connections:_} connections".replace("_", " ")


def _start_name(results: Results) -> str:
    stored = results.start.transactions if results.start else 1_000_000
    return f"start with {stored:_} stored transactions".replace("_", " ")
