"""What becomes of events in a charge point that is up."""

from __future__ import annotations

from tests.chargepoint.virtual_time import run
from tests.chargepoint.world import TAG, world

from voltyard.protocol.messages import ChargePointStatus, MeterValues, StartTransaction, StopTransaction


def test_a_session_from_plug_to_unplug() -> None:
    """R-157, R-175, R-212."""

    async def story() -> None:
        async with world() as w:
            await w.charge()
            await w.after(150)
            w.hardware.tap(1, TAG)
            await w.after(5)
            w.hardware.unplug(1)
            await w.after(5)

            assert w.reported() == [
                ChargePointStatus.AVAILABLE,
                ChargePointStatus.PREPARING,
                ChargePointStatus.CHARGING,
                ChargePointStatus.FINISHING,
                ChargePointStatus.AVAILABLE,
            ]
            assert len(w.central.requests(StartTransaction)) == 1
            assert len(w.central.requests(MeterValues)) == 2
            assert len(w.central.requests(StopTransaction)) == 1

    run(story())
