"""The usual way to stay connected, over real sockets."""

from __future__ import annotations

import asyncio

import pytest
from tests.aio import Recorder, run

from voltyard.chargepoint.connection import Terms, stay_connected_to
from voltyard.transport.errors import HandshakeRefused, TransportError
from voltyard.transport.handshake import Admission, Handshake, Refusal
from voltyard.transport.server import serve

pytestmark = pytest.mark.integration


def test_it_connects_with_its_identity_and_password_and_again_after_a_loss() -> None:
    """R-001, R-012."""

    async def main() -> None:
        handshakes: list[Handshake] = []
        central, station = Recorder(), Recorder()

        async def admit(handshake: Handshake) -> Admission | Refusal:
            handshakes.append(handshake)
            return Admission(connected=central)

        async with await serve(admit, "127.0.0.1", 0) as listener:
            url = f"ws://127.0.0.1:{listener.port}/ocpp"
            stay_connected = stay_connected_to(url, "CP 1", password=b"secret", longest_delay_s=0.05)
            staying = asyncio.create_task(stay_connected(station))
            (await central.opened()).close()
            await station.lost()
            await station.opened()
            staying.cancel()
            await asyncio.wait({staying})

        credentials = [each.credentials for each in handshakes]
        assert [each.identity for each in handshakes] == ["CP 1", "CP 1"]
        assert [each and (each.username, each.password) for each in credentials] == 2 * [("CP 1", b"secret")]

    run(main())


def test_every_attempt_is_made_on_the_terms_of_its_time() -> None:
    """R-303: a password that the central system has set comes before the first one."""

    async def main() -> None:
        passwords: list[bytes | None] = []
        terms = iter([Terms(), Terms(password=b"another", ping_interval_s=0)])
        central, station = Recorder(), Recorder()

        async def admit(handshake: Handshake) -> Admission | Refusal:
            passwords.append(handshake.credentials.password if handshake.credentials else None)
            return Admission(connected=central)

        async with await serve(admit, "127.0.0.1", 0) as listener:
            stay_connected = stay_connected_to(
                f"ws://127.0.0.1:{listener.port}/ocpp",
                "CP-1",
                password=b"first",
                terms=lambda: next(terms),
                longest_delay_s=0.05,
            )
            staying = asyncio.create_task(stay_connected(station))
            (await central.opened()).close()
            await station.lost()
            await station.opened()
            staying.cancel()
            await asyncio.wait({staying})

        assert passwords == [b"first", b"another"]

    run(main())


def test_failures_are_told_with_the_time_of_the_next_attempt() -> None:
    """R-004: 404 is no reason to give up."""

    async def main() -> None:
        failures: list[tuple[OSError | TransportError, float]] = []
        enough = asyncio.Event()

        def failed(error: OSError | TransportError, retry_in_s: float) -> None:
            failures.append((error, retry_in_s))
            if len(failures) == 3:
                enough.set()

        async def admit(handshake: Handshake) -> Admission | Refusal:
            return Refusal.unknown()

        async with await serve(admit, "127.0.0.1", 0) as listener:
            url = f"ws://127.0.0.1:{listener.port}/ocpp"
            stay_connected = stay_connected_to(url, "CP-1", longest_delay_s=0.02, failed=failed)
            staying = asyncio.create_task(stay_connected(Recorder()))
            await enough.wait()
            staying.cancel()
            await asyncio.wait({staying})

        assert [type(error) for error, _ in failures] == 3 * [HandshakeRefused]
        assert all(0 < retry_in_s <= 0.02 for _, retry_in_s in failures)

    run(main())
