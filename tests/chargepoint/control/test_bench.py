"""Whatever a tester does, in whatever order: the charge point survives it, and so does what it tells."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.chargepoint.control.system import controlled
from tests.chargepoint.virtual_time import run

from voltyard.protocol.messages import ChargePointErrorCode, StartTransaction, StopTransaction

_CODES = st.sampled_from(ChargePointErrorCode).map(str)
_BODIES: dict[str, st.SearchStrategy[Any]] = {
    "/connectors/{n}/plug": st.fixed_dictionaries(
        {},
        optional={
            "soc_percent": st.sampled_from([0, 30, 99.9, 100]),
            "target_percent": st.sampled_from([0, 80]),
        },
    ),
    "/connectors/{n}/unplug": st.fixed_dictionaries({"end": st.sampled_from(["station", "vehicle"])}),
    "/connectors/{n}/tap": st.fixed_dictionaries({"id_tag": st.sampled_from(["A", "B", "\x00", "x" * 30])}),
    "/connectors/{n}/fault": st.fixed_dictionaries(
        {"error_code": _CODES}, optional={"info": st.text(max_size=60)}
    ),
    "/connectors/{n}/clear-fault": st.fixed_dictionaries({}, optional={"error_code": _CODES}),
    "/connectors/{n}/vehicle": st.fixed_dictionaries(
        {}, optional={"is_paused": st.booleans(), "target_percent": st.sampled_from([0, 50, 100])}
    ),
    "/connectors/{n}/lock": st.fixed_dictionaries(
        {}, optional={"is_jammed": st.booleans(), "failing_unlocks": st.integers(0, 2)}
    ),
    "/emergency-stop": st.just({}),
    "/power": st.fixed_dictionaries({"state": st.sampled_from(["cut", "restored"])}),
    "/network": st.fixed_dictionaries(
        {},
        optional={
            "state": st.sampled_from(["up", "down"]),
            "faults": st.sampled_from(
                ["", "drop=0.5", "duplicate=1", "cut=0.3", "half-open=0.1", "delay=1:5s"]
            ),
        },
    ),
    "/reboot": st.fixed_dictionaries({"type": st.sampled_from(["Soft", "Hard"])}),
    "/clock": st.sampled_from(
        [
            {},
            {"ahead_s": 86400},
            {"ahead_s": -4e9},
            {"now": "1970-01-01T00:00:00Z"},
            {"now": "2199-12-31T23:59:59Z"},
        ]
    ),
    "/weather": st.fixed_dictionaries({"celsius": st.sampled_from([-60, 20, 90])}),
    "/outages": st.fixed_dictionaries(
        {}, optional={"failing_restarts": st.integers(0, 2), "failing_installs": st.integers(0, 2)}
    ),
    "/call": st.sampled_from(
        [
            {"action": "StopTransaction", "payload": {}, "timeout_s": 1},
            {"action": "", "payload": None, "timeout_s": 1},
            {"frame": '[3,"x",{}]'},
            {"frame": "[", "timeout_s": 1},
            {"frame_base64": "gP8="},
            {},
        ]
    ),
}
_DEEDS = st.sampled_from(sorted(_BODIES)).flatmap(
    lambda path: st.tuples(
        st.integers(0, 3).map(lambda number: path.replace("{n}", str(number))),
        _BODIES[path],
        st.sampled_from([0, 0, 0.2, 3, 60]),
    )
)


@settings(max_examples=40, deadline=None)
@given(st.lists(_DEEDS, min_size=1, max_size=15))
def test_nothing_a_tester_does_ends_the_charge_point(deeds: list[tuple[str, Any, float]]) -> None:
    async def tell() -> None:
        async with controlled(ResetRetries="5", TransactionMessageAttempts="99") as s:
            for path, body, seconds in deeds:
                answer = await s.client.post(path, json=body)
                assert answer.status_code < 500, answer.text
                await s.after(seconds)
            await s.post("/network", {"state": "up", "faults": ""})
            await s.post("/power", {"state": "restored"})
            await s.post("/clock", {})
            s.central.cut()
            for number in (0, 1, 2):
                await s.post(f"/connectors/{number}/clear-fault")
            await s.after(3600)

            state = await s.get("/state")
            assert state["station"]["registration"] == "Accepted"
            assert state["station"]["undelivered"] == 0
            running = {each["transaction_id"] for each in state["station"]["connectors"]} - {None}
            ended = {each.transaction_id for each in s.central.requests(StopTransaction)}
            begun = {each.timestamp for each in s.central.requests(StartTransaction)}
            assert running.isdisjoint(ended)
            assert len(begun) <= len(running | ended)

    run(tell())
