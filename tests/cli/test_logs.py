"""The log: for people or for programs, without secrets, and no line that somebody else made up."""

from __future__ import annotations

import io
import json
import logging

import pytest
import structlog

from voltyard.central.credentials import generate_api_key
from voltyard.central.secret import Secret
from voltyard.central.settings import LogFormat, LogLevel, LogSettings
from voltyard.cli.logs import configure_logs, log_for_people

EVIL = 'CP-1\n2026-01-01 [info] all is well\x1b[2J\u202e"'


def raise_evil() -> None:
    raise ValueError(EVIL)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _restored(logging_restored: None) -> None:
    """Every test here changes the logging of the whole process."""


def logged(settings: LogSettings, stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream or io.StringIO()
    configure_logs(settings, stream)
    return stream


def test_a_program_reads_one_json_object_a_line() -> None:
    stream = logged(LogSettings(format=LogFormat.JSON))

    structlog.get_logger("voltyard.gateway").warning("connection refused", charge_point=EVIL, count=3)

    (line,) = stream.getvalue().splitlines()
    entry = json.loads(line)
    assert entry.pop("timestamp").endswith("Z")
    assert entry == {
        "event": "connection refused",
        "charge_point": EVIL.replace("\n", "\\n").replace("\x1b", "\\x1b").replace("\u202e", "\\u202e"),
        "count": 3,
        "level": "warning",
        "logger": "voltyard.gateway",
    }


def test_a_person_reads_one_line_whatever_is_in_the_values() -> None:
    stream = logged(LogSettings(format=LogFormat.CONSOLE))

    structlog.get_logger().info(EVIL, charge_point=EVIL)

    (line,) = stream.getvalue().splitlines()
    assert "\x1b" not in line
    assert "\u202e" not in line


@pytest.mark.parametrize(("stream", "is_json"), [(Terminal(), False), (io.StringIO(), True)])
def test_without_a_choice_terminals_get_lines_for_people(stream: io.StringIO, is_json: bool) -> None:
    logged(LogSettings(), stream)

    structlog.get_logger().info("ready")

    assert stream.getvalue().startswith("{") is is_json


def test_commands_without_settings_log_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    log_for_people()

    structlog.get_logger().warning("meter cannot be read")

    written = capsys.readouterr()
    assert written.out == ""
    assert "meter cannot be read" in written.err


@pytest.mark.parametrize("format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_secrets_do_not_get_into_the_log(format: LogFormat) -> None:
    """R-016."""
    stream = logged(LogSettings(format=format))
    key = generate_api_key().key.reveal()

    structlog.get_logger().info(
        f"key {key}", url=f"/?k={key}", password="canary", key=Secret("canary"), authorization=b"canary"
    )
    logging.getLogger("elsewhere").warning("made %s", key, extra={"token": "canary"})

    assert "made ***" in stream.getvalue()
    assert "canary" not in stream.getvalue()
    assert key not in stream.getvalue()


def test_what_other_packages_log_looks_the_same() -> None:
    stream = logged(LogSettings(format=LogFormat.JSON))

    logging.getLogger("voltyard.transport.server").info(
        "listening on %s", "127.0.0.1\n", extra={"port": 9000}
    )

    entry = json.loads(stream.getvalue())
    assert entry["event"] == "listening on 127.0.0.1\\n"
    assert (entry["port"], entry["level"]) == (9000, "info")


def test_what_is_less_grave_than_the_level_is_not_logged() -> None:
    stream = logged(LogSettings(level=LogLevel.ERROR, format=LogFormat.JSON))

    structlog.get_logger().warning("no")
    logging.getLogger("elsewhere").warning("no")
    structlog.get_logger().error("yes")

    assert [json.loads(line)["event"] for line in stream.getvalue().splitlines()] == ["yes"]


@pytest.mark.parametrize("format", [LogFormat.JSON, LogFormat.CONSOLE])
def test_an_exception_is_logged_with_its_trace_and_cannot_forge_lines(format: LogFormat) -> None:
    stream = logged(LogSettings(format=format))

    try:
        raise_evil()
    except ValueError:
        structlog.get_logger().exception("handler failed")

    assert "Traceback" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
