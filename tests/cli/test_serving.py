"""`voltyard serve`: what it prints, when it refuses to start, and how it ends."""

from __future__ import annotations

import json
import signal
import socket
from pathlib import Path

import httpx
import pytest
from tests.cli.conftest import Voltyard
from tests.cli.processes import addresses, running

pytestmark = pytest.mark.integration

NOBODY_THERE = "postgresql://u:canary@127.0.0.1:9/voltyard"
FREE_PORTS = ("--ocpp-port", "0", "--api-port", "0")


def status_with_key(api: str, key: str) -> int:
    return httpx.get(f"{api}/api/v1/charge-points", headers={"Authorization": f"Bearer {key}"}).status_code


def test_the_first_start_prints_a_key_that_works_and_the_second_none(tmp_path: Path) -> None:
    with running(tmp_path, "serve", *FREE_PORTS) as first:
        _, api = addresses(first.read_until("ready "))
        (key,) = [line.split()[-1] for line in first.lines if "vy_" in line]
        accepted, refused = status_with_key(api, key), status_with_key(api, "vy_wrong")
        first_status = first.end(signal.SIGTERM)
    with running(tmp_path, "serve", *FREE_PORTS) as second:
        _, api = addresses(second.read_until("ready "))
        still_accepted = status_with_key(api, key)
        second_status = second.end(signal.SIGINT)

    assert key.startswith("vy_")
    assert (accepted, refused, still_accepted) == (200, 401, 200)
    assert not [line for line in second.lines if "vy_" in line]
    assert (first_status, second_status) == (0, 0)


def test_it_runs_on_postgresql_and_listens_where_it_says(tmp_path: Path, postgres_url: str) -> None:
    with running(tmp_path, "serve", *FREE_PORTS, "--database", postgres_url) as program:
        ocpp, api = addresses(program.read_until("ready "))

        health = httpx.get(f"{api}/healthz").status_code
        upgrade_required = httpx.get(f"{ocpp.replace('ws:', 'http:')}/CP-1").status_code
        documentation = [line.split()[-1] for line in program.lines if "documentation" in line]
        shown = httpx.get(documentation[0]).status_code

        assert program.end(signal.SIGTERM) == 0
    assert ocpp.startswith("ws://127.0.0.1:")
    assert ocpp.endswith("/ocpp")
    assert (health, upgrade_required, shown) == (200, 426, 200)


@pytest.mark.parametrize("which", ["ocpp", "api"])
def test_a_port_in_use_gets_one_line_and_status_4(voltyard: Voltyard, which: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])

        ended = voltyard("serve", *FREE_PORTS, f"--{which}-port", port)

    assert ended.status == 4
    assert "ready" not in ended.out
    (line,) = [line for line in ended.err.splitlines() if not line.startswith("{")]
    assert line.startswith("voltyard: cannot listen: ")
    assert port in line


@pytest.mark.parametrize("host", ["192.0.2.1", "nowhere.invalid"])
def test_an_address_of_another_machine_gets_one_line_and_status_2(voltyard: Voltyard, host: str) -> None:
    ended = voltyard("serve", *FREE_PORTS, "--ocpp-host", host)

    assert ended.status == 2
    (line,) = [line for line in ended.err.splitlines() if not line.startswith("{")]
    assert line.startswith("voltyard: cannot listen: ")


def test_a_database_server_that_does_not_answer_gets_one_line_and_status_3(voltyard: Voltyard) -> None:
    ended = voltyard("serve", *FREE_PORTS, "--database", NOBODY_THERE)

    assert (ended.status, ended.out) == (3, "")
    assert ended.err.count("\n") == 1
    assert "canary" not in ended.err


def test_an_open_network_is_warned_about_in_the_log(voltyard: Voltyard) -> None:
    open_to_all = ("--ocpp-host", "0.0.0.0", "--set", "ocpp.allow_unauthenticated=true")

    ended = voltyard("serve", *FREE_PORTS, *open_to_all, "--database", NOBODY_THERE)

    entries = [json.loads(line) for line in ended.err.splitlines() if line.startswith("{")]
    assert [entry["warning"].partition(":")[0] for entry in entries] == [
        "ocpp.host 0.0.0.0",
        "ocpp.allow_unauthenticated",
    ]
