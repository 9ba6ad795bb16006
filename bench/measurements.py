"""The measurements: each starts a server with an empty storage, loads it, and checks what it stored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Idle, Order, Outcome, Paced, Round, round_of
from bench.generator import Generator, GeneratorError, connected, identities
from bench.processes import ServerError, cpu_seconds, last_words, resident_kib
from bench.servers.contestant import Contestant, Server

# Work that a server puts off until after its answers counts too.
SETTLE_S = 1.0

_PREFIX = "CP"
_IDLE_PREFIX = "ID"
_BUSY_CONNECTIONS = 64


def saturated(contestant: Contestant, connections: int, warm_up: Order, order: Order) -> Round:
    """Measure a server that always has as many CALLs to answer as there are connections."""
    with _loaded(contestant, connections) as (server, generator):
        return _measured(server, generator, warm_up, order)


def paced(contestant: Contestant, connections: int, warm_up: Order, order: Order) -> Paced:
    """Measure a server that gets `order.rate` messages/s from many connections."""
    with _loaded(contestant, connections) as (server, generator):
        measured = _measured(server, generator, warm_up, order)
    return Paced(connections=connections, rate=order.rate or 0.0, measured=measured)


def idle(contestant: Contestant, connections: int, warm_up: Order) -> Idle:
    """Measure the memory that connections take which have booted and then say nothing.

    The server has worked before, so that what it allocates once is not counted.
    """
    names = (*identities(_PREFIX, _BUSY_CONNECTIONS), *identities(_IDLE_PREFIX, connections))
    with _started(contestant, names) as server, connected(server.url, _PREFIX, _BUSY_CONNECTIONS) as busy:
        busy.carry_out(warm_up)
        time.sleep(SETTLE_S)
        before_kib = resident_kib(server.pid)
        with connected(server.url, _IDLE_PREFIX, connections):
            time.sleep(SETTLE_S)
            added_kib = resident_kib(server.pid) - before_kib
    return Idle(connections=connections, kib_per_connection=added_kib / connections)


@contextmanager
def _started(contestant: Contestant, names: tuple[str, ...]) -> Iterator[Server]:
    with TemporaryDirectory(prefix="bench-") as name, contestant.start(Path(name), names) as server:
        try:
            yield server
        except GeneratorError as error:
            words = last_words(Path(name))
            raise ServerError(f"{contestant.name}: {error}; the server's last words: {words}") from error


@contextmanager
def _loaded(contestant: Contestant, connections: int) -> Iterator[tuple[Server, Generator]]:
    with (
        _started(contestant, identities(_PREFIX, connections)) as server,
        connected(server.url, _PREFIX, connections) as generator,
    ):
        yield server, generator


def _measured(server: Server, generator: Generator, warm_up: Order, order: Order) -> Round:
    warm = generator.carry_out(warm_up)
    cpu_before_s = cpu_seconds(server.pid)
    outcome = generator.carry_out(order)
    time.sleep(SETTLE_S)
    cpu_s = cpu_seconds(server.pid) - cpu_before_s
    _check_stored(server.stored(), warm, outcome)
    return round_of(outcome, cpu_s)


def _check_stored(stored: Mapping[str, int], *outcomes: Outcome) -> None:
    """Refuse a figure of a server that has lost or doubled what it acknowledged."""
    acknowledged: Counter[str] = Counter()
    for outcome in outcomes:
        acknowledged.update(outcome.acknowledged)
    for action, number in acknowledged.items():
        if stored.get(action, 0) != number:
            raise ServerError(f"{number} {action} acknowledged, but {stored.get(action, 0)} are stored")
