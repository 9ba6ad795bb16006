"""The endpoints, as a tester uses them."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from msgspec import json
from tests.chargepoint.control.system import System, controlled
from tests.chargepoint.hostility import Forger, frame
from tests.chargepoint.virtual_time import BEGINNING, VirtualClock, story

from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    Authorize,
    BootNotification,
    ChangeConfiguration,
    ChargePointErrorCode,
    DataTransfer,
    GetDiagnostics,
    MeterValues,
    Reason,
    StartTransaction,
    StatusNotification,
    StopTransaction,
)

TAG = "TAG-1"


async def charge(s: System, connector_id: int = 1) -> None:
    """Plug in and tap."""
    await s.post(f"/connectors/{connector_id}/plug", {"soc_percent": 30})
    await s.post(f"/connectors/{connector_id}/tap", {"id_tag": TAG})
    await s.after(10)


@story
async def test_the_state_shows_everything() -> None:
    async with controlled() as s:
        await charge(s)

        state = await s.get("/state")

    assert (state["identity"], state["power"]) == ("CP-1", "restored")
    assert state["network"] == {"state": "up", "faults": ""}
    assert state["clock"]["ahead_s"] == 0
    assert state["complaints"] == state["station"]["complaints"] == {}
    assert state["last_message"] > 10
    assert "compact" in state["vehicle_models"]
    assert state["station"]["registration"] == "Accepted"
    connector = state["station"]["connectors"][0]
    assert (connector["status"], connector["id_tag"], connector["transaction_id"]) == ("Charging", TAG, 1001)
    hardware = state["hardware"]["connectors"][0]
    assert hardware["offered_a"] == 32
    assert hardware["is_locked"]
    assert hardware["vehicle"]["model"] == "compact"
    assert 30 <= hardware["vehicle"]["soc_percent"] < 31


@story
async def test_hands_charge_a_vehicle_from_beginning_to_end() -> None:
    async with controlled() as s:
        await charge(s)
        connector = await s.post("/connectors/1/tap", {"id_tag": TAG})
        assert connector["connector_id"] == 1
        await s.after()
        connector = await s.post("/connectors/1/unplug")
        await s.after()

        assert connector["vehicle"] is None
        (stop,) = s.central.requests(StopTransaction)
        assert stop.reason is Reason.LOCAL
        assert (await s.station_state())["connectors"][0]["status"] == "Available"


@story
async def test_a_cable_can_be_pulled_out_of_the_vehicle() -> None:
    async with controlled() as s:
        await charge(s)
        await s.post("/connectors/1/unplug", {"end": "vehicle"})
        await s.after()

        (stop,) = s.central.requests(StopTransaction)
        assert stop.reason is Reason.EV_DISCONNECTED
        assert await s.refused("/connectors/1/unplug", {"end": "vehicle"}) == (
            409,
            "connector 1 has no vehicle",
        )
        await s.post("/connectors/1/unplug", {"end": "station"})


@story
async def test_a_vehicle_pauses_resumes_and_gets_full() -> None:
    async with controlled() as s:
        await charge(s)
        connector = await s.post("/connectors/1/vehicle", {"is_paused": True})
        assert connector["vehicle"]["is_paused"]
        await s.after(5)
        assert (await s.station_state())["connectors"][0]["status"] == "SuspendedEV"
        await s.post("/connectors/1/vehicle", {"is_paused": False})
        await s.after(10)
        assert (await s.station_state())["connectors"][0]["status"] == "Charging"
        await s.post("/connectors/1/vehicle", {"target_percent": 10})
        await s.after(10)

        assert (await s.station_state())["connectors"][0]["status"] == "SuspendedEV"
        assert await s.refused("/connectors/2/vehicle", {}) == (409, "connector 2 has no vehicle")


@story
async def test_what_breaks_is_told_and_can_be_repaired() -> None:
    async with controlled() as s:
        await s.post("/connectors/2/fault", {"error_code": "GroundFailure", "info": "water"})
        await s.post("/connectors/0/fault", {"error_code": "OtherError", "vendor_error_code": "E42"})
        await s.after()
        told = s.central.requests(StatusNotification)[-2:]
        assert [(each.connector_id, each.error_code) for each in told] == [
            (2, ChargePointErrorCode.GROUND_FAILURE),
            (0, ChargePointErrorCode.OTHER_ERROR),
        ]
        assert (told[0].info, told[1].vendor_error_code) == ("water", "E42")
        hardware = (await s.get("/state"))["hardware"]
        assert hardware["defects"] == ["OtherError"]
        assert hardware["connectors"][1]["defects"] == ["GroundFailure"]

        await s.post("/connectors/2/clear-fault", {"error_code": "GroundFailure"})
        await s.post("/connectors/0/clear-fault")
        await s.after()
        assert [each.status for each in s.central.requests(StatusNotification)[-2:]] == 2 * ["Available"]


@story
async def test_a_vehicle_that_does_not_understand_the_charge_point_is_an_error_of_its_own() -> None:
    """EVCommunicationError."""
    async with controlled() as s:
        await charge(s)
        await s.post("/connectors/1/fault", {"error_code": "EVCommunicationError"})
        await s.after(5)

        connector = (await s.station_state())["connectors"][0]
        assert (connector["status"], connector["error_code"]) == ("SuspendedEVSE", "EVCommunicationError")


@story
async def test_a_jammed_lock_does_not_let_go() -> None:
    async with controlled() as s:
        connector = await s.post("/connectors/1/lock", {"is_jammed": True})
        assert connector["is_lock_jammed"]
        answer = await s.central.call_raw("UnlockConnector", b'{"connectorId":1}')
        assert answer == b'{"status":"UnlockFailed"}'

        await s.post("/connectors/1/lock", {"is_jammed": False, "failing_unlocks": 1})
        answers = [await s.central.call_raw("UnlockConnector", b'{"connectorId":1}') for _ in range(2)]
        assert answers == [b'{"status":"UnlockFailed"}', b'{"status":"Unlocked"}']


@story
async def test_a_fixed_cable_has_no_lock() -> None:
    async with controlled(has_fixed_cables=True) as s:
        status, detail = await s.refused("/connectors/1/lock", {"is_jammed": True})

        assert (status, detail) == (409, "connector 1 has a fixed cable and no lock")


@story
async def test_the_emergency_button_stops_everything() -> None:
    async with controlled() as s:
        await charge(s)
        await s.post("/emergency-stop")
        await s.after()

        assert s.central.requests(StopTransaction)[0].reason is Reason.EMERGENCY_STOP


@story
async def test_the_weather_and_what_fails_are_remembered() -> None:
    async with controlled() as s:
        await s.post("/weather", {"celsius": -20})
        await s.post("/outages", {"failing_restarts": 2})
        await s.post("/outages", {"failing_installs": 3})

        hardware = (await s.get("/state"))["hardware"]

        assert hardware["ambient_celsius"] == -20
        assert (hardware["failing_restarts"], hardware["failing_installs"]) == (2, 3)


@story
async def test_a_loss_of_power_is_told_after_it() -> None:
    """C.5: PowerLoss, with the last known reading."""
    async with controlled(MeterValueSampleInterval="10") as s:
        await charge(s)
        await s.after(15)
        known = s.central.requests(MeterValues)[-1].meter_value[0]
        already = len(s.central.received)
        await s.post("/power", {"state": "cut"})
        await s.after(60)
        state = await s.get("/state")
        assert (state["power"], state["station"]) == ("cut", None)
        assert state["hardware"]["connectors"][0]["offered_a"] == 0
        assert s.central.actions(since=already) == []

        await s.post("/power", {"state": "restored"})
        await s.after(10)
        (stop,) = s.central.requests(StopTransaction)
        assert (stop.reason, stop.transaction_id) == (Reason.POWER_LOSS, 1001)
        assert stop.timestamp == known.timestamp
        assert s.central.actions(since=already)[0] == "BootNotification"
        assert (await s.station_state())["connectors"][0]["status"] == "Preparing"


@story
async def test_what_needs_power_is_refused_without_it() -> None:
    async with controlled() as s:
        await s.post("/power", {"state": "cut"})
        await s.after()

        assert await s.refused("/reboot") == (409, "the program does not run")
        assert await s.refused("/call", {"action": "Heartbeat"}) == (409, "the charge point is not connected")
        refusal = await s.refused("/configuration", {"HeartbeatInterval": "5"}, method="PUT")
        assert refusal == (409, "the charge point has no power")
        await s.post("/connectors/1/plug")
        await s.post("/connectors/1/tap", {"id_tag": TAG})
        await s.post("/power", {"state": "restored"})
        await s.post("/power", {"state": "restored"})
        await s.after(10)
        assert (await s.station_state())["connectors"][0]["status"] == "Preparing"


@pytest.mark.parametrize("type", ["Soft", "Hard"])
@story
async def test_a_reboot_of_its_own_ends_transactions_with_the_reason_reboot(type: str) -> None:
    """C.5: watchdog, local reboot."""
    async with controlled() as s:
        await charge(s)
        await s.post("/outages", {"failing_restarts": 1})
        await s.post("/reboot", {"type": type})
        await s.after(1)
        assert await s.station_state() is None
        assert (await s.get("/state"))["power"] == "restored"
        await s.after(20)

        assert s.central.requests(StopTransaction)[0].reason is Reason.REBOOT
        assert len(s.central.requests(BootNotification)) == 2


@story
async def test_power_cut_during_a_reboot_is_just_that() -> None:
    async with controlled() as s:
        await s.post("/reboot", {"type": "Hard"})
        await s.after(1)
        await s.post("/power", {"state": "cut"})
        await s.after(60)
        assert await s.station_state() is None
        await s.post("/power", {"state": "restored"})
        await s.after(10)

        assert (await s.station_state())["registration"] == "Accepted"


@story
async def test_the_network_goes_and_comes_back() -> None:
    async with controlled() as s:
        assert await s.post("/network", {"state": "down"}) == {"state": "down", "faults": ""}
        await s.after(30)
        assert not (await s.station_state())["is_connected"]

        await s.post("/network", {"state": "up"})
        await s.after(30)

        assert (await s.station_state())["is_connected"]
        assert len(s.central.requests(BootNotification)) == 1


@story
async def test_the_network_gets_unreliable_and_reliable_again() -> None:
    async with controlled() as s:
        shown = await s.post("/network", {"faults": "drop=1"})
        assert shown == {"state": "up", "faults": "drop=1"}
        outcome = await s.post("/call", {"action": "Heartbeat", "timeout_s": 5})
        assert outcome["outcome"] == "timed_out"

        assert (await s.post("/network", {"faults": ""}))["faults"] == ""
        assert (await s.post("/call", {"action": "Heartbeat"}))["outcome"] == "answered"
        status, detail = await s.refused("/network", {"faults": "often"})
        assert (status, detail.startswith("'often'")) == (422, True)


@story
async def test_a_wrong_clock_is_wrong_until_the_central_system_tells_the_time() -> None:
    async with controlled(AllowOfflineTxForUnknownId="true") as s:
        await s.post("/network", {"state": "down"})
        shown = await s.post("/clock", {"ahead_s": 3600})
        assert shown["ahead_s"] == 3600
        await charge(s)
        await s.post("/network", {"state": "up"})
        await s.after(30)
        (start,) = s.central.requests(StartTransaction)
        assert start.timestamp > s.central.now() + timedelta(minutes=50)

        shown = await s.post("/clock", {"now": "1970-01-01T01:00:00+01:00"})
        assert shown["now"].startswith("1970-01-01T00:00:00")
        shown = await s.post("/clock")
        assert shown["ahead_s"] == 0
        assert datetime.fromisoformat(shown["now"]) == s.central.now()


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({"now": "2024-01-01T00:00:00"}, 400, "Expected `datetime` with a timezone component"),
        ({"now": "9999-01-01T00:00:00Z"}, 422, "no clock can be set to this year"),
        ({"ahead_s": -4e9}, 422, "no clock can be set to this year"),
        ({"ahead_s": 1e10}, 400, "Expected `float` <= 4000000000.0"),
        ({"ahead_s": 1, "now": "2024-01-01T00:00:00Z"}, 422, "either now or ahead_s, not both"),
        ({"zone": "CET"}, 400, "Object contains unknown field `zone`"),
    ],
)
@story
async def test_a_clock_that_cannot_be_is_refused(body: Any, status: int, detail: str) -> None:
    async with controlled() as s:
        refused_status, refused_detail = await s.refused("/clock", body)

        assert refused_status == status
        assert detail in refused_detail
        assert (await s.get("/state"))["clock"]["ahead_s"] == 0


@story
async def test_a_call_of_any_action_is_sent_and_its_answer_returned() -> None:
    async with controlled() as s:
        s.central.script(DataTransfer, CallError(ErrorCode.SECURITY_ERROR, "not for you"))

        answered = await s.post("/call", {"action": "Authorize", "payload": {"idTag": "X"}})
        rejected = await s.post("/call", {"action": "DataTransfer", "payload": {"vendorId": "V"}})
        unknown = await s.post("/call", {"action": "Nonsense", "payload": [8.1, None]})

        assert (answered["outcome"], answered["payload"]) == (
            "answered",
            {"idTagInfo": {"status": "Accepted"}},
        )
        assert rejected["error"] == {"code": "SecurityError", "description": "not for you"}
        assert (unknown["outcome"], unknown["error"]["code"]) == ("rejected", "NotImplemented")
        assert s.central.requests(Authorize)[0].id_tag == "X"
        (sent,) = (await s.get("/messages", action="Nonsense", direction="out"))["messages"]
        assert sent["frame"].endswith(',"Nonsense",[8.1,null]]')


@story
async def test_an_answer_that_is_none_is_said_to_be() -> None:
    forger = Forger(VirtualClock().now)
    async with controlled(forger) as s:
        forger.forgeries["Heartbeat"] = frame(b'[3,"ID"]')

        outcome = await s.post("/call", {"action": "Heartbeat"})

        assert outcome["outcome"] == "invalid"
        assert outcome["error"]["code"] is None


@pytest.mark.parametrize(
    ("body", "outcome", "answer"),
    [
        ({"frame": '[2,"me","Heartbeat",{}]'}, "answered", '[3,"me",{"currentTime"'),
        ({"frame": '[2,"me","Heartbeat"]'}, "answered", '[4,"me","FormationViolation"'),
        ({"frame": "garbage"}, "sent", None),
        ({"frame": '[2,"' + "x" * 300 + '","Heartbeat",{}]'}, "answered", '[3,"xxx'),
        ({"frame_base64": "//79"}, "sent", None),
        ({"frame": ""}, "sent", None),
        ({"frame": '[9,"me"]', "timeout_s": 2}, "sent", None),
    ],
)
@story
async def test_any_frame_at_all_can_be_sent(body: Any, outcome: str, answer: str | None) -> None:
    async with controlled() as s:
        became = await s.post("/call", body)

        assert became["outcome"] == outcome
        assert became["frame"] is answer is None or became["frame"].startswith(answer)
        assert (await s.get("/state"))["complaints"] == {}


@story
async def test_what_is_lost_on_the_way_is_said_to_be() -> None:
    async with controlled() as s:
        await s.post("/network", {"faults": "drop-in=1"})
        for body in ({"action": "Heartbeat"}, {"frame": '[2,"1","Heartbeat",{}]', "timeout_s": 300}):
            calling = asyncio.create_task(s.post("/call", body))
            await s.after(1)
            await s.post("/network", {"state": "down"})
            outcome = await calling
            await s.post("/network", {"state": "up"})
            await s.after(5)

            assert outcome["outcome"] in {"disconnected", "sent"}


@story
async def test_one_thing_is_sent_at_a_time() -> None:
    async with controlled() as s:
        for body in ({}, {"action": "Heartbeat", "frame": "x"}, {"frame": "x", "frame_base64": "eA=="}):
            status, _ = await s.refused("/call", body)
            assert status == 422


@story
async def test_messages_are_listed_by_what_they_are() -> None:
    async with controlled() as s:
        await s.after(30)
        everything = await s.get("/messages")
        boot, answer, *_ = everything["messages"]
        assert (boot["number"], boot["direction"], boot["action"]) == (1, "out", "BootNotification")
        assert (answer["number"], answer["direction"], answer["action"]) == (2, "in", "BootNotification")
        assert json.decode(boot["frame"])[2] == "BootNotification"
        assert datetime.fromisoformat(boot["at"]) >= BEGINNING
        assert everything["last"] == len(everything["messages"]) == 8

        assert [each["number"] for each in (await s.get("/messages", after=6))["messages"]] == [7, 8]
        assert [each["number"] for each in (await s.get("/messages", limit=1))["messages"]] == [8]
        assert len((await s.get("/messages", action="StatusNotification"))["messages"]) == 6
        assert len((await s.get("/messages", direction="in"))["messages"]) == 4
        later = (BEGINNING + timedelta(seconds=20)).isoformat()
        assert (await s.get("/messages", since=later))["messages"] == []


@story
async def test_a_time_without_a_zone_is_refused() -> None:
    async with controlled() as s:
        status, detail = await s.refused("/messages?since=2024-05-17T12:00:00", method="GET")

    assert (status, detail) == (400, "a time with a zone is expected")


@story
async def test_passwords_are_not_shown() -> None:
    key, password = "c0ffee" * 6, "canary"
    async with controlled() as s:
        await s.central.call(ChangeConfiguration(key="AuthorizationKey", value=key))
        await s.after(60)
        await s.central.call(GetDiagnostics(location=f"ftp://me:{password}@127.0.0.1:9/"))
        await s.after(60)

        frames = " ".join(each["frame"] for each in (await s.get("/messages"))["messages"])
        everything = frames + str(await s.get("/state")) + str(await s.get("/configuration"))

    assert '"key":"AuthorizationKey","value":"***"' in frames
    assert "ftp://me:***@127.0.0.1:9/" in frames
    assert key not in everything
    assert password not in everything


@story
async def test_configuration_keys_are_shown_and_set() -> None:
    async with controlled() as s:
        keys = {each["key"]: each for each in (await s.get("/configuration"))["keys"]}
        assert keys["NumberOfConnectors"] == {"key": "NumberOfConnectors", "value": "2", "readonly": True}
        assert not keys["MeterValueSampleInterval"]["readonly"]

        answer = await s.client.put("/configuration", json={"metervaluesampleinterval": "7"})

        assert (answer.status_code, answer.json()) == (200, {"metervaluesampleinterval": "Accepted"})
        keys = {each["key"]: each for each in (await s.get("/configuration"))["keys"]}
        assert keys["MeterValueSampleInterval"]["value"] == "7"


@story
async def test_keys_that_cannot_be_set_are_named_and_the_others_are_set() -> None:
    async with controlled() as s:
        wanted = {
            "NumberOfConnectors": "9",
            "ConnectionTimeOut": "33",
            "Nonsense": "1",
            "HeartbeatInterval": "x",
        }

        refusal = await s.refused("/configuration", wanted, method="PUT")

        assert refusal == (
            422,
            "NumberOfConnectors: Rejected, Nonsense: NotSupported, HeartbeatInterval: Rejected",
        )
        keys = {each["key"]: each["value"] for each in (await s.get("/configuration"))["keys"]}
        assert keys["ConnectionTimeOut"] == "33"


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/connectors/3/plug", {}),
        ("/connectors/0/plug", {}),
        ("/connectors/9/unplug", {}),
        ("/connectors/3/tap", {"id_tag": TAG}),
        ("/connectors/3/fault", {"error_code": "OtherError"}),
        ("/connectors/3/clear-fault", {}),
        ("/connectors/3/vehicle", {}),
        ("/connectors/3/lock", {}),
        ("/connectors/99999999999999999999/lock", {}),
        ("/connectors/x/tap", {}),
        ("/nowhere", {}),
    ],
)
@story
async def test_what_is_not_there_is_not_found(path: str, body: Any) -> None:
    async with controlled() as s:
        status, _ = await s.refused(path, body)

        assert status == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/connectors/1/plug", {"soc_percent": -1}),
        ("/connectors/1/plug", {"soc_percent": "full"}),
        ("/connectors/1/plug", {"colour": "red"}),
        ("/connectors/1/plug", []),
        ("/connectors/1/unplug", {"end": "middle"}),
        ("/connectors/1/tap", {}),
        ("/connectors/1/tap", {"id_tag": 5}),
        ("/connectors/1/fault", {"error_code": "Nonsense"}),
        ("/connectors/1/lock", {"failing_unlocks": -1}),
        ("/power", {}),
        ("/power", {"state": "off"}),
        ("/network", {"state": 5}),
        ("/reboot", {"type": "Warm"}),
        ("/weather", {"celsius": 1000}),
        ("/outages", {"failing_restarts": 1.5}),
        ("/call", {"action": 5}),
        ("/call", {"frame_base64": "!"}),
        ("/call", {"action": "Heartbeat", "timeout_s": 0}),
    ],
)
@story
async def test_what_is_wrong_is_a_bad_request(path: str, body: Any) -> None:
    async with controlled() as s:
        status, _ = await s.refused(path, body)

        assert status == 400


@story
async def test_what_cannot_be_is_refused() -> None:
    async with controlled() as s:
        await s.post("/connectors/1/plug")

        assert await s.refused("/connectors/1/plug", {}) == (409, "connector 1 has a vehicle")
        assert await s.refused("/connectors/2/plug", {"model": "tank"}) == (422, "no such model: 'tank'")
        refusal = await s.refused("/connectors/1/fault", {"error_code": "NoError"})
        assert refusal == (422, "NoError is nothing that can break")


@story
async def test_words_that_nobody_can_send_do_no_harm() -> None:
    async with controlled() as s:
        await s.post(
            "/connectors/1/fault", {"error_code": "OtherError", "info": "\x00", "vendor_error_code": "\x07"}
        )
        await s.after(5)
        await charge(s, 2)

        state = await s.station_state()
        assert state["connectors"][0]["status"] == "Faulted"
        assert state["connectors"][1]["status"] == "Charging"


@pytest.mark.parametrize("tag", ["\u20ac", "\U0001f697", " "])
@story
async def test_unusual_cards_are_for_the_central_system_to_judge(tag: str) -> None:
    async with controlled() as s:
        await s.post("/connectors/1/plug")
        await s.post("/connectors/1/tap", {"id_tag": tag})
        await s.after(5)

        assert s.central.requests(Authorize)[0].id_tag == tag
        assert (await s.station_state())["connectors"][0]["status"] == "Charging"


@pytest.mark.parametrize("tag", ["", "x" * 21, "x" * 1000, "\x00", "a\nb"])
@story
async def test_cards_that_cannot_be_read_do_nothing(tag: str) -> None:
    async with controlled() as s:
        await s.post("/connectors/1/plug")
        await s.post("/connectors/1/tap", {"id_tag": tag})
        await s.after(5)

        assert s.central.requests(Authorize) == []
        assert (await s.station_state())["connectors"][0]["status"] == "Preparing"
