"""What is measured, as values: orders to the load generator, outcomes, rounds and the whole result."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import msgspec


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator is asked to do next; it ends at whichever limit comes first.

    Saturated without `rate`: each connection sends its next CALL as soon as the last one is
    answered. With `rate`, in messages/s over all connections, whenever its turn comes.
    """

    messages: int
    seconds: float
    rate: float | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What the load generator saw in one run; `lag_p99_ms` is how late it sent what was due."""

    acknowledged: dict[str, int]
    seconds: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    lag_p99_ms: float
    generator_cpu_us: float

    @property
    def messages(self) -> int:
        """How many durable messages were answered."""
        return sum(self.acknowledged.values())


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """One measurement of one server; `cpu_us` is the server's CPU time per durable message."""

    messages: int
    cpu_us: float
    messages_per_s: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    lag_p99_ms: float
    generator_cpu_us: float


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The rounds of one server and, for each figure by itself, their median."""

    median: Round
    rounds: list[Round]


class Idle(msgspec.Struct, frozen=True, kw_only=True):
    """Resident memory that so many idle connections added to a server."""

    connections: int
    kib_per_connection: float


class Paced(msgspec.Struct, frozen=True, kw_only=True):
    """Latency at a given rate over many connections."""

    connections: int
    rate: float
    measured: Round


class Start(msgspec.Struct, frozen=True, kw_only=True):
    """How long the server takes to be ready with so many stored transactions."""

    transactions: int
    seconds: float


class Results(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything one invocation measured; a part that did not run is absent."""

    measured_at: str
    is_quick: bool
    machine: Mapping[str, str | int | float]
    versions: Mapping[str, str] = {}
    durable_messages: dict[str, Summary] = {}
    ratios: dict[str, float] = {}
    idle_connections: dict[str, Idle] = {}
    paced: Paced | None = None
    decode_us: dict[str, float] = {}
    start: Start | None = None


def percentile(ordered: Sequence[float], percent: float) -> float:
    """Return the nearest-rank percentile of values in ascending order; 0 of none."""
    if not ordered:
        return 0.0
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


def round_of(outcome: Outcome, server_cpu_s: float) -> Round:
    """Return what an outcome and the server's CPU time over it say per durable message."""
    return Round(
        messages=outcome.messages,
        cpu_us=server_cpu_s * 1e6 / outcome.messages,
        messages_per_s=outcome.messages / outcome.seconds,
        p50_ms=outcome.p50_ms,
        p99_ms=outcome.p99_ms,
        max_ms=outcome.max_ms,
        lag_p99_ms=outcome.lag_p99_ms,
        generator_cpu_us=outcome.generator_cpu_us,
    )


def summary_of(rounds: Sequence[Round]) -> Summary:
    """Return the rounds with their medians."""
    columns = {name: median(getattr(each, name) for each in rounds) for name in Round.__struct_fields__}
    return Summary(
        median=msgspec.convert(columns | {"messages": round(columns["messages"])}, Round), rounds=list(rounds)
    )


def ratios_to(name: str, summaries: Mapping[str, Summary]) -> dict[str, float]:
    """Return how many times the CPU time of `name` each other server takes per durable message."""
    if name not in summaries:
        return {}
    own_us = summaries[name].median.cpu_us
    return {other: each.median.cpu_us / own_us for other, each in summaries.items() if other != name}
