"""A connector whose meter shows what a test says, and what is written about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.amounts import measurable
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.hardware import ConnectorHardware, Measurement
from voltyard.chargepoint.keys import Equipment, table_of
from voltyard.chargepoint.outbox import Outbox, TransactionRequest
from voltyard.chargepoint.sampling import Sampling
from voltyard.chargepoint.store import MemoryStore
from voltyard.chargepoint.transactions import Transaction, Transactions
from voltyard.protocol.messages import (
    Measurand,
    MeterValue,
    Phase,
    ReadingContext,
    Reason,
    SampledValue,
    StopTransaction,
    UnitOfMeasure,
    ValueFormat,
)

REGISTER = Measurand.ENERGY_ACTIVE_IMPORT_REGISTER
INTERVAL = Measurand.ENERGY_ACTIVE_IMPORT_INTERVAL
POWER = Measurand.POWER_ACTIVE_IMPORT
EQUIPMENT = Equipment(
    connectors=2,
    measurands=measurable(frozenset({REGISTER, POWER, Measurand.VOLTAGE})),
    has_fixed_cables=True,
)


class Broken(Exception):
    """What hardware raises that nobody has heard of."""


class ScriptedConnector(ConnectorHardware):
    """A connector with a fixed cable whose meter can be set, broken and given a key to sign with."""

    def __init__(self, register_wh: float = 1000.0, *, signature: bytes | None = None) -> None:
        self.energy_wh = register_wh
        self.power_w = 11_000.0
        self.signature = signature
        self.signed: list[tuple[ReadingContext, str, datetime]] = []
        self.is_broken = False
        self.extra: list[Measurement] = []

    has_lock = False
    is_plugged = True
    wants_energy = True
    max_current_a = 32.0
    measurands = frozenset({REGISTER, POWER, Measurand.VOLTAGE})

    @property
    def register_wh(self) -> int:
        if self.is_broken:
            raise Broken
        return int(self.energy_wh)

    def measure(self) -> Sequence[Measurement]:
        if self.is_broken:
            raise Broken
        return (
            Measurement(REGISTER, self.energy_wh, UnitOfMeasure.WH),
            Measurement(POWER, self.power_w, UnitOfMeasure.W),
            Measurement(Measurand.VOLTAGE, 230.0, UnitOfMeasure.V, Phase.L1),
            Measurement(Measurand.VOLTAGE, 231.0, UnitOfMeasure.V, Phase.L2),
            *self.extra,
        )

    def sign(self, context: ReadingContext, id_tag: str, now: datetime) -> bytes | None:
        if self.is_broken:
            raise Broken
        self.signed.append((context, id_tag, now))
        return self.signature

    def offer(self, current_a: float) -> None:
        """Whatever is offered, the meter shows what the test says."""

    def lock(self) -> None:
        """There is no lock."""

    async def unlock(self) -> bool:
        return False


class StillClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = BEGINNING

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return (self.at - BEGINNING).total_seconds()

    async def sleep(self, seconds: float) -> None:
        raise AssertionError("nobody waits here")


class Bench:
    """Sampling at one connector, without time passing by itself and without a central system."""

    def __init__(
        self, store: MemoryStore | None = None, *, signature: bytes | None = None, **settings: str
    ) -> None:
        self.store = store or MemoryStore()
        self.clock = StillClock()
        self.hardware = ScriptedConnector(signature=signature)
        self.configuration = Configuration(self.store, table_of(EQUIPMENT, settings))
        self.outbox = Outbox(self.store)
        self.transactions = Transactions(
            self.store,
            self.outbox,
            max_meter_values=self.configuration.integer("StopTransactionMaxMeterValues"),
        )
        self.sampling = Sampling(self.transactions, self.configuration, self.clock)
        self.connector_id = 1
        self.transaction: Transaction | None = None

    def begin(self, id_tag: str = "A") -> Transaction:
        self.transaction = self.sampling.begin(1, self.hardware, id_tag)
        return self.transaction

    def sample(self, *, seconds: float = 60, energy_wh: float = 100) -> None:
        """Let time and energy pass, and take a sample."""
        self.pass_by(seconds, energy_wh)
        assert self.transaction is not None
        self.sampling.sample(self.transaction.key, self.hardware)

    def align(self, *, seconds: float = 60, energy_wh: float = 100) -> None:
        """Let time and energy pass, and come to a point of the grid."""
        self.pass_by(seconds, energy_wh)
        self.sampling.sample_aligned(self.clock.at, None, [self])

    def end(self, reason: Reason = Reason.LOCAL) -> None:
        assert self.transaction is not None
        self.sampling.end(self.transaction.key, self.hardware, reason)
        self.transaction = None

    def pass_by(self, seconds: float, energy_wh: float) -> None:
        self.clock.at += timedelta(seconds=seconds)
        self.hardware.energy_wh += energy_wh

    async def posted(self) -> list[TransactionRequest]:
        """Take everything out of the outbox."""
        requests = []
        while len(self.outbox):
            message = await self.outbox.head()
            requests.append(message.request)
            self.outbox.remove(message)
        return requests

    async def stop(self) -> StopTransaction:
        """Take everything out of the outbox and return the StopTransaction."""
        (stop,) = (each for each in await self.posted() if isinstance(each, StopTransaction))
        return stop


Shown = tuple[ReadingContext | None, str]


def shown(values: Sequence[MeterValue] | None, measurand: Measurand = REGISTER) -> list[Shown]:
    """Return contexts and values of what is not signed, in order."""
    return [(each.context, each.value) for each in samples(values) if each.measurand is measurand]


def signatures(values: Sequence[MeterValue] | None) -> list[Shown]:
    """Return contexts and values of what is signed, in order."""
    all_samples = (sample for value in values or () for sample in value.sampled_value)
    return [(each.context, each.value) for each in all_samples if each.format is ValueFormat.SIGNED_DATA]


def samples(values: Sequence[MeterValue] | None) -> list[SampledValue]:
    """Return the samples that are not signed."""
    all_samples = (sample for value in values or () for sample in value.sampled_value)
    return [each for each in all_samples if each.format is None]
