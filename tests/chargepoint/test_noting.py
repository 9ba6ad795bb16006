"""What happens is found in the journal, and secrets are not."""

from __future__ import annotations

import pytest
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import World, world

from voltyard.protocol.messages import (
    ChangeConfiguration,
    ChargePointErrorCode,
    LogType,
    Reset,
    ResetType,
)
from voltyard.transport.errors import CallRejected

DIAGNOSTICS, SECURITY = LogType.DIAGNOSTICS_LOG, LogType.SECURITY_LOG


def notes(w: World, log_type: LogType = DIAGNOSTICS) -> list[str]:
    return [line[25:].decode() for line in w.station.program.journal.excerpt(log_type).splitlines()]


@story
async def test_a_day_of_a_charge_point() -> None:
    async with world() as w:
        await w.charge()
        w.hardware.raise_fault(2, ChargePointErrorCode.HIGH_TEMPERATURE, "too hot")
        await w.after(3600)
        w.central.go_offline()
        await w.after(1)

        noted = notes(w)
        assert noted[:4] == [
            "booted with firmware 1.0",
            "connected to the central system",
            "configuration: HeartbeatInterval is set to 300",
            "accepted by the central system",
        ]
        assert "connector 1: Preparing" in noted
        assert "connector 1: transaction 1001 is known, its identifier Accepted" in noted
        assert "connector 2: Faulted, HighTemperature, too hot" in noted
        assert noted[-1] == "not connected any more"
        # Sixty meter values have left no trace.
        assert len(noted) < 12


@story
async def test_settings_are_noted_but_not_secrets() -> None:
    """R-305."""
    secret = "0123456789abcdef0123456789abcdef"
    async with world() as w:
        await w.central.call(ChangeConfiguration(key="connectionTimeOut", value="77"))
        await w.central.call(ChangeConfiguration(key="AuthorizationKey", value=secret))
        await w.after(5)

        assert "configuration: ConnectionTimeOut is set to 77" in notes(w)
        assert "configuration: AuthorizationKey is set" in notes(w)
        assert "ReconfigurationOfSecurityParameters AuthorizationKey" in notes(w, SECURITY)
        assert not any(secret in note for kind in LogType for note in notes(w, kind))


@story
async def test_refused_calls_are_noted() -> None:
    async with world() as w:
        for action, payload in (("UnlockConnector", b'{"connectorId":"x"}'), ("Fo\no" * 30, b"{}")):
            with pytest.raises(CallRejected):
                await w.central.call_raw(action, payload)

        assert "UnlockConnector: refused with TypeConstraintViolation" in notes(w)
        assert any(note.startswith("Fo\\noFo\\noFo") and "NotImplemented" in note for note in notes(w))


@story
async def test_a_reset_is_noted_and_the_notes_outlive_it() -> None:
    async with world() as w:
        await w.central.call(Reset(type=ResetType.HARD))
        await w.after(20)

        assert "restarting: Hard reset" in notes(w)
        assert [note for note in notes(w) if note.startswith("booted")] == ["booted with firmware 1.0"] * 2
        assert notes(w, SECURITY) == ["StartupOfTheDevice", "ResetOrReboot Hard", "StartupOfTheDevice"]
