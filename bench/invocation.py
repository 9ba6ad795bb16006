"""One invocation of the benchmark: which servers and parts are measured, and how much of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from bench import measurements
from bench.decoding import decode_us
from bench.figures import Order, Results, Round, Start, ratios_to, summary_of
from bench.goals import OURS
from bench.servers.contestant import Contestant
from bench.servers.ours import seconds_to_start


class Extent(NamedTuple):
    """How much is measured."""

    rounds: int
    warm_up: Order
    saturated: Order
    idle_connections: int
    paced_connections: int
    paced_warm_up: Order
    paced: Order


FULL = Extent(
    rounds=5,
    warm_up=Order(messages=10_000, seconds=2),
    saturated=Order(messages=60_000, seconds=5),
    idle_connections=5_000,
    paced_connections=10_000,
    paced_warm_up=Order(messages=25_000, seconds=5, rate=5_000),
    paced=Order(messages=75_000, seconds=15, rate=5_000),
)
QUICK = Extent(
    rounds=2,
    warm_up=Order(messages=5_000, seconds=1),
    saturated=Order(messages=20_000, seconds=2),
    idle_connections=1_000,
    paced_connections=1_000,
    paced_warm_up=Order(messages=10_000, seconds=2, rate=5_000),
    paced=Order(messages=20_000, seconds=4, rate=5_000),
)


class Bench:
    """Measures the parts it is asked for and says each figure as soon as it is there."""

    def __init__(
        self, contestants: Sequence[Contestant], extent: Extent, connections: int, say: Callable[[str], None]
    ) -> None:
        self._contestants = contestants
        self._extent = extent
        self._connections = connections
        self._say = say
        self._parts: Mapping[str, Callable[[Results], None]] = {
            "messages": self._messages,
            "idle": self._idle,
            "paced": self._paced,
            "decode": self._decode,
        }

    def measure(self, parts: Collection[str], results: Results) -> None:
        """Measure these of the parts `messages`, `idle`, `paced` and `decode`."""
        for contestant in self._contestants:
            contestant.prepare()
            results.versions = {**results.versions, **contestant.versions}
        for part, measure in self._parts.items():
            if part in parts:
                measure(results)

    def measure_start(self, stored_transactions: int, results: Results) -> None:
        """Measure how long the start of `voltyard serve` takes with so many transactions stored."""
        results.start = Start(transactions=stored_transactions, seconds=seconds_to_start(stored_transactions))
        self._say(f"start with {stored_transactions} stored transactions: {results.start.seconds:.2f} s")

    def _messages(self, results: Results) -> None:
        """The servers take turns, so that the machine's moods hit all of them."""
        rounds: defaultdict[str, list[Round]] = defaultdict(list)
        for number in range(self._extent.rounds):
            for contestant in _rotated(self._contestants, number):
                measured = measurements.saturated(
                    contestant, self._connections, self._extent.warm_up, self._extent.saturated
                )
                rounds[contestant.name].append(measured)
                self._say(
                    f"round {number + 1} of {self._extent.rounds}, {contestant.name}: {_line(measured)}"
                )
        results.durable_messages = {each.name: summary_of(rounds[each.name]) for each in self._contestants}
        results.ratios = ratios_to(OURS, results.durable_messages)

    def _idle(self, results: Results) -> None:
        for contestant in self._contestants:
            idle = measurements.idle(contestant, self._extent.idle_connections, self._extent.warm_up)
            results.idle_connections[contestant.name] = idle
            self._say(f"{idle.connections} idle, {contestant.name}: {idle.kib_per_connection:.1f} KiB each")

    def _paced(self, results: Results) -> None:
        """Only ours: the peers cannot reach the rate."""
        extent = self._extent
        for contestant in self._contestants:
            if contestant.name == OURS:
                paced = measurements.paced(
                    contestant, extent.paced_connections, extent.paced_warm_up, extent.paced
                )
                results.paced = paced
                self._say(f"{paced.rate:.0f}/s over {paced.connections} connections: {_line(paced.measured)}")

    def _decode(self, results: Results) -> None:
        results.decode_us = decode_us()
        for action, each_us in results.decode_us.items():
            self._say(f"decode {action}: {each_us:.2f} µs")


def _rotated(contestants: Sequence[Contestant], turns: int) -> Sequence[Contestant]:
    """Let another one begin each round."""
    first = turns % len(contestants)
    return (*contestants[first:], *contestants[:first])


def _line(measured: Round) -> str:
    return (
        f"{measured.cpu_us:.1f} µs of CPU a message, {measured.messages_per_s:.0f} messages/s,"
        f" p50 {measured.p50_ms:.1f} ms, p99 {measured.p99_ms:.1f} ms"
    )
