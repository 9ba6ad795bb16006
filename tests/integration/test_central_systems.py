"""Our charge point does everything with central systems that are written with other people's libraries."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.chargepoint.transfer.servers import http_server
from tests.chargepoint.transfers import unpack
from tests.integration.foreign import LIBRARIES, NEW_KEY, CallRefused, ForeignCentralSystem, Hands, Stage

from voltyard.chargepoint.simulator.firmware import image

pytestmark = pytest.mark.integration

TAG = "TAG1"
LISTED = "LISTED"
STRANGER = "STRANGER"
ENERGY = "Energy.Active.Import.Register"
ACCEPTED = {"status": "Accepted"}


@pytest.fixture(params=LIBRARIES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    """A central system of each library."""
    return Stage(request.param, tmp_path)


def in_future(**distance: int) -> str:
    return (datetime.now(UTC) + timedelta(**distance)).isoformat()


def values(meter_values: Iterable[Any], measurand: str = ENERGY, **fields: str) -> list[float]:
    """Return the values of a measurand, in their order; without fields those that no phase has."""
    return [
        float(sample["value"])
        for meter_value in meter_values
        for sample in meter_value["sampledValue"]
        if sample["measurand"] == measurand
        and sample.get("format", "Raw") == "Raw"
        and (fields.items() <= sample.items() if fields else "phase" not in sample)
    ]


def signed(meter_values: Iterable[Any]) -> list[bytes]:
    """Return the signed values."""
    return [
        bytes.fromhex(sample["value"])
        for meter_value in meter_values
        for sample in meter_value["sampledValue"]
        if sample.get("format") == "SignedData"
    ]


async def begin(central: ForeignCentralSystem, hands: Hands, connector_id: int, id_tag: str = TAG) -> Any:
    """Let somebody charge, and return the StartTransaction."""
    await hands.plug(connector_id)
    await hands.tap(connector_id, id_tag)
    start = await central.saw("StartTransaction", connectorId=connector_id, idTag=id_tag)
    await central.saw_charging(connector_id)
    return start


def test_a_session_with_signed_readings_and_a_stranger(stage: Stage) -> None:
    """R-001 R-005 R-012 R-083 R-087: it connects as itself, boots, and tells all statuses and a session."""

    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        assert [each.action for each in central.calls] == ["BootNotification"] + ["StatusNotification"] * 3
        boot = await central.saw("BootNotification", chargePointVendor="Voltyard", firmwareVersion="1.0")
        assert boot["chargePointSerialNumber"] == stage.identity
        assert central.connections == [stage.connection]

        start = await begin(central, hands, 1)
        await central.saw("Authorize", idTag=TAG)
        began, sampled = [
            (await central.saw("MeterValues", connectorId=1, transactionId=1001))["meterValue"]
            for _ in range(2)
        ]
        await hands.tap(1, TAG)
        stop = await central.saw("StopTransaction", transactionId=1001, idTag=TAG)
        await hands.unplug(1)
        await central.saw_statuses(1, "Finishing", "Available")

        register = values(stop["transactionData"])
        assert values(began) == register[:1] == [start["meterStart"]]
        assert values(sampled) == register[1:2]
        assert register == sorted(register)
        assert register[-1] == stop["meterStop"] > start["meterStart"]
        for measurand in ("Current.Import", "Voltage", "Power.Active.Import"):
            assert len(values(sampled, measurand, phase="L2")) == 1
        assert 0 < values(sampled, "SoC")[0] < 100
        for meter_values in (began, sampled, stop["transactionData"]):
            assert signed(meter_values)[-1].startswith(b'OCMF|{"FV":"1.0"')

        await hands.plug(2)
        await hands.tap(2, STRANGER)
        await central.saw("Authorize", idTag=STRANGER)
        await hands.unplug(2)
        await central.saw_statuses(2, "Preparing", "Available")
        assert len(central.all_of("StartTransaction")) == 1

    stage.play(
        story,
        "--signed-readings",
        "--set=MeterValueSampleInterval=1",
        f"--set=StartTxnSampledData={ENERGY}",
        "--set=SampledDataSignUpdatedReadings=true",
        f"--set=StopTxnSampledData={ENERGY}",
    )


def schedule(limit: float, **rest: Any) -> dict[str, Any]:
    """Return a schedule of one limit."""
    return {
        "chargingRateUnit": "A",
        "chargingSchedulePeriod": [{"startPeriod": 0, "limit": limit}],
        **rest,
    }


def profile(profile_id: int, purpose: str, limit: float, **rest: Any) -> dict[str, Any]:
    """Return a charging profile of one limit."""
    return {
        "chargingProfileId": profile_id,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": "Relative",
        "chargingSchedule": schedule(limit),
        **rest,
    }


def test_charging_that_is_started_bounded_and_stopped_from_afar(stage: Stage) -> None:
    async def limits(central: ForeignCentralSystem, connector_id: int = 1) -> list[Any]:
        answer = await central.call(
            "GetCompositeSchedule", connectorId=connector_id, duration=600, chargingRateUnit="A"
        )
        assert answer["status"] == "Accepted"
        assert answer["connectorId"] == connector_id
        assert answer["chargingSchedule"]["duration"] == 600
        periods = answer["chargingSchedule"]["chargingSchedulePeriod"]
        starts = [period["startPeriod"] for period in periods]
        assert starts == sorted({0, *starts})
        return [period["limit"] for period in periods]

    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        await central.accepts(
            "RemoteStartTransaction",
            connectorId=1,
            idTag=TAG,
            chargingProfile=profile(1, "TxProfile", 8.1),
        )
        await hands.plug(1)
        await central.saw("StartTransaction", connectorId=1, idTag=TAG)
        await central.saw_charging(1)
        assert await limits(central) == [8.1]
        assert (await hands.connector(1))["offered_a"] == 8.1

        await central.accepts(
            "SetChargingProfile",
            connectorId=1,
            csChargingProfiles=profile(
                2,
                "TxProfile",
                10,
                stackLevel=1,
                transactionId=1001,
                validTo=in_future(hours=1),
                chargingSchedule={
                    "chargingRateUnit": "A",
                    "duration": 300,
                    "minChargingRate": 6.5,
                    "chargingSchedulePeriod": [
                        {"startPeriod": 0, "limit": 10, "numberPhases": 3},
                        {"startPeriod": 60, "limit": 12.5},
                    ],
                },
            ),
        )
        assert await limits(central) == [10, 12.5, 8.1]
        assert (await hands.connector(1))["offered_a"] == 10
        await central.accepts(
            "SetChargingProfile",
            connectorId=0,
            csChargingProfiles=profile(
                3,
                "ChargePointMaxProfile",
                9.3,
                chargingProfileKind="Recurring",
                recurrencyKind="Daily",
                chargingSchedule=schedule(9.3, startSchedule=in_future(days=-1)),
            ),
        )
        assert await limits(central) == await limits(central, 0) == [9.3, 8.1]
        assert (await hands.connector(1))["offered_a"] == 9.3
        assert await central.call("ClearChargingProfile", id=4) == {"status": "Unknown"}
        await central.accepts("ClearChargingProfile", id=3)
        await central.accepts("ClearChargingProfile", connectorId=1, chargingProfilePurpose="TxProfile")
        assert await limits(central) == [32]
        refused = profile(5, "TxProfile", 10, transactionId=999)
        answer = await central.call("SetChargingProfile", connectorId=1, csChargingProfiles=refused)
        assert answer == {"status": "Rejected"}

        await central.accepts("RemoteStopTransaction", transactionId=1001)
        await central.saw("StopTransaction", transactionId=1001, reason="Remote")
        assert await central.call("RemoteStopTransaction", transactionId=1001) == {"status": "Rejected"}
        await hands.unplug(1)
        await central.saw_statuses(1, "Finishing", "Available")

    stage.play(story)


async def ask_and_change(central: ForeignCentralSystem) -> None:
    answer = await central.call("GetConfiguration")
    keys = {key["key"]: key for key in answer["configurationKey"]}
    assert keys["NumberOfConnectors"] == {"key": "NumberOfConnectors", "readonly": True, "value": "2"}
    assert len(keys) > 40
    answer = await central.call("GetConfiguration", key=["HeartbeatInterval", "Nonsense"])
    assert answer == {
        "configurationKey": [{"key": "HeartbeatInterval", "readonly": False, "value": "300"}],
        "unknownKey": ["Nonsense"],
    }
    for key, value, status in (
        ("MeterValueSampleInterval", "2", "Accepted"),
        ("AuthorizationCacheCapacity", "7", "RebootRequired"),
        ("HeartbeatInterval", "soon", "Rejected"),
        ("Nonsense", "1", "NotSupported"),
    ):
        assert await central.call("ChangeConfiguration", key=key, value=value) == {"status": status}


async def trigger(central: ForeignCentralSystem) -> None:
    # not after it was accepted.
    answer = await central.call("TriggerMessage", requestedMessage="BootNotification")
    assert answer == {"status": "Rejected"}
    await central.accepts("TriggerMessage", requestedMessage="Heartbeat")
    await central.saw("Heartbeat")
    await central.accepts("TriggerMessage", requestedMessage="MeterValues", connectorId=2)
    await central.saw("MeterValues", connectorId=2)
    await central.accepts("TriggerMessage", requestedMessage="StatusNotification", connectorId=2)
    await central.saw("StatusNotification", connectorId=2, status="Available")
    await central.accepts("TriggerMessage", requestedMessage="DiagnosticsStatusNotification")
    await central.saw("DiagnosticsStatusNotification", status="Idle")
    await central.accepts("TriggerMessage", requestedMessage="FirmwareStatusNotification")
    await central.saw("FirmwareStatusNotification", status="Idle")
    await central.accepts("ExtendedTriggerMessage", requestedMessage="LogStatusNotification")
    await central.saw("LogStatusNotification", status="Idle")


async def switch_off_and_unlock(central: ForeignCentralSystem, hands: Hands) -> None:
    await central.accepts("ChangeAvailability", connectorId=2, type="Inoperative")
    await central.saw_statuses(2, "Unavailable")
    await begin(central, hands, 1)
    answer = await central.call("ChangeAvailability", connectorId=1, type="Inoperative")
    assert answer == {"status": "Scheduled"}
    assert await central.call("UnlockConnector", connectorId=1) == {"status": "Unlocked"}
    await central.saw("StopTransaction", reason="UnlockCommand")
    await hands.unplug(1)
    await central.saw_statuses(1, "Finishing", "Unavailable")
    await central.accepts("ChangeAvailability", connectorId=0, type="Operative")
    await central.saw_statuses(1, "Available")
    await central.saw_statuses(2, "Available")
    await central.accepts("ClearCache")


async def break_and_repair(central: ForeignCentralSystem, hands: Hands) -> None:
    await hands.do("/connectors/2/lock", is_jammed=True)
    await hands.plug(2)
    assert await central.call("UnlockConnector", connectorId=2) == {"status": "UnlockFailed"}
    await central.saw_statuses(2, "Preparing")
    await central.saw("StatusNotification", connectorId=2, errorCode="ConnectorLockFailure")
    fault = {"error_code": "GroundFailure", "info": "ü" * 50, "vendor_error_code": "E7"}
    await hands.do("/connectors/2/fault", **fault)
    told = {"errorCode": "GroundFailure", "info": "ü" * 50, "vendorErrorCode": "E7"}
    await central.saw("StatusNotification", connectorId=2, status="Faulted", **told)
    await hands.do("/connectors/2/clear-fault")
    await central.saw("StatusNotification", connectorId=2, errorCode="ConnectorLockFailure")
    await hands.do("/connectors/2/lock", is_jammed=False)
    assert await central.call("UnlockConnector", connectorId=2) == {"status": "Unlocked"}
    await hands.unplug(2)
    await central.saw("StatusNotification", connectorId=2, status="Available", errorCode="NoError")


async def transfer_data(central: ForeignCentralSystem, hands: Hands) -> None:
    sent = {"vendorId": "Acme", "messageId": "Hello", "data": "ü\n{}"}
    assert await central.call("DataTransfer", **sent) == {"status": "UnknownVendorId"}
    told = await hands.do("/call", action="DataTransfer", payload=sent)
    assert told["payload"] == {"status": "Accepted", "data": "ü\n{}"}
    assert await central.saw("DataTransfer") == sent


async def change_password(central: ForeignCentralSystem, connection: dict[str, Any]) -> None:
    await central.accepts("ChangeConfiguration", key="ClockAlignedDataInterval", value="1")
    aligned = await central.saw("MeterValues", connectorId=0)
    assert aligned["meterValue"][0]["sampledValue"][0]["context"] == "Sample.Clock"
    # While messages are under way.
    await central.accepts("ChangeConfiguration", key="AuthorizationKey", value=NEW_KEY)
    await central.until(lambda: len(central.connections) == 2, "a connection with the new password")
    assert central.connections == [connection, {**connection, "password": NEW_KEY}]
    await central.accepts("TriggerMessage", requestedMessage="Heartbeat")
    await central.saw("Heartbeat")
    assert len(central.all_of("BootNotification")) == 1


def test_keys_triggers_connectors_data_and_a_new_password(stage: Stage) -> None:
    """R-303: a new password takes a new connection, and nobody misses an answer because of it."""

    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        await ask_and_change(central)
        await trigger(central)
        await switch_off_and_unlock(central, hands)
        await break_and_repair(central, hands)
        await transfer_data(central, hands)
        await change_password(central, stage.connection)

    stage.play(story)


def test_reservations_a_local_list_and_a_session_without_a_network(stage: Stage) -> None:
    """R-128 R-131 R-200 R-207 R-208: a session offline is told afterwards, and there is no second boot."""

    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        reservation = {"connectorId": 1, "expiryDate": in_future(hours=1), "idTag": TAG}
        await central.accepts("ReserveNow", reservationId=1, **reservation)
        await central.saw_statuses(1, "Reserved")
        await central.accepts("CancelReservation", reservationId=1)
        await central.saw_statuses(1, "Available")
        assert await central.call("CancelReservation", reservationId=1) == {"status": "Rejected"}
        await central.accepts("ReserveNow", reservationId=2, parentIdTag="FAMILY", **reservation)
        await central.saw_statuses(1, "Reserved")
        await hands.tap(1, TAG)
        await hands.plug(1)
        await central.saw("StartTransaction", idTag=TAG, reservationId=2)
        answer = await central.call("ReserveNow", reservationId=3, **reservation)
        assert answer == {"status": "Occupied"}
        await hands.unplug(1)
        await central.saw("StopTransaction", transactionId=1001, reason="EVDisconnected")
        await central.saw("StatusNotification", connectorId=1, status="Available")

        assert await central.call("GetLocalListVersion") == {"listVersion": 0}
        known = [
            {"idTag": LISTED, "idTagInfo": {"status": "Accepted", "expiryDate": in_future(days=1)}},
            {"idTag": STRANGER, "idTagInfo": {"status": "Blocked", "parentIdTag": "FAMILY"}},
        ]
        await central.accepts("SendLocalList", listVersion=5, updateType="Full", localAuthorizationList=known)
        await central.accepts(
            "SendLocalList", listVersion=6, updateType="Differential", localAuthorizationList=[{"idTag": TAG}]
        )
        answer = await central.call("SendLocalList", listVersion=4, updateType="Differential")
        assert answer == {"status": "VersionMismatch"}
        assert await central.call("GetLocalListVersion") == {"listVersion": 6}

        seen = len(central.calls)
        await hands.do("/network", state="down")
        await central.until(lambda: central.disconnections == 1, "the end of the connection")
        began = datetime.now(UTC)
        await hands.plug(2)
        await hands.tap(2, STRANGER)
        await hands.tap(2, LISTED)
        state = await hands.state_when(
            lambda state: state["station"]["connectors"][1]["status"] == "Charging"
        )
        assert state["station"]["connectors"][1]["id_tag"] == LISTED
        await hands.unplug(2)
        await hands.state_when(lambda state: state["station"]["undelivered"] == 3)
        ended = datetime.now(UTC)
        await hands.do("/network", state="up")
        start = await central.saw("StartTransaction", connectorId=2, idTag=LISTED)
        stop = await central.saw("StopTransaction", transactionId=1002, reason="EVDisconnected")
        moments = [began, *(datetime.fromisoformat(each["timestamp"]) for each in (start, stop)), ended]
        assert moments == sorted(moments)
        await hands.state_when(lambda state: state["station"]["undelivered"] == 0)
        later = central.calls[seen:]
        assert [each.action for each in later] == ["StartTransaction", "MeterValues", "StopTransaction"]
        assert [each.payload.get("transactionId") for each in later] == [None, 1002, 1002]

    stage.play(story, f"--set=StartTxnSampledData={ENERGY}", "--set=AllowOfflineTxForUnknownId=true")


def test_diagnostics_a_log_and_new_firmware(stage: Stage) -> None:
    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        with http_server() as site:
            answer = await central.call(
                "GetDiagnostics", location=f"{site.url}/in", startTime=in_future(days=-1), retries=1
            )
            for status in ("Uploading", "Uploaded"):
                await central.saw("DiagnosticsStatusNotification", status=status)
            journal = unpack(site.files[f"/in/{answer['fileName']}"])["journal.log"]
            assert b"booted with firmware 1.0" in journal

            log = {"remoteLocation": f"{site.url}/log", "oldestTimestamp": in_future(days=-1)}
            answer = await central.call("GetLog", logType="SecurityLog", requestId=7, log=log)
            assert answer["status"] == "Accepted"
            for status in ("Uploading", "Uploaded"):
                await central.saw("LogStatusNotification", status=status, requestId=7)
            assert b"StartupOfTheDevice" in site.files[f"/log/{answer['filename']}"]

            site.files["/firmware"] = image("2.0", bytes(100_000))
            location, retrieve = f"{site.url}/firmware", in_future(seconds=0)
            assert await central.call("UpdateFirmware", location=location, retrieveDate=retrieve) == {}
            await central.saw("BootNotification", firmwareVersion="2.0")
            statuses = [(await central.saw("FirmwareStatusNotification"))["status"] for _ in range(4)]
            assert statuses == ["Downloading", "Downloaded", "Installing", "Installed"]

    stage.play(story)


def test_resets_and_a_power_cut_in_the_middle_of_a_transaction(stage: Stage) -> None:
    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        await begin(central, hands, 1)
        await central.accepts("Reset", type="Soft")
        await central.saw("StopTransaction", transactionId=1001, reason="SoftReset")
        await central.saw("BootNotification")
        await central.saw("BootNotification")
        await hands.unplug(1)
        await central.saw_statuses(2, "Available")

        start = await begin(central, hands, 2)
        await hands.do("/power", state="cut")
        await central.until(lambda: central.disconnections == 2, "the end of the connection")
        await hands.state_when(lambda state: state["station"] is None)
        await hands.do("/power", state="restored")
        await central.saw("BootNotification")
        stop = await central.saw("StopTransaction", transactionId=1002, reason="PowerLoss")
        assert stop["meterStop"] >= start["meterStart"]
        assert stop["timestamp"] >= start["timestamp"]
        await central.saw_statuses(2, "Preparing")

        # The vehicle is still there.
        await hands.tap(2, TAG)
        await central.saw("StartTransaction", connectorId=2, idTag=TAG)
        await central.accepts("Reset", type="Hard")
        await central.saw("BootNotification")
        await hands.state_when(lambda state: state["station"]["undelivered"] == 0)
        assert [each["reason"] for each in central.all_of("StopTransaction")] == [
            "SoftReset",
            "PowerLoss",
            "HardReset",
        ]

    stage.play(story)


INVALID: list[tuple[str, dict[str, Any]]] = [
    ("Authorize", {}),
    ("Authorize", {"idTag": "x" * 21}),
    ("Heartbeat", {"extra": 1}),
    ("StatusNotification", {"connectorId": 1, "errorCode": "NoError", "status": "Bored"}),
    ("MeterValues", {"connectorId": "1", "meterValue": []}),
]
COMPLAINTS = {
    "ocpp": {
        "call-error/FormationViolation": 2,
        "call-error/ProtocolError": 1,
        "call-error/TypeConstraintViolation": 2,
    },
    "ocpp-rpc": {
        "call-error/FormationViolation": 2,
        "call-error/OccurenceConstraintViolation": 1,
        "call-error/PropertyConstraintViolation": 1,
        "call-error/TypeConstraintViolation": 1,
    },
}


def test_what_is_invalid_is_refused_on_both_sides_and_nothing_breaks(stage: Stage) -> None:
    """Without this one, the others might pass only because nobody looks."""

    async def story(central: ForeignCentralSystem, hands: Hands) -> None:
        for action, payload in INVALID:
            told = await hands.do("/call", action=action, payload=payload)
            assert told["outcome"] == "rejected"
        await central.until(lambda: len(central.troubles) == len(INVALID), "what is wrong with them")
        central.troubles.clear()
        assert central.all_of("Authorize") == []

        with pytest.raises(CallRefused, match="NotSupported"):
            await central.call("BootNotification", chargePointVendor="Acme", chargePointModel="Model")
        await begin(central, hands, 1)

    stage.play(story, complaints={**COMPLAINTS[stage.library], "refused-call/NotSupported": 1})
