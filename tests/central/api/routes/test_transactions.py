"""Transactions over the API, as charge points reported them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import httpx
from tests.aio import run
from tests.central.api.system import Station, System, connected, running
from tests.central.building import NOON

from voltyard.central.settings import Settings
from voltyard.protocol.messages import (
    Measurand,
    MeterValue,
    MeterValues,
    Reason,
    SampledValue,
    StartTransaction,
    StopTransaction,
    UnitOfMeasure,
)

TRANSACTIONS = "/api/v1/transactions"
HOUR = timedelta(hours=1)


async def start(
    station: Station,
    at: datetime = NOON,
    *,
    connector_id: int = 1,
    id_tag: str = "TAG",
    meter_start: int = 1000,
) -> int:
    response = await station.call(
        StartTransaction(connector_id=connector_id, id_tag=id_tag, meter_start=meter_start, timestamp=at)
    )
    return int(response.transaction_id)


async def stop(station: Station, id: int, at: datetime, meter_stop: int) -> None:
    await station.call(
        StopTransaction(transaction_id=id, meter_stop=meter_stop, timestamp=at, reason=Reason.EV_DISCONNECTED)
    )


def reading(at: datetime, energy_wh: str) -> MeterValue:
    return MeterValue(
        timestamp=at,
        sampled_value=(
            SampledValue(value=energy_wh),
            SampledValue(value="7.2", measurand=Measurand.POWER_ACTIVE_IMPORT, unit=UnitOfMeasure.KW),
            SampledValue(value="16", measurand=Measurand.CURRENT_IMPORT, unit=UnitOfMeasure.A),
            SampledValue(value="55", measurand=Measurand.SOC, unit=UnitOfMeasure.PERCENT),
        ),
    )


async def items(system: System, **params: str) -> list[dict[str, Any]]:
    response = await system.viewer.get(TRANSACTIONS, params=params)
    assert response.status_code == 200, response.text
    listed: list[dict[str, Any]] = response.json()["items"]
    return listed


def test_an_ended_transaction_tells_all_about_itself(settings: Settings) -> None:
    async def story() -> tuple[int, dict[str, Any], list[dict[str, Any]]]:
        async with running(settings) as system:
            await system.add()
            await system.operator.put("/api/v1/id-tags/TAG", json={})
            async with connected(system) as station:
                id = await start(station)
                await stop(station, id, NOON + HOUR, 8200)
                shown = await system.viewer.get(f"{TRANSACTIONS}/{id}")
                return id, shown.json(), await items(system)

    id, shown, listed = run(story())

    assert listed == [shown]
    assert shown.pop("start_received_at") <= shown.pop("stop_received_at")
    assert shown == {
        "id": id,
        "charge_point": "CP1",
        "connector_id": 1,
        "id_tag": "TAG",
        "meter_start": 1000,
        "meter_stop": 8200,
        "started_at": "2024-05-17T12:00:00.000Z",
        "stopped_at": "2024-05-17T13:00:00.000Z",
        "stop_reason": "EVDisconnected",
        "energy_wh": 7200,
        "anomalies": [],
        "authorization": "Accepted",
        "reservation_id": None,
        "stop_id_tag": None,
    }


def test_a_running_transaction_has_the_energy_of_its_newest_meter_value(settings: Settings) -> None:
    async def story() -> list[float | None]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                id = await start(station)
                energies = [(await items(system))[0]["energy_wh"]]
                for minutes, energy_wh in ((20, "3500.5"), (10, "2000"), (30, "900")):
                    await station.call(
                        MeterValues(
                            connector_id=1,
                            transaction_id=id,
                            meter_value=(reading(NOON + timedelta(minutes=minutes), energy_wh),),
                        )
                    )
                    energies.append((await items(system))[0]["energy_wh"])
                return energies

    # Never negative, and newest by its own time, not by its arrival.
    assert run(story()) == [None, 2500.5, 2500.5, 0]


def test_energy_is_never_negative_and_the_oddity_is_told(settings: Settings) -> None:
    async def story() -> dict[str, Any]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await stop(station, await start(station), NOON - HOUR, 500)
                return (await items(system))[0]

    shown = run(story())

    assert shown["energy_wh"] == 0
    assert {"not_authorized", "stop_before_start", "meter_ran_backwards"} <= set(shown["anomalies"])


def test_transactions_are_listed_newest_start_first_in_pages(settings: Settings) -> None:
    async def story() -> tuple[list[int], list[int]]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                starts = [(await start(station, NOON + n * HOUR), n) for n in (2, 0, 4, 1, 3)]
                # Two that started at the same instant.
                twins = [await start(station, NOON + 5 * HOUR, connector_id=n) for n in (1, 2)]
                seen: list[int] = []
                cursor = None
                while True:
                    params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
                    page = (await system.viewer.get(TRANSACTIONS, params=params)).json()
                    seen += [item["id"] for item in page["items"]]
                    cursor = page["next"]
                    if cursor is None:
                        break
                ordered = [id for id, _ in sorted(starts, key=lambda pair: -pair[1])]
                return sorted(twins, reverse=True) + ordered, seen

    expected, seen = run(story())
    assert seen == expected


def test_filters_narrow_the_list(settings: Settings) -> None:
    async def story() -> tuple[list[int], dict[str, list[int]]]:
        async with running(settings) as system:
            ids = []
            for identity in ("CP1", "CP2"):
                await system.add(identity)
                async with connected(system, identity) as station:
                    first = await start(station, NOON, id_tag="One")
                    await stop(station, first, NOON + HOUR, 5000)
                    ids += [first, await start(station, NOON + 2 * HOUR, id_tag="Two")]
            found = {}
            for query in (
                "charge_point=CP2",
                "charge_point=CP9",
                "id_tag=oNE",
                "running=true",
                "running=false&charge_point=CP1",
                "from=2024-05-17T13:00:00Z&charge_point=CP1",
                "from=2024-05-17T14:00:00%2B02:00&to=2024-05-17T14:00:00Z&charge_point=CP1",
            ):
                response = await system.viewer.get(f"{TRANSACTIONS}?{query}")
                found[query] = sorted(item["id"] for item in response.json()["items"])
            return ids, found

    ids, found = run(story())
    one_1, two_1, one_2, two_2 = ids
    assert list(found.values()) == [
        sorted([one_2, two_2]),
        [],
        sorted([one_1, one_2]),
        sorted([two_1, two_2]),
        [one_1],
        [two_1],
        [one_1],
    ]


def test_meter_values_are_listed_as_sent_oldest_first(settings: Settings) -> None:
    async def story() -> tuple[list[dict[str, Any]], int]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                id = await start(station)
                for minutes in (30, 10, 20):
                    value = reading(NOON + timedelta(minutes=minutes), str(1000 + minutes))
                    await station.call(MeterValues(connector_id=1, transaction_id=id, meter_value=(value,)))
                seen: list[dict[str, Any]] = []
                cursor, pages = None, 0
                while True:
                    params = {"limit": "2", **({"cursor": cursor} if cursor else {})}
                    page = (
                        await system.viewer.get(f"{TRANSACTIONS}/{id}/meter-values", params=params)
                    ).json()
                    seen += page["items"]
                    cursor, pages = page["next"], pages + 1
                    if cursor is None:
                        return seen, pages

    seen, pages = run(story())

    assert pages == 2
    assert [item["timestamp"] for item in seen] == [
        f"2024-05-17T12:{minutes}:00.000Z" for minutes in (10, 20, 30)
    ]
    first = seen[0]
    assert (first["energy_wh"], first["power_w"], first["current_a"], first["soc_percent"]) == (
        1010,
        7200,
        16,
        55,
    )
    assert first["context"] is None
    assert first["samples"][:2] == [
        {"value": "1010"},
        {"value": "7.2", "measurand": "Power.Active.Import", "unit": "kW"},
    ]


def test_a_stop_of_an_unknown_transaction_is_listed_by_itself(settings: Settings) -> None:
    async def story() -> list[dict[str, Any]]:
        async with running(settings) as system:
            await system.add()
            async with connected(system) as station:
                await stop(station, 12345, NOON, 700)
                found = await system.viewer.get("/api/v1/unlinked-stops", params={"charge_point": "CP1"})
                other = await system.viewer.get("/api/v1/unlinked-stops", params={"charge_point": "CP2"})
                assert other.json()["items"] == []
                return list(found.json()["items"])

    (found,) = run(story())

    assert found["charge_point"] == "CP1"
    assert found["sent_transaction_id"] == 12345
    assert found["meter_stop"] == 700
    assert found["stopped_at"] == "2024-05-17T12:00:00.000Z"
    assert found["stop_reason"] == "EVDisconnected"
    assert found["id_tag"] is None


def test_a_transaction_that_is_not_there_is_a_problem(settings: Settings) -> None:
    ids = ("1", "0", "-1", "x", "1.5", "9" * 19, "9" * 5000, "%20")

    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [
                await system.viewer.get(f"{TRANSACTIONS}/{id}{below}")
                for id in ids
                for below in ("", "/meter-values")
            ]

    for response in run(story()):
        assert response.status_code in {400, 404}
        assert response.headers["content-type"] == "application/problem+json"


REFUSED = [
    ("limit=0", "limit"),
    ("limit=501", "limit"),
    ("limit=many", "limit"),
    ("limit=" + "9" * 5000, "limit"),
    ("running=perhaps", "running"),
    ("from=yesterday", "from"),
    ("from=2024-05-17T12:00:00", "from"),
    ("to=2024-13-17T12:00:00Z", "to"),
    ("cursor=x", "cursor"),
    ("cursor=", "cursor"),
    ("cursor=%C3%A4", "cursor"),
    ("cursor=W10=", "cursor"),  # []
    ("cursor=WzEsMiwzXQ==", "cursor"),  # [1,2,3]
    ("cursor=WyJhIiwiYiJd", "cursor"),  # ["a","b"]
    ("cursor=WzEsOTk5OTk5OTk5OTk5OTk5OTk5OTk5OTldCg==", "cursor"),  # a number that no database holds
    ("cursor=" + "W1tb" * 3000, "cursor"),
]


def test_a_list_refuses_what_it_cannot_read_and_names_it(settings: Settings) -> None:
    async def story() -> list[httpx.Response]:
        async with running(settings) as system:
            return [await system.viewer.get(f"{TRANSACTIONS}?{query}") for query, _ in REFUSED]

    responses = run(story())

    assert [(response.status_code, response.json().get("field")) for response in responses] == [
        (400, field) for _, field in REFUSED
    ]
