"""What hardware says about itself."""

from __future__ import annotations

from tests.chargepoint.simulator.rig import connector, hardware
from tests.chargepoint.world import vehicle

from voltyard.protocol.messages import ChargePointErrorCode


def test_it_says_who_it_is_what_is_broken_and_what_it_measures() -> None:
    bench = hardware(connector(), connector(has_lock=False))
    bench.plug_in(1, vehicle())
    bench.connectors[0].offer(16)
    bench.connectors[0].lock()
    bench.raise_fault(0, ChargePointErrorCode.WEAK_SIGNAL)
    bench.raise_fault(2, ChargePointErrorCode.GROUND_FAILURE, "wet", "E-17")

    lines = bench.diagnostics()["hardware.txt"].decode().splitlines()

    assert lines[:3] == ["charge point vendor: v", "charge point model: m", "firmware version: 1.0"]
    assert lines[3:5] == ["defect at 0: WeakSignal", "defect at 2: GroundFailure wet E-17"]
    assert "connector 1: pilot state C, offered 16.0 A" in lines
    assert "connector 1: locked" in lines
    assert "connector 2: not locked" in lines
    assert "connector 1: SoC EV 20.000 Percent" in lines
    assert any(line.startswith("main meter: Voltage L2 Inlet 23") for line in lines)


def test_hardware_without_a_main_meter_says_nothing_of_it() -> None:
    bench = hardware(has_main_meter=False)

    assert b"main meter" not in bench.diagnostics()["hardware.txt"]
