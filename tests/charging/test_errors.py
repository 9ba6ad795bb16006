"""What the errors of charging say."""

from __future__ import annotations

from voltyard.charging.errors import ProfileRefused, TransitionRefused
from voltyard.protocol.messages import ChargePointStatus


def test_a_refused_transition_says_where_and_why() -> None:
    error = TransitionRefused(2, ChargePointStatus.FINISHING, "energy_offered")

    assert str(error) == "connector 2: nothing leads out of Finishing on energy_offered"


def test_a_refused_profile_says_why() -> None:
    error = ProfileRefused("first startPeriod not 0")

    assert str(error) == error.reason == "first startPeriod not 0"
