"""What a connector offers."""

from __future__ import annotations

from math import inf
from random import Random

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.simulator import SimulatedConnector
from voltyard.chargepoint.supply import Supply, Withheld
from voltyard.charging.connector import Event


def connector() -> SimulatedConnector:
    return SimulatedConnector(VirtualClock(), Random(1), max_current_a=32.0)


@story
async def test_nothing_is_offered_while_nobody_charges() -> None:
    """R-108."""
    hardware = connector()
    supply = Supply(hardware)

    supply.limit(16.0)

    assert (supply.offered_a, hardware.offered_a) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("limit_a", "offered_a"), [(inf, 32.0), (40.0, 32.0), (16.0, 16.0), (6.0, 6.0), (5.9, 0.0), (0.0, 0.0)]
)
@story
async def test_a_limit_binds_and_what_is_too_little_is_nothing(limit_a: float, offered_a: float) -> None:
    """R-366: less than 6 A cannot be offered."""
    hardware = connector()
    supply = Supply(hardware)
    supply.open()

    supply.limit(limit_a)

    assert (supply.offered_a, hardware.offered_a) == (offered_a, offered_a)
    assert (supply.event() is Event.EVSE_SUSPENDS) is (offered_a == 0)


@pytest.mark.parametrize("reason", Withheld)
@story
async def test_energy_is_withheld_until_every_reason_is_gone(reason: Withheld) -> None:
    supply = Supply(connector())
    supply.open()
    supply.withhold(reason)
    supply.withhold(Withheld.FAULT)
    assert supply.offered_a == 0

    supply.grant(Withheld.FAULT)
    supply.grant(reason)

    assert supply.offered_a == 32.0


@pytest.mark.parametrize("reason", Withheld)
@story
async def test_what_is_wrong_with_the_identifier_does_not_outlast_the_transaction(reason: Withheld) -> None:
    supply = Supply(connector())
    supply.open()
    supply.withhold(reason)

    supply.close()
    supply.open()

    assert (supply.offered_a == 32.0) is (reason is Withheld.INVALID_ID)


@story
async def test_hardware_that_does_not_obey_is_told_of_each_time() -> None:
    class Contactor(SimulatedConnector):
        def offer(self, current_a: float) -> None:
            raise OSError("no answer from the contactor")

    failures: list[float] = []
    hardware = Contactor(VirtualClock(), Random(1))
    supply = Supply(hardware, lambda: failures.append(supply.offered_a))

    supply.open()
    supply.close()

    assert failures == [32.0, 0.0]
