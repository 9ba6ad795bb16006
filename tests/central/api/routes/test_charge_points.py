"""Charge points over the API: created, shown, changed, deleted, with what they sent."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
from tests.aio import run
from tests.central.api.system import BOOT, PASSWORD, System, connected, running, until

from voltyard.central.settings import Settings
from voltyard.protocol.messages import (
    ChargePointErrorCode,
    ChargePointStatus,
    Heartbeat,
    StartTransaction,
    StatusNotification,
)
from voltyard.transport.client import connect
from voltyard.transport.errors import HandshakeRefused, PeerError
from voltyard.transport.websocket import Nobody

CHARGE_POINTS = "/api/v1/charge-points"
BOOTED = datetime(2024, 5, 17, 12, tzinfo=UTC)


async def report(station: Any, connector_id: int, status: ChargePointStatus) -> None:
    await station.call(
        StatusNotification(connector_id=connector_id, status=status, error_code=ChargePointErrorCode.NO_ERROR)
    )


async def connection_status(system: System, identity: str = "CP1", password: str = PASSWORD) -> int:
    """The HTTP status that a charge point gets for its handshake."""
    try:
        connection = await connect(
            system.ocpp_url, identity, lambda _: Nobody(), password=password.encode(), ping_interval_s=0
        )
    except HandshakeRefused as refused:
        return refused.status
    connection.close()
    await connection.wait_closed()
    return 101


def test_a_created_charge_point_is_shown_without_its_password(settings: Settings) -> None:
    async def story() -> tuple[httpx.Response, httpx.Response]:
        async with running(settings) as system:
            body = {"identity": "CP1", "password": PASSWORD}

            created = await system.operator.post(CHARGE_POINTS, json=body)

            return created, await system.viewer.get(f"{CHARGE_POINTS}/CP1")

    created, got = run(story())
    assert created.status_code == 201
    assert got.status_code == 200
    assert got.json() == created.json()
    assert PASSWORD not in got.text
    shown = got.json()
    assert shown.pop("created_at").endswith("Z")
    assert shown == {
        "identity": "CP1",
        "security_profile": 1,
        "compliance": "tolerant",
        "registration": "Accepted",
        "heartbeat_interval_s": None,
        "assume_ocpp16": False,
        "connected": False,
        "connected_at": None,
        "last_seen": None,
        "accepted_at": None,
        "booted_at": None,
        "vendor": None,
        "model": None,
        "serial_number": None,
        "firmware_version": None,
        "boot_notification": None,
        "deviations": 0,
        "warnings": [],
        "connectors": [],
    }


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"identity": "CP1"}, 422, "password"),
    ({"identity": "CP1", "security_profile": 2}, 422, "password"),
    ({"identity": "CP1", "password": "short"}, 422, "password"),
    ({"identity": "CP1", "password": "a" * 21}, 422, "password"),
    ({"identity": "CP1", "password": "a\u0000bcdefghijklmnopqr"}, 422, "password"),
    ({"identity": "CP1", "password": 5}, 400, "password"),
    ({"identity": "", "password": PASSWORD}, 400, "identity"),
    ({"identity": "a" * 49, "password": PASSWORD}, 400, "identity"),
    ({"identity": "CP/1", "password": PASSWORD}, 400, "identity"),
    ({"identity": "CP1\n", "password": PASSWORD}, 422, "identity"),
    ({"identity": "..", "password": PASSWORD}, 422, "identity"),
    ({"identity": "CP:1", "password": PASSWORD}, 422, "identity"),
    ({"password": PASSWORD}, 400, "identity"),
    ({"identity": "CP1", "password": PASSWORD, "security_profile": 4}, 400, "security_profile"),
    ({"identity": "CP1", "password": PASSWORD, "security_profile": 10**30}, 400, "security_profile"),
    ({"identity": "CP1", "password": PASSWORD, "registration": "Maybe"}, 400, "registration"),
    ({"identity": "CP1", "password": PASSWORD, "compliance": "lax"}, 400, "compliance"),
    ({"identity": "CP1", "password": PASSWORD, "heartbeat_interval_s": 0}, 400, "heartbeat_interval_s"),
    ({"identity": "CP1", "password": PASSWORD, "colour": "red"}, 400, "colour"),
]


def test_a_charge_point_that_cannot_be_is_refused_with_the_field_at_fault(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.operator.post(CHARGE_POINTS, json=body) for body, _, _ in REFUSED]

    responses = run(story())

    assert [(response.status_code, response.json().get("field")) for response in responses] == [
        (status, field) for _, status, field in REFUSED
    ]
    for response in responses:
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["status"] == response.status_code
        assert response.json()["title"]
        assert response.json()["detail"]


def test_an_identity_can_be_created_once(settings: Settings) -> None:
    async def story() -> httpx.Response:
        async with running(settings) as system:
            await system.add("CP1")

            return await system.operator.post(CHARGE_POINTS, json={"identity": "CP1", "password": PASSWORD})

    response = run(story())

    assert response.status_code == 409
    assert response.json()["field"] == "identity"


def test_odd_identities_are_reached_by_their_percent_encoded_url(settings: Settings) -> None:
    identity = "A b*-_=+|@.9"

    async def story() -> tuple[httpx.Response, int]:
        async with running(settings) as system:
            await system.add(identity)

            got = await system.viewer.get(f"{CHARGE_POINTS}/A%20b%2A-_%3D%2B%7C%40.9")

            return got, await connection_status(system, identity)

    got, status = run(story())
    assert got.json()["identity"] == identity
    assert status == 101


def test_profile_0_can_be_set_up_and_says_that_its_connections_are_refused(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], int]:
        async with running(settings) as system:
            created = await system.operator.post(
                CHARGE_POINTS, json={"identity": "CP1", "security_profile": 0}
            )
            return created.json(), await connection_status(system)

    shown, status = run(story())

    assert "allow_unauthenticated" in shown["warnings"][0]
    assert status == 401


def test_the_default_compliance_is_that_of_the_settings(settings: Settings) -> None:
    async def story() -> tuple[str, str]:
        async with running(settings, compliance="strict") as system:
            plain = await system.add("CP1")
            own = await system.add("CP2", compliance="tolerant")
            return plain["compliance"], own["compliance"]

    assert run(story()) == ("strict", "tolerant")


def test_a_connected_charge_point_shows_what_it_said(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await report(station, 2, ChargePointStatus.FAULTED)
                await report(station, 0, ChargePointStatus.AVAILABLE)
                await report(station, 1, ChargePointStatus.CHARGING)
                for connector_id in (1, 3):
                    await station.call(
                        StartTransaction(
                            connector_id=connector_id, id_tag="TAG", meter_start=5, timestamp=BOOTED
                        )
                    )
                shown: dict[str, Any] = (await system.viewer.get(f"{CHARGE_POINTS}/CP1")).json()
                return shown

    shown = run(story())

    assert shown["connected"] is True
    assert shown["connected_at"] <= shown["last_seen"]
    assert shown["accepted_at"] == shown["booted_at"]
    assert (shown["vendor"], shown["model"], shown["serial_number"], shown["firmware_version"]) == (
        "Acme",
        "One",
        "S1",
        "1.2",
    )
    assert shown["boot_notification"]["chargePointVendor"] == "Acme"
    connectors = shown["connectors"]
    assert [(one["connector_id"], one["status"]) for one in connectors] == [
        (0, "Available"),
        (1, "Charging"),
        (2, "Faulted"),
        (3, None),
    ]
    assert [one["transaction_id"] is not None for one in connectors] == [False, True, False, True]
    assert connectors[1]["error_code"] == "NoError"


def test_a_list_goes_through_all_pages_by_identity(settings: Settings) -> None:
    identities = [f"CP{number}" for number in range(7)]

    async def story() -> list[list[str]]:
        async with running(settings) as system:
            for identity in reversed(identities):
                await system.add(identity)
            pages, cursor = [], None
            while True:
                params = {"limit": "3", **({"cursor": cursor} if cursor else {})}
                page = (await system.viewer.get(CHARGE_POINTS, params=params)).json()
                pages.append([one["identity"] for one in page["items"]])
                cursor = page["next"]
                if cursor is None:
                    return pages

    assert run(story()) == [identities[:3], identities[3:6], identities[6:]]


def test_what_is_left_out_of_a_change_stays(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], httpx.Response]:
        async with running(settings) as system:
            before = await system.add(heartbeat_interval_s=60, assume_ocpp16=True)
            changes = {"compliance": "strict", "heartbeat_interval_s": None}
            return before, await system.operator.patch(f"{CHARGE_POINTS}/CP1", json=changes)

    before, after = run(story())

    assert after.json() == {**before, "compliance": "strict", "heartbeat_interval_s": None}


def test_a_change_of_compliance_reaches_a_live_connection(settings: Settings) -> None:
    async def story() -> str:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"compliance": "strict"})
                try:
                    await station.peer.call_raw("Heartbeat", b'{"colour":"red"}', timeout=5)
                except PeerError as error:
                    return str(error)
                return ""

    assert "FormationViolation" in run(story())


def test_another_password_counts_at_once_and_ends_the_live_connection(settings: Settings) -> None:
    other = "b" * 20

    async def story() -> tuple[list[int], bool]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"password": other})
                await station.connection.wait_closed()
            statuses = [await connection_status(system, password=word) for word in (PASSWORD, other)]
            return statuses, (await system.viewer.get(f"{CHARGE_POINTS}/CP1")).json()["connected"]

    statuses, _ = run(story())
    assert statuses == [401, 101]


def test_an_accepted_charge_point_keeps_its_security_profile(settings: Settings) -> None:
    # R-023, white paper A05.FR.09.
    async def story() -> tuple[httpx.Response, httpx.Response]:
        async with running(settings) as system:
            await system.add()
            before = await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"security_profile": 2})
            await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"security_profile": 1})
            async with connected(system):
                pass
            after = await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"security_profile": 0})
            return before, after

    before, after = run(story())
    assert before.status_code == 200
    assert after.status_code == 409
    assert after.json()["field"] == "security_profile"


def test_a_change_cannot_leave_a_charge_point_without_credentials(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            await system.add("CP1")
            await system.operator.post(CHARGE_POINTS, json={"identity": "CP2", "security_profile": 0})
            return [
                await system.operator.patch(f"{CHARGE_POINTS}/CP1", json={"password": None}),
                await system.operator.patch(f"{CHARGE_POINTS}/CP2", json={"security_profile": 1}),
            ]

    assert [(one.status_code, one.json()["field"]) for one in run(story())] == [(422, "password")] * 2


def test_a_rejected_charge_point_has_to_boot_again(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], str]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                changed = await system.operator.patch(
                    f"{CHARGE_POINTS}/CP1", json={"registration": "Rejected"}
                )
                await station.connection.wait_closed()
            async with connected(system, boots=False) as station:
                try:
                    await station.call(Heartbeat())
                except PeerError as error:
                    return changed.json(), str(error)
            return changed.json(), ""

    changed, refusal = run(story())
    assert changed["registration"] == "Rejected"
    assert changed["accepted_at"] is None
    assert "SecurityError" in refusal


def test_a_deleted_charge_point_is_gone_and_what_it_did_stays(settings: Settings) -> None:
    async def story() -> tuple[list[int], int, dict[str, Any]]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await station.call(
                    StartTransaction(connector_id=1, id_tag="TAG", meter_start=5, timestamp=BOOTED)
                )
                deleted = await system.admin.delete(f"{CHARGE_POINTS}/CP1")
                await station.connection.wait_closed()
            again = await system.admin.delete(f"{CHARGE_POINTS}/CP1")
            got = await system.viewer.get(f"{CHARGE_POINTS}/CP1")
            kept = await system.viewer.get("/api/v1/transactions", params={"charge_point": "CP1"})
            statuses = [deleted.status_code, again.status_code, got.status_code]
            return statuses, await connection_status(system), kept.json()

    statuses, handshake, kept = run(story())
    assert statuses == [204, 404, 404]
    assert handshake == 404
    assert [item["charge_point"] for item in kept["items"]] == ["CP1"]


def test_a_deleted_identity_can_be_created_again_as_new(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], int]:
        async with running(settings) as system:
            await system.add(heartbeat_interval_s=60)
            async with connected(system) as station:
                await report(station, 1, ChargePointStatus.AVAILABLE)
            await system.admin.delete(f"{CHARGE_POINTS}/CP1")

            created = await system.add(password="c" * 20)

            return created, await connection_status(system, password="c" * 20)

    created, handshake = run(story())
    assert handshake == 101
    assert created["accepted_at"] is None
    assert created["vendor"] is None
    assert created["heartbeat_interval_s"] is None
    assert created["connectors"] == []


def test_frames_are_listed_newest_first_up_to_the_last_one(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await station.call(Heartbeat())
                return dict((await system.viewer.get(f"{CHARGE_POINTS}/CP1/messages")).json())

    page = run(story())

    assert page["next"] is None
    assert [(item["direction"], item["message_type"], item["action"]) for item in page["items"]] == [
        ("out", 3, None),
        ("in", 2, "Heartbeat"),
        ("out", 3, None),
        ("in", 2, "BootNotification"),
    ]
    heartbeat = page["items"][1]
    assert heartbeat["frame"] == f'[2,"{heartbeat["message_id"]}","Heartbeat",{{}}]'
    assert BOOT.charge_point_vendor in page["items"][3]["frame"]


def test_frames_can_be_filtered_and_paged(settings: Settings) -> None:
    async def story() -> tuple[list[str], list[str]]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                for _ in range(5):
                    await station.call(Heartbeat())
                seen, cursor = [], None
                while True:
                    params = {"limit": "2", "action": "Heartbeat", **({"cursor": cursor} if cursor else {})}
                    page = (await system.viewer.get(f"{CHARGE_POINTS}/CP1/messages", params=params)).json()
                    seen += [item["message_id"] for item in page["items"]]
                    cursor = page["next"]
                    if cursor is None:
                        break
                out = await system.viewer.get(f"{CHARGE_POINTS}/CP1/messages", params={"direction": "out"})
                return seen, [item["direction"] for item in out.json()["items"]]

    seen, directions = run(story())
    assert len(seen) == len(set(seen)) == 5
    assert directions == ["out"] * 6


def test_deviations_tell_what_a_charge_point_does_wrong(settings: Settings) -> None:
    async def story() -> tuple[dict[str, Any], int]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                for _ in range(2):
                    await station.peer.call_raw("Heartbeat", b'{"colour":"red"}', timeout=5)
                for _ in until():
                    page = (await system.viewer.get(f"{CHARGE_POINTS}/CP1/deviations")).json()
                    if page["items"] and page["items"][0]["count"] == 2:
                        break
                shown = (await system.viewer.get(f"{CHARGE_POINTS}/CP1")).json()
                return page["items"][0], shown["deviations"]

    item, count = run(story())

    assert count == 2
    assert (item["charge_point"], item["action"], item["path"]) == ("CP1", "Heartbeat", "$.colour")
    assert item["rule"]
    assert item["value"]
    assert item["first_seen"] <= item["last_seen"]


def test_what_nobody_has_created_is_not_found(settings: Settings) -> None:
    identities = ("CP9", "%20%20", "%FF", "a" * 300, "%F0%9F%94%8C", "..%2F..", "%2e%2e", "%7F", "9" * 5000)

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.viewer.get(f"{CHARGE_POINTS}/{identity}{below}")
                for identity in identities
                for below in ("", "/messages", "/deviations", "/commands")
            ]

    for response in run(story()):
        assert response.status_code == 404
        assert response.headers["content-type"] == "application/problem+json"
