"""Rounds of `kill -9` of a charging station that is offline half of the time, and what must be true then.

    python -m tests.crash.station_rounds --rounds 300 [--seed 1]

Every transaction is at the central system exactly once, its messages came in the order they were recorded in,
and it has the meter values that were read. What a kill interrupted while it was recorded may be there or not.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import sys
import tempfile
from base64 import b64decode
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.crash.rounds import everything
from tests.crash.station import ID_TAGS, LEDGER, OUTBOX
from tests.serving import Serving, api_key

from voltyard.chargepoint import Change, MemoryStore
from voltyard.chargepoint.outbox import NO_TRANSACTION, Message, Outbox, TransactionRequest
from voltyard.protocol.codec import encode
from voltyard.protocol.messages import MeterValues, StartTransaction, StopTransaction

IDENTITY = "CRASH-1"
_LONGEST_LIFE_S = 3.0
_IS_UP = 0.9
"""How often the station is let come up before its life is counted; else it may die while it starts."""
_LONGEST_COMMIT = 50
"""How many lines of the ledger one commit may write, at the most."""
_ACTIONS = {"StartTransaction", "MeterValues", "StopTransaction"}
Content = tuple[str, str]
"""A message without its transactionId, which is known only when it is sent."""


class Recorded(NamedTuple):
    """A message of the ledger; one that is not certain may have been lost with its record."""

    message: Message
    is_certain: bool


class Verdict(NamedTuple):
    """What a run found; `faults` is empty when the charge point kept its promises."""

    kills: int
    messages: int
    transactions: int
    faults: list[str]


async def run(rounds: int, directory: Path, seed: int) -> Verdict:
    """Kill a station so many times, let it deliver what is left, and compare."""
    chance = random.Random(seed)
    key = api_key(directory)
    state = directory / "station"
    async with Serving(directory) as serving:
        await serving.start()
        with serving.api(key) as api:
            body = {"identity": IDENTITY, "security_profile": 0}
            api.post("/api/v1/charge-points", json=body).raise_for_status()
            for id_tag in ID_TAGS:
                tag = {"id_tag": id_tag, "max_active_transactions": 1000}
                api.post("/api/v1/id-tags", json=tag).raise_for_status()
        for number in range(rounds):
            station = await _start(serving.ocpp_url, state, seed + number)
            if chance.random() < _IS_UP:
                assert station.stdout is not None
                await station.stdout.readline()
            await asyncio.sleep(chance.uniform(0, _LONGEST_LIFE_S))
            station.kill()
            await station.wait()
        last = await _start(serving.ocpp_url, state, seed, "--drain")
        async with asyncio.timeout(120):
            status = await last.wait()
        ledger = await read_ledger(state / LEDGER)
        with serving.api(key) as api:
            faults = [*_compare(api, ledger), *([f"draining ended with {status}"] if status else [])]
        await serving.stop()
    starts = sum(isinstance(each.message.request, StartTransaction) for each in ledger)
    return Verdict(rounds, len(ledger), starts, faults)


async def _start(url: str, state: Path, seed: int, *options: str) -> asyncio.subprocess.Process:
    module = "tests.crash.station"
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module, url, IDENTITY, str(state), str(seed), *options),
        stdout=asyncio.subprocess.PIPE,
    )


async def read_ledger(path: Path) -> list[Recorded]:
    """Return the messages in the order they were recorded in; a line that was torn says nothing."""
    lines = [json.loads(line) for line in path.read_bytes().splitlines() if line.endswith(b"}")]
    done = [line["what"] == "done" for line in lines]
    recorded = []
    for index, line in enumerate(lines):
        if done[index]:
            continue
        message = await _message(line["key"], b64decode(line["record"]))
        if message.attempts == 0:
            certain = {"what": "done", "key": line["key"], "record": line["record"]}
            recorded.append(Recorded(message, certain in lines[index + 1 : index + 1 + _LONGEST_COMMIT]))
    return recorded


async def _message(key: str, record: bytes) -> Message:
    store = MemoryStore()
    store.commit(Change(OUTBOX, key, record))
    return await Outbox(store).head()


def _compare(api: httpx.Client, ledger: Sequence[Recorded]) -> Iterator[str]:
    received = list(_received(api))
    delivered: list[Message] = []
    position = 0
    for message, is_certain in ledger:
        if position < len(received) and received[position] == _content(message):
            position += 1
            delivered.append(message)
        elif is_certain:
            came = received[position] if position < len(received) else "nothing"
            yield f"message {len(delivered)}: expected {_content(message)}, {came} came"
            return
    if position < len(received):
        yield f"{len(received) - position} messages came that were not recorded: {received[position]}"
    yield from _compare_transactions(api, delivered)


def _received(api: httpx.Client) -> Iterator[Content]:
    """Yield what came, oldest first; a message that came again at once is the same one."""
    frames = everything(api, f"/api/v1/charge-points/{IDENTITY}/messages", direction="in")
    calls = [json.loads(each["frame"]) for each in frames if each["action"] in _ACTIONS]
    last = None
    for _, _, action, payload in reversed(calls):
        payload.pop("transactionId", None)
        content = (action, json.dumps(payload, sort_keys=True))
        if content != last:
            yield content
        last = content


def _content(message: Message) -> Content:
    payload = json.loads(encode(message.request))
    payload.pop("transactionId", None)
    return (message.request.action, json.dumps(payload, sort_keys=True))


def _compare_transactions(api: httpx.Client, delivered: Sequence[Message]) -> Iterator[str]:
    stored = list(everything(api, "/api/v1/transactions", charge_point=IDENTITY))
    by_start = Counter(map(_start_of, stored))
    starts = {each.transaction: each.request for each in delivered if _is_start(each)}
    if len(stored) != len(starts):
        yield f"{len(starts)} transactions ran, {len(stored)} are stored"
    for key, start in starts.items():
        assert isinstance(start, StartTransaction)
        name = (start.connector_id, start.id_tag, start.meter_start, start.timestamp)
        if by_start[name] != 1:
            yield f"{name} is stored {by_start[name]} times"
            continue
        transaction = next(each for each in stored if _start_of(each) == name)
        own = [each.request for each in delivered if each.transaction == key]
        yield from _compare_contents(api, transaction, own)


def _compare_contents(
    api: httpx.Client, transaction: dict[str, Any], own: Sequence[TransactionRequest]
) -> Iterator[str]:
    stops = [(each.meter_stop, each.reason) for each in own if isinstance(each, StopTransaction)]
    if stops != [(transaction["meter_stop"], transaction["stop_reason"])]:
        yield f"{transaction} stopped as {stops}"
    values = everything(api, f"/api/v1/transactions/{transaction['id']}/meter-values")
    found = sorted((datetime.fromisoformat(each["timestamp"]), _samples(each["samples"])) for each in values)
    sent = [json.loads(encode(each))["meterValue"] for each in own if isinstance(each, MeterValues)]
    expected = sorted(
        (datetime.fromisoformat(each["timestamp"]), _samples(each["sampledValue"]))
        for meter_values in sent
        for each in meter_values
    )
    if found != expected:
        yield f"{transaction['id']}: meter values {expected} were read, {found} are stored"


def _samples(samples: list[dict[str, Any]]) -> str:
    return json.dumps(samples, sort_keys=True)


def _start_of(stored: dict[str, Any]) -> tuple[int, str, int, datetime]:
    started_at = datetime.fromisoformat(stored["started_at"])
    return (stored["connector_id"], stored["id_tag"], stored["meter_start"], started_at)


def _is_start(message: Message) -> bool:
    return message.transaction != NO_TRANSACTION and isinstance(message.request, StartTransaction)


def main() -> int:
    """Run it and say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="voltyard-crash-") as directory:
        verdict = asyncio.run(run(options.rounds, Path(directory), options.seed))
    for fault in verdict.faults[:50]:
        print(fault[:500])  # noqa: T201 - a command
    print(  # noqa: T201
        f"{verdict.kills} kills, {verdict.messages} messages recorded, {verdict.transactions} transactions, "
        f"{len(verdict.faults)} faults"
    )
    return 1 if verdict.faults else 0


if __name__ == "__main__":
    sys.exit(main())
