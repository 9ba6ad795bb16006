"""Where settings come from: who wins, and the one line that bad ones get."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voltyard.central.secret import Secret
from voltyard.central.settings import LogLevel, Settings, keys
from voltyard.central.settings_sources import Given, SettingsError, load_settings
from voltyard.protocol.codec import Compliance

EVERYTHING = """
data_dir = "/var/lib/voltyard"
database = "postgresql://voltyard@db/voltyard"

[ocpp]
host = "0.0.0.0"
port = 9100
path = "/"
compliance = "strict"
allow_unauthenticated = true
ping_interval_s = 0
max_message_bytes = 1024
heartbeat_interval_s = 60
call_timeout_s = 5
handshake_timeout_s = 4
handshakes_per_address = 3
failures_per_identity = 2
failures_per_address = 1

[api]
host = "::1"
port = 0

[messages]
retention_days = 7

[commands]
expire_after_s = 60

[log]
level = "warning"
format = "json"
"""


def in_file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "voltyard.toml"
    path.write_text(text, encoding="utf-8")
    return path


def refusal(**sources: object) -> str:
    with pytest.raises(SettingsError) as refused:
        load_settings(**sources)  # type: ignore[arg-type]  # the sources of the test, by name
    assert "\n" not in str(refused.value)
    return str(refused.value)


def test_without_any_source_there_are_the_defaults() -> None:
    assert load_settings() == Settings()


def test_a_file_can_set_every_setting(tmp_path: Path) -> None:
    settings = load_settings(in_file(tmp_path, EVERYTHING))

    assert settings.data_dir == Path("/var/lib/voltyard")
    assert settings.database == Secret("postgresql://voltyard@db/voltyard")
    assert (settings.ocpp.compliance, settings.ocpp.allow_unauthenticated) == (Compliance.STRICT, True)
    assert (settings.api.host, settings.api.port) == ("::1", 0)
    assert settings.log.level is LogLevel.WARNING
    unchanged = [name for name in keys() if EVERYTHING.count(f"\n{name.rpartition('.')[2]} = ") == 0]
    assert unchanged == []


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    settings = load_settings(
        in_file(tmp_path, "[ocpp]\nport = 1\npath = '/file'\ncall_timeout_s = 7\n"),
        {"VOLTYARD_OCPP__PORT": "2", "VOLTYARD_OCPP__PATH": "/environment"},
        [Given("ocpp.port", "3", "--ocpp-port")],
    )

    assert (settings.ocpp.port, settings.ocpp.path, settings.ocpp.call_timeout_s) == (3, "/environment", 7)


def test_the_environment_is_read_as_text() -> None:
    settings = load_settings(
        environment={
            "VOLTYARD_OCPP__ALLOW_UNAUTHENTICATED": "true",
            "VOLTYARD_DATABASE": "sqlite:////srv/v.db",
            "VOLTYARD_LOG__LEVEL": "debug",
            "VOLTYARD_API__PORT": "0",
            "HOME": "/root",
        }
    )

    assert settings.ocpp.allow_unauthenticated
    assert settings.database == Secret("sqlite:////srv/v.db")
    assert (settings.log.level, settings.api.port) == (LogLevel.DEBUG, 0)


def test_an_empty_variable_is_one_that_is_not_set() -> None:
    assert load_settings(environment={"VOLTYARD_DATABASE": "", "VOLTYARD_OCPP__PORT": ""}) == Settings()


def test_the_data_directory_moves_the_database_along(tmp_path: Path) -> None:
    settings = load_settings(in_file(tmp_path, 'data_dir = "elsewhere"'))

    assert settings.database == Secret("sqlite:///elsewhere/voltyard.db")


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg", "postgres+psycopg"])
def test_every_way_to_write_postgresql_is_understood(scheme: str) -> None:
    settings = load_settings(environment={"VOLTYARD_DATABASE": f"{scheme}://u:p@db/v?sslmode=require"})

    assert settings.database == Secret("postgresql://u:p@db/v?sslmode=require")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('ocpp.port = "x"', 'ocpp.port: expected int in 0..65535, got "x" (in FILE)'),
        ("ocpp.port = 65536", "ocpp.port: expected int in 0..65535, got 65536 (in FILE)"),
        ('ocpp.port = "9000"', 'ocpp.port: expected int in 0..65535, got "9000" (in FILE)'),
        ("ocpp.port = true", "ocpp.port: expected int in 0..65535, got true (in FILE)"),
        ("ocpp.port = 1979-05-27", 'ocpp.port: expected int in 0..65535, got "1979-05-27" (in FILE)'),
        ("ocpp = 9000", "ocpp: expected a table, got 9000 (in FILE)"),
        ('ocpp.compliance = "lax"', 'ocpp.compliance: expected one of strict, tolerant, got "lax" (in FILE)'),
        (
            'ocpp.allow_unauthenticated = "no"',
            'ocpp.allow_unauthenticated: expected true or false, got "no" (in FILE)',
        ),
        ('ocpp.path = "ocpp/"', 'ocpp.path: expected a path such as /ocpp, got "ocpp/" (in FILE)'),
        ('api.host = "a b"', 'api.host: expected a host name or an IP address, got "a b" (in FILE)'),
        ("data_dir = 1", "data_dir: expected a path, got 1 (in FILE)"),
        ("ocpp.prot = 1", "ocpp.prot: no such setting, did you mean ocpp.port? (in FILE)"),
        ("[oscp]\nport = 1", "oscp: no such setting, did you mean ocpp? (in FILE)"),
        ('"a\\nb" = 1', '"a\\nb": no such setting (in FILE)'),
        ("port", "FILE: not TOML: Expected '=' after a key in a key/value pair (at end of document)"),
        (
            "a = " + "9" * 5000,
            "FILE: not TOML: Exceeds the limit (4300 digits) for integer string conversion",
        ),
        ("[api]\nport = 9000", "api.port: expected another port than ocpp.port, got 9000 for both"),
    ],
)
def test_a_bad_file_gets_one_line_that_names_the_key_and_the_file(
    tmp_path: Path, text: str, line: str
) -> None:
    path = in_file(tmp_path, text)

    assert refusal(config=path).startswith(line.replace("FILE", str(path)))


@pytest.mark.parametrize(
    ("variable", "value", "line"),
    [
        ("VOLTYARD_OCPP__PORT", "x", 'ocpp.port: expected int in 0..65535, got "x" (VOLTYARD_OCPP__PORT)'),
        (
            "VOLTYARD_OCPP_PORT",
            "9000",
            "VOLTYARD_OCPP_PORT: no such setting, did you mean VOLTYARD_OCPP__PORT?",
        ),
        ("VOLTYARD_LOG__LEVEL", "loud", 'log.level: expected one of debug, info, warning, error, got "loud"'),
    ],
)
def test_a_bad_variable_gets_one_line_that_names_it(variable: str, value: str, line: str) -> None:
    assert refusal(environment={variable: value}).startswith(line)


def test_a_bad_flag_gets_one_line_that_names_it() -> None:
    given = Given("api.port", "http", "--api-port")

    assert refusal(flags=[given]) == 'api.port: expected int in 0..65535, got "http" (--api-port)'


@pytest.mark.parametrize(
    "url", ["mysql://root:canary@db/x", "voltyard.db", "sqlite://", "postgresql://a:canary\n@db/x", "canary"]
)
def test_a_bad_database_is_not_repeated_because_it_may_hold_a_password(url: str) -> None:
    line = refusal(environment={"VOLTYARD_DATABASE": url})

    expected = "database: expected sqlite:///path or postgresql://user:password@host/name, got ***"
    assert line == f"{expected} (VOLTYARD_DATABASE)"


def test_a_long_value_is_repeated_in_part_only() -> None:
    assert len(refusal(environment={"VOLTYARD_OCPP__PATH": "x" * 5000})) < 200


@pytest.mark.parametrize(
    ("name", "reason"), [("missing.toml", "No such file or directory"), ("", "Is a directory")]
)
def test_a_file_that_cannot_be_read_gets_one_line(tmp_path: Path, name: str, reason: str) -> None:
    path = tmp_path / name

    assert refusal(config=path) == f"{path}: {reason}"


def test_a_file_that_is_not_text_gets_one_line(tmp_path: Path) -> None:
    path = tmp_path / "voltyard.toml"
    path.write_bytes(b"\xff\xfe\x00")

    assert refusal(config=path).startswith(f"{path}: not TOML: ")


def test_variables_that_kubernetes_sets_for_a_service_are_not_settings() -> None:
    address = "tcp://10.0.0.1:9000"

    settings = load_settings(
        environment={
            "VOLTYARD_PORT": address,
            "VOLTYARD_OCPP_PORT": address,
            "VOLTYARD_PORT_9000_TCP": address,
            "VOLTYARD_OCPP_PORT_9000_TCP_ADDR": "10.0.0.1",
            "VOLTYARD_SERVICE_HOST": "10.0.0.1",
            "VOLTYARD_SERVICE_PORT": "9000",
            "VOLTYARD_SERVICE_PORT_OCPP": "9000",
        }
    )

    assert settings == Settings()


@given(st.dictionaries(st.sampled_from([k.environment for k in keys().values()]), st.text(max_size=80)))
def test_any_environment_is_read_or_refused_with_one_line(environment: dict[str, str]) -> None:
    said = ""

    try:
        load_settings(environment=environment)
    except SettingsError as error:
        said = str(error)

    assert said.isprintable()
