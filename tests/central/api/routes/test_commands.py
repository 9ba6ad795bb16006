"""Commands over the API: checked, queued, sent to real charge points, waited for, cancelled."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from tests.aio import run
from tests.central.api.system import BOOT, Station, System, connected, running, until
from tests.central.building import NOON

from voltyard.central.settings import Settings
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import (
    ChangeConfigurationResponse,
    ChargingProfileStatus,
    ClearCacheResponse,
    ClearCacheStatus,
    ConfigurationStatus,
    HeartbeatResponse,
    ResetResponse,
    ResetStatus,
    SetChargingProfileResponse,
)
from voltyard.protocol.payload import Payload

COMMANDS = "/api/v1/charge-points/CP1/commands"
RESET = {"action": "Reset", "payload": {"type": "Soft"}}
ACCEPTED = ResetResponse(status=ResetStatus.ACCEPTED)
LISTED_FIELDS = {
    "id",
    "charge_point",
    "action",
    "payload",
    "status",
    "response",
    "error",
    "transaction_id",
    "created_at",
    "expires_at",
    "sent_at",
    "ended_at",
}


async def order(system: System, body: Any = None, wait: int = 10) -> dict[str, Any]:
    """Send a command and return what it is when it has ended."""
    response = await system.operator.post(COMMANDS, params={"wait": wait}, json=body or RESET)
    assert response.status_code == 201, response.text
    return dict(response.json())


def test_a_command_is_sent_and_its_answer_waited_for(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], Station]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                station.answers["Reset"] = ACCEPTED
                return await order(system), station

    command, station = run(story())

    assert set(command) == LISTED_FIELDS
    assert command["status"] == "answered"
    assert command["response"] == {"status": "Accepted"}
    assert command["error"] is None
    assert command["payload"] == {"type": "Soft"}
    assert command["created_at"] <= command["sent_at"] <= command["ended_at"]
    assert [(call.id, call.action) for call in station.calls] == [(command["id"], "Reset")]


def test_the_payload_goes_out_as_it_was_written(settings: Settings) -> None:
    # 8.1 is no binary fraction, and must arrive as 8.1.
    payload = (
        b'{"connectorId": 1, "csChargingProfiles":{"chargingProfileId":1,"stackLevel":0,'
        b'"chargingProfilePurpose":"TxDefaultProfile","chargingProfileKind":"Relative",'
        b'"chargingSchedule":{"chargingRateUnit":"A","chargingSchedulePeriod":[{"startPeriod":0,"limit":8.1}]}}}'
    )

    async def story() -> tuple[httpx.Response, bytes]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                station.answers["SetChargingProfile"] = SetChargingProfileResponse(
                    status=ChargingProfileStatus.ACCEPTED
                )
                body = b'{"action":"SetChargingProfile","payload":' + payload + b"}"
                response = await system.operator.post(COMMANDS, params={"wait": 10}, content=body)
                return response, station.calls[0].payload

    response, sent = run(story())

    assert sent == payload
    assert payload in response.content
    assert response.json()["status"] == "answered"


def test_a_command_for_an_offline_charge_point_is_sent_when_it_comes(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
        async with running(settings) as system:
            await system.add()
            queued = await order(system, wait=0)
            waited = await order(system, {"action": "ClearCache"}, wait=1)
            station_answers = {
                "Reset": ACCEPTED,
                "ClearCache": ClearCacheResponse(status=ClearCacheStatus.ACCEPTED),
            }
            waiting = asyncio.create_task(
                system.viewer.get(f"/api/v1/commands/{queued['id']}", params={"wait": 10})
            )
            async with connected(system, boots=False) as station:
                station.answers |= station_answers
                await station.call(BOOT)
                return queued, waited, (await waiting).json()

    queued, waited, answered = run(story())
    assert queued["status"] == waited["status"] == "queued"
    assert queued["sent_at"] is queued["ended_at"] is queued["response"] is None
    assert answered["status"] == "answered"
    assert answered["id"] == queued["id"]


def test_commands_are_sent_one_at_a_time_in_order(settings: Settings) -> None:
    async def story() -> tuple[list[str], list[str]]:
        async with running(settings) as system:
            await system.add()
            ids = [(await order(system, wait=0))["id"] for _ in range(5)]
            async with connected(system, boots=False) as station:
                station.answers["Reset"] = ACCEPTED
                await station.call(BOOT)
                await system.viewer.get(f"/api/v1/commands/{ids[-1]}", params={"wait": 10})
                return ids, [call.id for call in station.calls]

    ids, sent = run(story())
    assert sent == ids


def test_a_callerror_rejects_a_command(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                station.answers["Reset"] = CallError(ErrorCode.NOT_SUPPORTED, "not me")
                return await order(system)

    command = run(story())

    assert command["status"] == "rejected"
    assert command["error"] == {"code": "NotSupported", "description": "not me"}
    assert command["response"] is None


def test_an_answer_that_breaks_the_specification_is_kept_and_called_invalid(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                # The answer of another action: a Reset has to be answered with a status.
                station.answers["Reset"] = HeartbeatResponse(current_time=NOON)
                return await order(system)

    command = run(story())

    assert command["status"] == "invalid"
    assert command["response"] == {"currentTime": "2024-05-17T12:00:00.000Z"}
    assert command["error"]["code"] is None
    assert "status" in command["error"]["description"]


def test_a_command_without_an_answer_times_out(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings, call_timeout_s=1) as system:
            await system.add()
            async with connected(system) as station:
                station.answers["Reset"] = asyncio.get_running_loop().create_future
                return await order(system)

    command = run(story())

    assert command["status"] == "timed_out"
    assert command["sent_at"] < command["ended_at"]


def test_a_command_under_way_when_the_connection_ends_is_unknown(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:

                def hang_up() -> asyncio.Future[Payload]:
                    station.connection.close()
                    return asyncio.get_running_loop().create_future()

                station.answers["Reset"] = hang_up
                return await order(system)

    assert run(story())["status"] == "unknown"


def test_a_queued_command_can_be_cancelled_once(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            await system.add()
            id = (await order(system, wait=0))["id"]
            return [await system.operator.post(f"/api/v1/commands/{id}/cancel") for _ in range(2)]

    first, second = run(story())
    assert first.status_code == 200
    assert first.json()["status"] == "cancelled"
    assert first.json()["ended_at"] is not None
    assert second.status_code == 409


def test_a_command_that_waits_too_long_expires(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            return await order(system, {**RESET, "expire_after_s": 1}, wait=8)

    command = run(story())

    assert command["status"] == "expired"
    assert command["expires_at"] <= command["ended_at"]


REFUSED: list[tuple[Any, int, str | None]] = [
    ({"action": "Fly", "payload": {}}, 422, "action"),
    ({"action": "Heartbeat", "payload": {}}, 422, "action"),
    ({"action": "A" * 65, "payload": {}}, 400, "action"),
    ({"action": 5}, 400, "action"),
    ({"payload": {}}, 400, "action"),
    ({"action": "Reset"}, 422, "payload.type"),
    ({"action": "Reset", "payload": None}, 400, "payload"),
    ({"action": "Reset", "payload": []}, 400, "payload"),
    ({"action": "Reset", "payload": {"type": "Lukewarm"}}, 422, "payload.type"),
    ({"action": "Reset", "payload": {"type": "Soft", "why": "x"}}, 422, "payload.why"),
    ({"action": "UnlockConnector", "payload": {"connectorId": "1"}}, 422, "payload.connectorId"),
    ({"action": "UnlockConnector", "payload": {"connectorId": 10**30}}, 422, "payload.connectorId"),
    ({"action": "RemoteStopTransaction", "payload": {"transactionId": 1.5}}, 422, "payload.transactionId"),
    (
        {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": "short"}},
        422,
        "payload.value",
    ),
    ({**RESET, "expire_after_s": 0}, 400, "expire_after_s"),
    ({**RESET, "expire_after_s": 10**30}, 400, "expire_after_s"),
    ({**RESET, "when": "now"}, 400, "when"),
    ([RESET], 400, None),
]


def test_a_command_that_cannot_be_sent_is_refused_with_the_field_at_fault(settings: Settings) -> None:
    async def story() -> tuple[list[httpx.Response], list[Any]]:
        async with running(settings) as system:
            await system.add()
            responses = [await system.operator.post(COMMANDS, json=body) for body, _, _ in REFUSED]
            return responses, (await system.viewer.get(COMMANDS)).json()["items"]

    responses, stored = run(story())

    assert [(response.status_code, response.json().get("field")) for response in responses] == [
        (status, field) for _, status, field in REFUSED
    ]
    assert stored == []


def test_what_the_registration_does_not_allow_is_a_conflict(settings: Settings) -> None:
    start = {"action": "RemoteStartTransaction", "payload": {"idTag": "TAG"}}
    trigger = {"action": "TriggerMessage", "payload": {"requestedMessage": "BootNotification"}}

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            for identity, registration in (("CP1", "Rejected"), ("CP2", "Pending"), ("CP3", "Accepted")):
                await system.add(identity, registration=registration)
            async with connected(system, "CP3"):
                pass
            bodies = (("CP1", RESET), ("CP2", start), ("CP3", trigger), ("CP2", RESET))
            return [
                await system.operator.post(f"/api/v1/charge-points/{identity}/commands", json=body)
                for identity, body in bodies
            ]

    assert [response.status_code for response in run(story())] == [409, 409, 409, 201]


def test_a_password_on_its_way_is_not_shown(settings: Settings) -> None:
    # White paper A01.FR.09.
    secret = "0123456789abcdef" * 2
    body = {"action": "ChangeConfiguration", "payload": {"key": "AuthorizationKey", "value": secret}}

    async def story() -> tuple[list[str], dict[str, Any]]:
        async with running(settings) as system:
            await system.add()
            queued = await system.operator.post(COMMANDS, json=body)
            async with connected(system, boots=False) as station:
                station.answers["ChangeConfiguration"] = ChangeConfigurationResponse(
                    status=ConfigurationStatus.ACCEPTED
                )
                await station.call(BOOT)
                ended = await system.viewer.get(
                    f"/api/v1/commands/{queued.json()['id']}", params={"wait": 10}
                )
                frames = await system.viewer.get("/api/v1/charge-points/CP1/messages")
            listed = await system.viewer.get(COMMANDS)
            return [response.text for response in (queued, ended, frames, listed)], ended.json()

    texts, ended = run(story())
    assert ended["status"] == "answered"
    assert ended["payload"] == {"key": "AuthorizationKey", "value": "***"}
    assert not [text for text in texts if secret in text]


def test_commands_are_listed_newest_first_in_pages(settings: Settings) -> None:
    async def story() -> tuple[list[str], list[str]]:
        async with running(settings) as system:
            await system.add("CP1")
            await system.add("CP2")
            ids = [(await order(system, wait=0))["id"] for _ in range(5)]
            await system.operator.post("/api/v1/charge-points/CP2/commands", json=RESET)
            seen, cursor = [], None
            while True:
                params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
                page = (await system.viewer.get(COMMANDS, params=params)).json()
                seen += [item["id"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    return ids, seen

    ids, seen = run(story())
    assert seen == ids[::-1]


def test_a_wait_that_is_out_of_bounds_is_refused(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            await system.add()
            return [
                await system.operator.post(COMMANDS, params={"wait": wait}, json=RESET)
                for wait in ("-1", "121", "soon", "9" * 5000)
            ]

    assert [(one.status_code, one.json()["field"]) for one in run(story())] == [(400, "wait")] * 4


def test_a_command_that_nobody_sent_is_not_found(settings: Settings) -> None:
    ids = ("x", "%20", "00000000-0000-0000-0000-000000000000", "A" * 5000)

    async def story() -> list[int]:
        async with running(settings) as system:
            return [
                status
                for id in ids
                for status in (
                    (await system.viewer.get(f"/api/v1/commands/{id}", params={"wait": 1})).status_code,
                    (await system.operator.post(f"/api/v1/commands/{id}/cancel")).status_code,
                )
            ]

    assert run(story()) == [404] * 2 * len(ids)


def test_who_waits_for_a_command_is_answered_when_the_system_ends(settings: Settings) -> None:
    async def story() -> str:
        async with running(settings) as system:
            await system.add()
            id = (await order(system, wait=0))["id"]
            client = httpx.AsyncClient(base_url=system.url, headers=system.viewer.headers, trust_env=False)
            waiting = asyncio.create_task(
                client.get(f"/api/v1/commands/{id}", params={"wait": 100}, timeout=100)
            )
            for _ in until():
                if system.operations.commands.waited_for:
                    break
                await asyncio.sleep(0)
            system.operations.close()
            response = await waiting
            await client.aclose()
            return str(response.json()["status"])

    assert run(story()) == "queued"
