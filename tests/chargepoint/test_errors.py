"""What the errors of a charge point say."""

from __future__ import annotations

from pathlib import Path

from voltyard.chargepoint.errors import StateUnusable, UnknownConnector


def test_unusable_state_is_named() -> None:
    error = StateUnusable(Path("there/state.db"), "database is locked")

    assert str(error) == "the state in there/state.db cannot be used: database is locked"
    assert (error.path, error.reason) == (Path("there/state.db"), "database is locked")


def test_an_unknown_connector_is_named() -> None:
    assert str(UnknownConnector(7)) == "no connector 7"
