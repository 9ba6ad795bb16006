"""The application as a whole: its description, and what it does not have."""

from __future__ import annotations

import re
import shlex
from argparse import ArgumentParser
from pathlib import Path

import httpx
import pytest
from tests.chargepoint.control.system import controlled
from tests.chargepoint.virtual_time import story

from voltyard.chargepoint.control.routes import ROUTES

ROOT = Path(__file__).parents[3]
DOCUMENTATION = ROOT / "docs" / "control-api.md"
SOURCE = ROOT / "src"


@pytest.mark.parametrize("path", ["/", "/docs", "/schema", "/openapi", "/schema/swagger"])
@story
async def test_the_frameworks_own_pages_are_not_there(path: str) -> None:
    async with controlled() as s:
        assert (await s.client.get(path)).status_code == 404


@story
async def test_the_documentation_can_be_followed_line_by_line() -> None:
    lines = re.findall(r"^curl (.*?)(?: +#.*)?$", DOCUMENTATION.read_text(), re.MULTILINE)
    async with controlled() as s:
        answers = []
        for line in lines:
            if "/stream" not in line:
                answers.append(await s.client.send(_request(s.client, line)))
                await s.after(30)

    assert [f"{each.request.url} {each.text}" for each in answers if each.is_error] == []
    assert {each.json()["outcome"] for each in answers if each.request.url.path == "/call"} == {
        "answered",
        "sent",
    }


def _request(client: httpx.AsyncClient, arguments: str) -> httpx.Request:
    """Read what follows `curl`."""
    parser = ArgumentParser()
    parser.add_argument("--json")
    parser.add_argument("-X", dest="method")
    parser.add_argument("url")
    read = parser.parse_args(shlex.split(arguments))
    method = read.method or ("GET" if read.json is None else "POST")
    headers = {} if read.json is None else {"Content-Type": "application/json"}
    return client.build_request(method, read.url.removeprefix("$C"), content=read.json, headers=headers)


def test_the_documentation_mentions_every_endpoint() -> None:
    text = DOCUMENTATION.read_text()

    missing = [path for path in _documented_paths() if path not in text]

    assert missing == []


def _documented_paths() -> list[str]:
    return sorted({re.sub(r"\{connector_id:int\}", "1", path) for route in ROUTES for path in route.paths})


@pytest.mark.parametrize("module", ["voltyard.chargepoint", "voltyard.chargepoint.simulator", "voltyard.cli"])
def test_nobody_who_does_not_ask_for_it_pays_for_it(module: str) -> None:
    sources = SOURCE.joinpath(*module.split(".")).rglob("*.py")

    mentioning = [
        path
        for path in sources
        if re.search(r"^(from|import) voltyard\.chargepoint\.control[. ]", path.read_text(), re.MULTILINE)
        and path.parent.name != "control"
    ]

    assert mentioning == []
