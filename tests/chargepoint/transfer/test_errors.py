"""What a failed transfer says."""

from __future__ import annotations

from voltyard.chargepoint.transfer import Failure, TransferFailed


def test_a_failure_carries_its_kind_and_reason() -> None:
    failed = TransferFailed(Failure.PERMISSION_DENIED, "the server answered 403 Forbidden")

    assert failed.failure is Failure.PERMISSION_DENIED
    assert str(failed) == failed.reason == "the server answered 403 Forbidden"
