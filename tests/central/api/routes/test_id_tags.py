"""Tags over the API, and what they are worth to a charge point."""

from __future__ import annotations

from typing import Any

import httpx
from tests.aio import run
from tests.central.api.system import connected, running

from voltyard.central.settings import Settings
from voltyard.protocol.messages import Authorize

TAGS = "/api/v1/id-tags"


def test_a_tag_is_created_shown_changed_and_deleted(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.operator.post(TAGS, json={"id_tag": "Tag1"}),
                await system.viewer.get(f"{TAGS}/tAG1"),
                await system.operator.patch(
                    f"{TAGS}/TAG1",
                    json={
                        "status": "Blocked",
                        "parent_id_tag": "GROUP",
                        "expiry_date": "2030-01-01T01:00:00+01:00",
                        "max_active_transactions": None,
                    },
                ),
                await system.operator.patch(f"{TAGS}/TAG1", json={"expiry_date": None}),
                await system.admin.delete(f"{TAGS}/tag1"),
                await system.viewer.get(f"{TAGS}/Tag1"),
            ]

    created, got, changed, again, deleted, gone = run(story())
    assert created.status_code == 201
    assert created.json().pop("created_at").endswith("Z")
    assert {**created.json(), "created_at": None} == {
        "id_tag": "Tag1",
        "status": "Accepted",
        "parent_id_tag": None,
        "expiry_date": None,
        "max_active_transactions": 1,
        "created_at": None,
    }
    assert got.json() == created.json()
    assert changed.json() == {
        **created.json(),
        "status": "Blocked",
        "parent_id_tag": "GROUP",
        "expiry_date": "2030-01-01T00:00:00.000Z",
        "max_active_transactions": None,
    }
    assert again.json() == {**changed.json(), "expiry_date": None}
    assert (deleted.status_code, deleted.content) == (204, b"")
    assert gone.status_code == 404


def test_a_tag_is_put_whether_it_is_there_or_not(settings: Settings) -> None:
    async def story() -> list[dict[str, Any]]:
        async with running(settings) as system:
            put = [
                await system.operator.put(f"{TAGS}/AB%20c", json=body)
                for body in ({"parent_id_tag": "GROUP"}, {"status": "Blocked"})
            ]
            return [response.json() for response in put]

    first, second = run(story())
    assert (first["id_tag"], first["status"], first["parent_id_tag"]) == ("AB c", "Accepted", "GROUP")
    assert (second["id_tag"], second["status"], second["parent_id_tag"]) == ("AB c", "Blocked", None)
    assert first["created_at"] == second["created_at"]


def test_a_tag_is_created_once_in_whatever_case(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.operator.post(TAGS, json={"id_tag": name}) for name in ("abc", "ABC")]

    first, second = run(story())
    assert first.status_code == 201
    assert second.status_code == 409
    assert second.json()["field"] == "id_tag"


def test_tags_are_listed_in_pages(settings: Settings) -> None:
    async def story() -> list[str]:
        async with running(settings) as system:
            for name in ("b", "D", "a", "C", "e"):
                await system.operator.post(TAGS, json={"id_tag": name})
            seen: list[str] = []
            cursor = None
            while True:
                params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
                page = (await system.viewer.get(TAGS, params=params)).json()
                seen += [item["id_tag"] for item in page["items"]]
                cursor = page["next"]
                if cursor is None:
                    return seen

    assert run(story()) == ["a", "b", "C", "D", "e"]


def test_a_charge_point_is_told_what_a_tag_is_worth(settings: Settings) -> None:
    bodies = (
        {"id_tag": "GOOD", "parent_id_tag": "GROUP"},
        {"id_tag": "BAD", "status": "Blocked"},
        {"id_tag": "OLD", "expiry_date": "2020-01-01T00:00:00Z"},
    )

    async def story() -> list[tuple[str, str | None]]:
        async with running(settings) as system:
            await system.add()
            for body in bodies:
                await system.operator.post(TAGS, json=body)
            async with connected(system) as station:
                verdicts = [
                    (await station.call(Authorize(id_tag=name))).id_tag_info
                    for name in ("good", "BAD", "OLD", "WHO")
                ]
            return [(str(verdict.status), verdict.parent_id_tag) for verdict in verdicts]

    assert run(story()) == [("Accepted", "GROUP"), ("Blocked", None), ("Expired", None), ("Invalid", None)]


REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "id_tag"),
    ({"id_tag": ""}, 400, "id_tag"),
    ({"id_tag": "a" * 21}, 400, "id_tag"),
    ({"id_tag": "a/b"}, 400, "id_tag"),
    ({"id_tag": "a\u0000"}, 400, "id_tag"),
    ({"id_tag": "a\u2028"}, 422, "id_tag"),
    ({"id_tag": ".."}, 422, "id_tag"),
    ({"id_tag": 5}, 400, "id_tag"),
    ({"id_tag": "a", "status": "ConcurrentTx"}, 400, "status"),
    ({"id_tag": "a", "parent_id_tag": "b" * 21}, 400, "parent_id_tag"),
    ({"id_tag": "a", "expiry_date": "tomorrow"}, 400, "expiry_date"),
    ({"id_tag": "a", "expiry_date": "2030-01-01T00:00:00"}, 400, "expiry_date"),
    ({"id_tag": "a", "max_active_transactions": 0}, 400, "max_active_transactions"),
    ({"id_tag": "a", "max_active_transactions": 10**20}, 400, "max_active_transactions"),
    ({"id_tag": "a", "max_active_transactions": True}, 400, "max_active_transactions"),
    ({"id_tag": "a", "colour": "red"}, 400, "colour"),
]


def test_a_tag_that_cannot_be_is_refused_with_the_field_at_fault(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.operator.post(TAGS, json=body) for body, _, _ in REFUSED]

    responses = run(story())

    assert [(response.status_code, response.json().get("field")) for response in responses] == [
        (status, field) for _, status, field in REFUSED
    ]


def test_a_tag_that_nobody_can_have_is_not_found(settings: Settings) -> None:
    names = ("WHO", "a" * 21, "%0A", "%E2%80%A8", "a%2Fb", "%2e%2e")

    async def story() -> list[int]:
        async with running(settings) as system:
            responses = []
            for name in names:
                responses += [
                    await system.viewer.get(f"{TAGS}/{name}"),
                    await system.operator.patch(f"{TAGS}/{name}", json={"status": "Blocked"}),
                    await system.admin.delete(f"{TAGS}/{name}"),
                ]
            return [response.status_code for response in responses]

    assert run(story()) == [404] * 3 * len(names)
