"""The CALLs that wait: whose they are is known without reading them, also after a restart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.aio import run
from tests.central.gateway.outage import start, values

from voltyard.central.gateway.backlog import Backlog
from voltyard.central.services.spooled import Refusal, SpooledCall, start_key
from voltyard.central.services.transactions import Told
from voltyard.central.storage.errors import SpoolFailed
from voltyard.central.storage.spool import Spool
from voltyard.protocol.codec import encode
from voltyard.protocol.payload import Request

TOLD = Told(number=7, id=123456, is_unverified=True)


def call(
    request: Request[Any], charge_point_id: int = 1, told: Told | None = None, **changes: Any
) -> SpooledCall:
    fields: dict[str, Any] = {
        "charge_point_id": charge_point_id,
        "identity": f"CP{charge_point_id}",
        "received_at_us": 1_700_000_000_000_000,
        "action": request.action,
        "content": encode(request),
        "told": told,
    }
    return SpooledCall(**fields | changes)


def test_who_has_calls_waiting_is_known_until_all_of_them_are_discarded(tmp_path: Path) -> None:
    async def story() -> None:
        backlog = await Backlog.open(tmp_path)
        for minute in range(2):
            await backlog.add(call(values(0, minute)))
        await backlog.add(call(values(0, 3), charge_point_id=2))
        assert 1 in backlog.waiting
        assert 2 in backlog.waiting
        assert 3 not in backlog.waiting
        assert len(backlog) == 3

        await backlog.discard(await backlog.oldest(1), keep_file=False)
        assert 1 in backlog.waiting
        await backlog.discard(await backlog.oldest(1), keep_file=False)
        assert 1 not in backlog.waiting
        await backlog.discard(await backlog.oldest(1), keep_file=False)
        assert not backlog.waiting
        await backlog.close()

    run(story())


def test_a_start_is_known_by_what_it_says_until_it_is_discarded(tmp_path: Path) -> None:
    async def story() -> None:
        backlog = await Backlog.open(tmp_path)
        await backlog.add(call(start(), told=TOLD))
        assert backlog.waiting.told(start_key(1, start(id_tag="042f"))) == TOLD
        assert backlog.waiting.told(start_key(2, start())) is None
        assert backlog.waiting.told(start_key(1, start(1))) is None

        await backlog.discard(await backlog.oldest(1), keep_file=False)

        assert backlog.waiting.told(start_key(1, start())) is None
        await backlog.close()

    run(story())


def test_everything_is_known_again_after_a_restart(tmp_path: Path) -> None:
    refused = call(start(1), refusal=Refusal("TypeConstraintViolation", "$.idTag"), content=b"[2")
    calls = [call(start(), told=TOLD), call(values(TOLD.id, 1)), refused]

    async def story() -> None:
        backlog = await Backlog.open(tmp_path)
        for each in calls:
            await backlog.add(each)
        await backlog.close()

        backlog = await Backlog.open(tmp_path)
        assert 1 in backlog.waiting
        assert backlog.waiting.told(start_key(1, start())) == TOLD
        assert await backlog.oldest(9) == (3, calls)
        await backlog.close()

    run(story())


def test_a_start_whose_write_failed_keeps_its_id(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody knows whether it is on the disk: the same start must not get another id."""

    def broken(_descriptor: int) -> None:
        raise OSError(5, "Input/output error")

    async def story() -> None:
        backlog = await Backlog.open(tmp_path)
        with monkeypatch.context() as faulty:
            faulty.setattr("os.fdatasync", broken)
            with pytest.raises(SpoolFailed):
                await backlog.add(call(start(), told=TOLD))

        assert backlog.waiting.told(start_key(1, start())) == TOLD
        assert 1 not in backlog.waiting
        await backlog.close()

    run(story())


def test_a_record_that_cannot_be_read_is_counted_and_told(tmp_path: Path) -> None:
    async def story() -> None:
        spool = await Spool.open(tmp_path, lambda _: None)
        await spool.append(b"not a call")
        await spool.close()

        backlog = await Backlog.open(tmp_path)
        assert len(backlog) == 1
        assert not backlog.waiting
        assert await backlog.oldest(9) == (1, [])
        await backlog.close()

    with capture_logs() as logs:
        run(story())
    assert [line["event"] for line in logs] == ["a spooled call cannot be read"] * 2
