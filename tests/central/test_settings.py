"""The settings: their defaults, what they mean together, and their reference."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from voltyard.central.secret import Secret
from voltyard.central.settings import OcppSettings, Settings, keys, settings_reference
from voltyard.protocol.codec import Compliance


def test_nothing_is_open_to_the_network_by_default() -> None:
    settings = Settings()

    assert settings.ocpp.host == settings.api.host == "127.0.0.1"
    assert not settings.ocpp.allow_unauthenticated
    assert settings.warnings() == ()


def test_the_defaults_are_those_that_other_programs_rely_on() -> None:
    settings = Settings()

    assert (settings.ocpp.port, settings.ocpp.path, settings.api.port) == (9000, "/ocpp", 8080)
    assert settings.ocpp.compliance is Compliance.TOLERANT
    assert settings.database == Secret("sqlite:///data/voltyard.db")


@pytest.mark.parametrize("directory", ["data", "/var/lib/voltyard", "a b", "50%25", "what?", "dä"])
def test_the_database_is_in_the_data_directory_whatever_its_name(directory: str) -> None:
    settings = Settings(data_dir=Path(directory))

    assert make_url(settings.database.reveal()).database == str(Path(directory) / "voltyard.db")


def test_a_database_of_ones_own_stays() -> None:
    assert (
        Settings(database=Secret("postgresql://db/voltyard")).database.reveal() == "postgresql://db/voltyard"
    )


def test_settings_print_without_the_password_of_the_database() -> None:
    settings = Settings(database=Secret("postgresql://voltyard:canary@db/voltyard"))

    assert "canary" not in f"{settings} {settings!r}"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_a_loopback_address_needs_no_warning(host: str) -> None:
    assert Settings(ocpp=OcppSettings(host=host, allow_unauthenticated=True)).warnings() == ()


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.4", "203.0.113.9", "ocpp.example.org", "fe80::1%eth0"]
)
def test_plain_sockets_on_a_network_are_warned_about(host: str) -> None:
    """White paper A00.FR.201, A00.FR.206: profile 1 in trusted networks only."""
    (warning,) = Settings(ocpp=OcppSettings(host=host)).warnings()

    assert warning.startswith(f"ocpp.host {host}: ")
    assert "without encryption" in warning


def test_charge_points_without_a_password_on_a_network_are_warned_about_as_well() -> None:
    warnings = Settings(ocpp=OcppSettings(host="0.0.0.0", allow_unauthenticated=True)).warnings()

    assert len(warnings) == 2
    assert warnings[1].startswith("ocpp.allow_unauthenticated: ")


def test_every_setting_says_what_it_expects_and_what_it_is_for() -> None:
    for key in keys().values():
        assert key.expected
        assert key.description.endswith(".")


def test_every_setting_has_a_variable_with_double_underscores_between_sections() -> None:
    variables = {name: key.environment for name, key in keys().items()}

    assert variables["ocpp.port"] == "VOLTYARD_OCPP__PORT"
    assert variables["data_dir"] == "VOLTYARD_DATA_DIR"
    assert len(set(variables.values())) == len(variables)


def test_the_reference_has_a_line_for_every_setting() -> None:
    lines = settings_reference().splitlines()[2:]

    assert [line.split("`")[1] for line in lines] == list(keys())
    assert "| `ocpp.port` | `VOLTYARD_OCPP__PORT` | int in 0..65535 | `9000` |" in "\n".join(lines)
    assert "`false`" in "\n".join(lines)
