"""What a charge point tells of itself: readable, of the time that is asked for, and without secrets."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from random import Random
from types import MappingProxyType
from typing import cast

import pytest
from tests.chargepoint.transfers import unpack
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.chargepoint.clock import StationClock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.diagnostics import Diagnostics, File
from voltyard.chargepoint.journal import Journal, open_journal
from voltyard.chargepoint.parts import Installation, configuration_of
from voltyard.chargepoint.simulator import SimulatedConnector, SimulatedHardware
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import BootNotification, LogType

BOOT = BootNotification(
    charge_point_vendor="v",
    charge_point_model="m",
    charge_point_serial_number="CP 1/ä",
    firmware_version="1.0",
)
SECRET = "0123456789abcdef0123456789abcdef"


class Hardware(SimulatedHardware):
    """Hardware that says what it is told to."""

    found: Mapping[str, bytes] | Exception = MappingProxyType({})

    def diagnostics(self) -> Mapping[str, bytes]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found


class Place:
    """What there is to be told of."""

    def __init__(self, found: Mapping[str, bytes] | Exception | None = None) -> None:
        clock = VirtualClock()
        self.hardware = Hardware([SimulatedConnector(clock, Random(1))], clock, BOOT)
        self.hardware.found = found or {}
        self.configuration: Configuration = configuration_of(
            Installation(
                hardware=self.hardware,
                stay_connected=lambda _: _never(),
                store=MemoryStore(),
                clock=StationClock(clock),
            )
        )
        self.configuration.set("AuthorizationKey", SECRET)
        self.journal: Journal = open_journal(clock.now)
        self.diagnostics = Diagnostics(self.journal, self.configuration, self.hardware, clock.now)

    def collect(self, log_type: LogType = LogType.DIAGNOSTICS_LOG) -> File:
        file = self.diagnostics.collect(log_type)
        assert file is not None
        return file


async def _never() -> None:
    raise AssertionError


@story
async def test_an_archive_holds_what_helps_to_find_a_fault() -> None:
    place = Place({"hardware.txt": b"all is well", "../../etc/passwd": b"-"})
    place.journal.note("booted")

    files = unpack(place.collect().read())

    assert set(files) == {
        *("journal.log", "charge-point.json", "configuration.txt"),
        *("hardware/hardware.txt", "hardware/passwd"),
    }
    assert files["journal.log"].endswith(b" booted\n")
    assert json.loads(files["charge-point.json"])["firmwareVersion"] == "1.0"
    assert b"HeartbeatInterval=" in files["configuration.txt"]
    assert files["hardware/hardware.txt"] == b"all is well"


@story
async def test_it_holds_no_secrets() -> None:
    place = Place()
    place.journal.note("booted")

    files = unpack(place.collect().read())

    assert not any(SECRET.encode() in content for content in files.values())


@story
async def test_hardware_in_trouble_prevents_nothing() -> None:
    place = Place(RuntimeError("no answer from the board"))
    place.journal.note("booted")

    files = unpack(place.collect().read())

    assert b"no answer from the board" in files["hardware/error.txt"]


@story
async def test_the_security_log_is_text_of_its_own() -> None:
    """R-388."""
    place = Place()
    place.journal.note("booted")
    place.journal.note_security("StartupOfTheDevice")

    file = place.collect(LogType.SECURITY_LOG)

    assert file.read() == b"2024-05-17T09:59:30.000Z StartupOfTheDevice\n"


@story
async def test_names_say_whose_file_it_is_and_of_when() -> None:
    place = Place()
    place.journal.note("booted")
    place.journal.note_security("StartupOfTheDevice")

    assert place.collect().name == "CP-1--diagnostics-20240517T095930.000Z.tar.gz"
    assert place.collect(LogType.SECURITY_LOG).name == "CP-1--security-20240517T095930.000Z.log"


@pytest.mark.parametrize(
    ("since", "until", "is_anything"),
    [
        (None, None, True),
        (BEGINNING, BEGINNING, True),
        (BEGINNING + timedelta(seconds=1), None, False),
        (None, BEGINNING - timedelta(seconds=1), False),
        (datetime(2030, 1, 1, tzinfo=UTC), datetime(2020, 1, 1, tzinfo=UTC), False),
    ],
)
@story
async def test_there_is_nothing_from_a_time_in_which_nothing_happened(
    since: datetime | None, until: datetime | None, is_anything: bool
) -> None:
    place = Place()
    place.journal.note("booted")

    assert (place.diagnostics.collect(LogType.DIAGNOSTICS_LOG, since, until) is not None) is is_anything
    assert place.diagnostics.collect(LogType.SECURITY_LOG, since, until) is None


@story
async def test_what_is_no_file_is_hardware_in_trouble() -> None:
    place = Place(cast("Mapping[str, bytes]", {"state.txt": "text and no bytes"}))
    place.journal.note("booted")

    files = unpack(place.collect().read())

    assert b"TypeError" in files["hardware/error.txt"]
