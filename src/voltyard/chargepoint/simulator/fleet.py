"""Thousands of simulated charge points in one process, and what they come to together."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final, Protocol

import structlog

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.connection import Terms
from voltyard.chargepoint.simulator.arrivals import Arrivals, SteadyArrivals
from voltyard.chargepoint.simulator.dice import Dice
from voltyard.chargepoint.simulator.faults import NO_FAULTS, Fault, NetworkFaults, UnreliableNetwork
from voltyard.chargepoint.simulator.shared_clock import SharedClock
from voltyard.chargepoint.simulator.station import (
    DEFAULT_ID_TAGS,
    SimulatedStation,
    Simulation,
    with_usual,
)
from voltyard.chargepoint.simulator.tally import Tally
from voltyard.chargepoint.transfer import InternetTransfer
from voltyard.chargepoint.uplink import StayConnected
from voltyard.transport.errors import TransportError

STATION_PLACE: Final = "{n}"
"""Stands in an id tag for the number of the charge point."""

_AT_ONCE: Final = 20
"""So many charge points are built before what runs already gets its turn."""

_JOURNAL_BYTES: Final = 64
"""Nobody reads the notes of thousands: the last one is enough, where 32 KiB would outweigh all the rest."""

_log = structlog.get_logger()


class Dial(Protocol):
    """Says how a charge point of the fleet stays connected."""

    def __call__(
        self,
        identity: str,
        *,
        terms: Callable[[], Terms],
        failed: Callable[[OSError | TransportError, float], None],
    ) -> StayConnected:
        """Return what connects as `identity`; the rest is as `stay_connected_to` has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetPlan:
    """What a fleet consists of.

    Identities are `prefix` and a number from 1. So many charge points begin every second; `arrivals` says,
    given random numbers, who comes to one of them. `id_tags` may hold `{n}` for the number of the charge
    point; without a `state_directory`, which gets a folder for each, they forget everything at their end.
    The same `seed` makes the same vehicles come, and the same faults of the network, message by message.
    """

    count: int
    prefix: str = "FLEET-"
    connectors: int = 1
    seed: int = 0
    speed: float = 1.0
    per_s: float = 100.0
    arrivals: Callable[[Random], Arrivals] = lambda random: SteadyArrivals()
    id_tags: Sequence[str] = DEFAULT_ID_TAGS
    settings: Mapping[str, str] = field(default_factory=dict)
    state_directory: Path | None = None
    faults: NetworkFaults = NO_FAULTS

    def identity(self, number: int) -> str:
        """Return the identity of a charge point, from 1."""
        return f"{self.prefix}{number:05}"


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetTotals:
    """What a fleet has come to after `seconds`.

    `accepted` are charge points that the central system has accepted at some time, `charging` connectors
    with a transaction, `undelivered` transaction-related messages that wait. Transactions are counted when
    the central system has confirmed their start or end. Latencies are those of answered calls, None if
    there are none.
    """

    seconds: float
    planned: int
    begun: int
    broken: int
    connected: int
    accepted: int
    charging: int
    transactions_started: int
    transactions_finished: int
    undelivered: int
    messages_sent: int
    messages_received: int
    median_latency_s: float | None
    p99_latency_s: float | None
    calls: Mapping[str, int]
    faults: Mapping[str, int]
    errors: Mapping[str, int]

    @property
    def is_complete(self) -> bool:
        """Whether every charge point has been accepted and still runs."""
        return self.accepted == self.planned and not self.broken


class Fleet:
    """Runs charge points; one that breaks does not end the others."""

    def __init__(self, plan: FleetPlan, dial: Dial, *, clock: Clock | None = None) -> None:
        self._plan = plan
        self._dial = dial
        self._clock = clock or SharedClock()
        self._tally = Tally(self._clock.monotonic)
        # What all have in common is there once.
        self._transfer = InternetTransfer()
        self._settings = with_usual(plan.settings)
        self._stations: list[SimulatedStation] = []
        self._begun = 0
        self._began_at_s = self._clock.monotonic()

    async def run(self) -> None:
        """Begin one charge point after the other, and run them until cancelled."""
        self._began_at_s = self._clock.monotonic()
        async with asyncio.TaskGroup() as tasks:
            for number in range(1, self._plan.count + 1):
                tasks.create_task(self._live(number))
                self._begun += 1
                await self._pause(number)

    def totals(self) -> FleetTotals:
        """Return what the fleet has come to."""
        tally = self._tally
        glances = [glance for station in self._stations if (glance := station.glance()) is not None]
        return FleetTotals(
            seconds=self._clock.monotonic() - self._began_at_s,
            planned=self._plan.count,
            begun=self._begun,
            broken=tally.broken.total(),
            connected=sum(glance.is_connected for glance in glances),
            accepted=sum(glance.was_ever_accepted for glance in glances),
            charging=sum(glance.running_transactions for glance in glances),
            transactions_started=tally.answered["StartTransaction"],
            transactions_finished=tally.answered["StopTransaction"],
            undelivered=sum(glance.undelivered for glance in glances),
            messages_sent=tally.messages_sent,
            messages_received=tally.messages_received,
            median_latency_s=tally.latencies.percentile(50),
            p99_latency_s=tally.latencies.percentile(99),
            calls=dict(tally.answered.most_common()),
            faults={fault: tally.faults[fault] for fault in Fault if tally.faults[fault]},
            errors=self._errors(),
        )

    async def _pause(self, number: int) -> None:
        """Wait until the next charge point is due."""
        early_s = self._began_at_s + number / self._plan.per_s - self._clock.monotonic()
        if early_s > 0:
            await self._clock.sleep(early_s)
        elif number % _AT_ONCE == 0:
            await asyncio.sleep(0)

    async def _live(self, number: int) -> None:
        try:
            station = self._build(number)
            self._stations.append(station)
            await station.run()
        except Exception as error:  # noqa: BLE001 - whatever breaks one charge point must not end the others
            self._broke(self._plan.identity(number), error)

    def _broke(self, identity: str, error: Exception) -> None:
        kind = _kind_of(error)
        if not self._tally.broken[kind]:
            # The others of this kind are only counted.
            _log.error("charge point broke", identity=identity, exc_info=error)
        self._tally.broken[kind] += 1

    def _build(self, number: int) -> SimulatedStation:
        plan, tally = self._plan, self._tally
        identity = plan.identity(number)
        stay_connected = self._dial(identity, terms=lambda: station.terms, failed=tally.not_connected)
        if plan.faults:
            dice = Dice(f"{plan.seed}/{identity}/network")
            stay_connected = UnreliableNetwork(
                stay_connected, dice, self._clock, plan.faults, happened=tally.fault_happened
            )
        simulation = Simulation(
            identity=identity,
            connectors=plan.connectors,
            state_directory=plan.state_directory and plan.state_directory / identity,
            speed=plan.speed,
            seed=plan.seed,
            id_tags=_tags_of(plan.id_tags, number),
            arrivals=plan.arrivals(Random(f"{plan.seed}/{identity}/arrivals")),  # noqa: S311 - no secret
            settings=self._settings,
            journal_bytes=_JOURNAL_BYTES,
        )
        station = SimulatedStation(
            simulation,
            stay_connected,
            clock=self._clock,
            observer=tally.observer(),
            transfer=self._transfer,
        )
        return station

    def _errors(self) -> dict[str, int]:
        errors: Counter[str] = Counter()
        for prefix, counts in (
            ("broken", self._tally.broken),
            ("not connected", self._tally.failed_attempts),
        ):
            errors.update({f"{prefix}: {kind}": count for kind, count in counts.items()})
        for station in self._stations:
            errors.update(station.complaints)
        return dict(errors.most_common())


def _tags_of(id_tags: Sequence[str], number: int) -> Sequence[str]:
    if not any(STATION_PLACE in id_tag for id_tag in id_tags):
        return id_tags
    return tuple(id_tag.replace(STATION_PLACE, str(number)) for id_tag in id_tags)


def _kind_of(error: BaseException) -> str:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return type(error).__name__
