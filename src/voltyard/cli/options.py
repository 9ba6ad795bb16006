"""The options that several commands share: where the settings come from, and how charge points are run."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from functools import wraps
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Concatenate, NamedTuple, ParamSpec, cast

import rich_click as click

if TYPE_CHECKING:
    from voltyard.central.settings import Settings
    from voltyard.central.settings_sources import Given

P = ParamSpec("P")

# Variables that stand for options; all others that begin with VOLTYARD_ are settings.
CONFIG_VARIABLE = "VOLTYARD_CONFIG"
PASSWORD_VARIABLE = "VOLTYARD_CHARGEPOINT_PASSWORD"  # noqa: S105 - the name of a variable, not a password
API_KEY_VARIABLE = "VOLTYARD_API_KEY"
_LONGEST_NAME = 64

_NO_SETTINGS = frozenset({CONFIG_VARIABLE, PASSWORD_VARIABLE, API_KEY_VARIABLE})


class Flag(NamedTuple):
    """An option that stands for one setting."""

    setting: str
    metavar: str
    help: str

    @property
    def option(self) -> str:
        """How it is written: `ocpp.port` is `--ocpp-port`."""
        return "--" + self.setting.replace(".", "-").replace("_", "-")

    @property
    def parameter(self) -> str:
        """The name under which click delivers it."""
        return self.setting.replace(".", "_")


DATA_DIR = Flag("data_dir", "DIR", "Directory of everything that is stored.")
DATABASE = Flag("database", "URL", "Database: sqlite:///path or postgresql://user:password@host/name.")
OCPP_HOST = Flag("ocpp.host", "HOST", "Address that charge points connect to.")
OCPP_PORT = Flag("ocpp.port", "PORT", "Port that charge points connect to; 0 takes a free one.")
API_HOST = Flag("api.host", "HOST", "Address of the REST API.")
API_PORT = Flag("api.port", "PORT", "Port of the REST API; 0 takes a free one.")

STORAGE = (DATA_DIR, DATABASE)
ADDRESSES = (OCPP_HOST, OCPP_PORT, API_HOST, API_PORT)


def takes_settings(
    *flags: Flag,
) -> Callable[[Callable[Concatenate[Settings, P], None]], Callable[..., None]]:
    """Give a command the options of these settings, and the settings as its first argument."""

    def decorate(command: Callable[Concatenate[Settings, P], None]) -> Callable[..., None]:
        @wraps(command)
        def run(*args: P.args, **kwargs: P.kwargs) -> None:
            config = cast("Path | None", kwargs.pop("config"))
            pairs = cast("tuple[str, ...]", kwargs.pop("pairs"))
            values = {flag: cast("str | None", kwargs.pop(flag.parameter)) for flag in flags}
            command(_settings(config, pairs, values), *args, **kwargs)

        return _with_options(run, flags)

    return decorate


class Finite(click.FloatRange):
    """A range of numbers; NaN, which no bound keeps out, is in none, nor is infinity."""

    def convert(self, value: float, param: click.Parameter | None, ctx: click.Context | None) -> float:
        number = float(super().convert(value, param, ctx))
        if not isfinite(number):
            self.fail(f"{value} is no number to reckon with.", param, ctx)
        return number


# What a charge point, one of a fleet or of a scenario is run with.
URL = click.option(
    "--url", required=True, metavar="URL", help="Endpoint of the central system, ws:// or wss://."
)
IDENTITY = click.option(
    "--id", "identity", required=True, metavar="IDENTITY", help="Identity of the charge point."
)
PASSWORD = click.option(
    "--password",
    metavar="TEXT",
    envvar=PASSWORD_VARIABLE,
    show_envvar=True,
    help="Its password, better given in the environment; without one it has security profile 0.",
)
SEED = click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="The same number makes the same vehicles come and the same faults happen.",
)
FAULTS = click.option(
    "--faults",
    metavar="LIST",
    help="What goes wrong with the network and how often, for example drop=0.01,delay=0.05:2s,cut=1/h.",
)
SPEED = click.option(
    "--speed",
    type=Finite(0.1, 3600),
    default=1.0,
    show_default=True,
    help="How much faster than the clock vehicles come and charge.",
)


def checked_name(_context: click.Context, _parameter: click.Parameter, name: str) -> str:
    """Return a name that can be stored and printed; a callback of options and arguments."""
    if not 1 <= len(name) <= _LONGEST_NAME or not name.isprintable():
        raise click.BadParameter(f"expected 1 to {_LONGEST_NAME} printable characters")
    return name


def _with_options(command: Callable[..., None], flags: Iterable[Flag]) -> Callable[..., None]:
    options = [
        click.option(
            "--config",
            type=click.Path(path_type=Path),
            metavar="FILE",
            envvar=CONFIG_VARIABLE,
            show_envvar=True,
            help="Settings in a TOML file.",
        ),
        *(click.option(flag.option, flag.parameter, metavar=flag.metavar, help=flag.help) for flag in flags),
        click.option(
            "--set",
            "pairs",
            metavar="KEY=VALUE",
            multiple=True,
            help="Any other setting, for example ocpp.compliance=strict; may be repeated.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _settings(config: Path | None, pairs: Iterable[str], values: dict[Flag, str | None]) -> Settings:
    from voltyard.central.settings_sources import Given, load_settings  # noqa: PLC0415 - see above

    environment = {k: v for k, v in os.environ.items() if k not in _NO_SETTINGS}
    given = [Given(flag.setting, value, flag.option) for flag, value in values.items() if value is not None]
    return load_settings(config, environment, [*given, *map(_pair, pairs)])


def _pair(text: str) -> Given:
    from voltyard.central.settings_sources import Given, SettingsError  # noqa: PLC0415

    name, equals, value = text.partition("=")
    if not equals:
        raise SettingsError(f"--set: expected KEY=VALUE, got {text!a}")
    return Given(name.strip(), value, "--set")
