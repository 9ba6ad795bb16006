"""Rounds of load with `kill -9` at random moments, and what must be true afterwards.

    python -m tests.crash.rounds --rounds 200 [--database postgresql://…] [--seed 1]

Everything that was answered is there, once, and nothing that was not sent. Times are reported, not judged.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.crash.charging import ChargePoint
from tests.serving import Serving, api_key

_CHARGE_POINTS = 16
_LONGEST_ROUND_S = 1.0


class Verdict(NamedTuple):
    """What a run found; `faults` is empty when the central system kept its promises."""

    sent: int
    answered: int
    transactions: int
    slowest_ready_s: float
    faults: list[str]


async def run(rounds: int, directory: Path, database: str | None, seed: int) -> Verdict:
    """Kill the central system so many times under load, then compare what it has with what it answered."""
    chance = random.Random(seed)
    key = api_key(directory, database)
    async with Serving(directory, database) as serving:
        slowest = await serving.start()
        charge_points = [ChargePoint(serving.ocpp_url, f"CP{number}") for number in range(_CHARGE_POINTS)]
        with serving.api(key) as api:
            for charge_point in charge_points:
                answer = api.post(
                    "/api/v1/charge-points", json={"identity": charge_point.identity, "security_profile": 0}
                )
                answer.raise_for_status()
        stop = asyncio.Event()
        async with asyncio.TaskGroup() as tasks:
            for charge_point in charge_points:
                tasks.create_task(charge_point.run(stop))
            for _ in range(rounds):
                await asyncio.sleep(chance.uniform(0, _LONGEST_ROUND_S))
                await serving.kill()
                slowest = max(slowest, await serving.start())
            stop.set()
        with serving.api(key) as api:
            faults = list(_compare(api, charge_points))
        await serving.stop()
    return Verdict(
        sum(charge_point.sent for charge_point in charge_points),
        sum(charge_point.answered for charge_point in charge_points),
        sum(len(charge_point.sessions) for charge_point in charge_points),
        slowest,
        faults,
    )


def _compare(api: httpx.Client, charge_points: list[ChargePoint]) -> Iterator[str]:
    ids: Counter[int] = Counter()
    for charge_point in charge_points:
        yield from (f"{charge_point.identity}: {error}" for error in charge_point.errors)
        stored = list(everything(api, "/api/v1/transactions", charge_point=charge_point.identity))
        ids.update(transaction["id"] for transaction in stored)
        yield from _compare_transactions(api, charge_point, stored)
    yield from (f"transaction id {id} was issued {count} times" for id, count in ids.items() if count > 1)


def _compare_transactions(
    api: httpx.Client, charge_point: ChargePoint, stored: list[dict[str, Any]]
) -> Iterator[str]:
    by_id = {transaction["id"]: transaction for transaction in stored}
    if len(stored) != len(charge_point.sessions):
        ran = len(charge_point.sessions)
        yield f"{charge_point.identity}: {ran} transactions ran, {len(stored)} are stored"
    for session in charge_point.sessions:
        name = f"{charge_point.identity} {session.id_tag}"
        transaction = by_id.get(session.transaction_id)
        if transaction is None:
            yield f"{name}: lost"
            continue
        expected = (session.id_tag, session.meter_start, session.meter_stop)
        found = (transaction["id_tag"], transaction["meter_start"], transaction["meter_stop"])
        if found != expected:
            yield f"{name}: expected {expected}, found {found}"
        values = everything(api, f"/api/v1/transactions/{session.transaction_id}/meter-values")
        times = sorted(datetime.fromisoformat(value["timestamp"]) for value in values)
        if times != session.values:
            yield f"{name}: {len(session.values)} meter values were answered, {len(times)} are stored"


def everything(api: httpx.Client, path: str, **parameters: str) -> Iterator[dict[str, Any]]:
    """Yield all items of a list, page by page."""
    cursor: str | None = None
    while True:
        page = api.get(path, params={**parameters, "limit": "500", **({"cursor": cursor} if cursor else {})})
        page.raise_for_status()
        yield from page.json()["items"]
        cursor = page.json()["next"]
        if cursor is None:
            return


def main() -> int:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--database")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voltyard-crash-") as directory:
        verdict = asyncio.run(run(options.rounds, Path(directory), options.database, options.seed))
    for fault in verdict.faults[:50]:
        print(fault)  # noqa: T201 - a command
    print(  # noqa: T201
        f"{options.rounds} rounds, {verdict.sent} messages sent, {verdict.answered} answered, "
        f"{verdict.transactions} transactions, ready again after {verdict.slowest_ready_s:.2f} s at most, "
        f"{len(verdict.faults)} faults"
    )
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
