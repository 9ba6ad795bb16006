"""Signed readings go out as they are, or not at all."""

from __future__ import annotations

import pytest
from tests.chargepoint.metered import REGISTER, ScriptedConnector
from tests.chargepoint.virtual_time import BEGINNING

from voltyard.chargepoint.signing import MAX_SIGNED_BYTES, signed
from voltyard.protocol.messages import ReadingContext, SampledValue, ValueFormat

BEGIN = ReadingContext.TRANSACTION_BEGIN


def test_a_signed_reading_is_sent_as_hexadecimal_text() -> None:
    connector = ScriptedConnector(signature=b"OCMF|{}|\xff")

    assert signed(connector, BEGIN, "A", BEGINNING) == (
        SampledValue(
            value="4f434d467c7b7d7cff", context=BEGIN, format=ValueFormat.SIGNED_DATA, measurand=REGISTER
        ),
    )
    assert connector.signed == [(BEGIN, "A", BEGINNING)]


@pytest.mark.parametrize("signature", [None, b"", b"x" * (MAX_SIGNED_BYTES + 1), "no bytes"])
def test_what_is_no_signature_or_too_long_for_a_message_is_left_out(signature: bytes | None) -> None:
    assert signed(ScriptedConnector(signature=signature), BEGIN, "A", BEGINNING) == ()


def test_the_longest_signature_is_sent() -> None:
    (sample,) = signed(ScriptedConnector(signature=b"x" * MAX_SIGNED_BYTES), BEGIN, "A", BEGINNING)

    assert len(sample.value) == 2 * MAX_SIGNED_BYTES


def test_a_meter_that_fails_to_sign_harms_nothing() -> None:
    connector = ScriptedConnector()
    connector.is_broken = True

    assert signed(connector, BEGIN, "A", BEGINNING) == ()
