"""The settings: every key with its type, its default and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, NamedTuple, get_type_hints

from msgspec import Meta, Struct
from msgspec.inspect import BoolType, EnumType, IntType, Metadata, Type, type_info
from msgspec.structs import force_setattr

from voltyard.central.secret import Secret
from voltyard.protocol.codec import Compliance

Host = Annotated[
    str, Meta(pattern=r"^[A-Za-z0-9.:%_-]+$", extra={"expected": "a host name or an IP address"})
]
Port = Annotated[int, Meta(ge=0, le=65535)]
UrlPath = Annotated[
    str, Meta(pattern=r"^(/|(/[A-Za-z0-9._~-]+)+)$", extra={"expected": "a path such as /ocpp"})
]
Seconds = Annotated[int, Meta(ge=1, le=86400)]
Count = Annotated[int, Meta(ge=1, le=1_000_000)]


class LogLevel(StrEnum):
    """How grave something must be to be logged."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class LogFormat(StrEnum):
    """What a line of the log looks like."""

    AUTO = "auto"
    CONSOLE = "console"
    JSON = "json"


class OcppSettings(Struct, frozen=True, kw_only=True):
    """The listener for charge points, and what charge points get."""

    host: Annotated[Host, Meta(description="Address that charge points connect to.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port of the listener; 0 takes a free one.")] = 9000
    path: Annotated[
        UrlPath, Meta(description="Path of the URL; a charge point appends its identity to it.")
    ] = "/ocpp"
    compliance: Annotated[
        Compliance,
        Meta(description="How charge points that have no setting of their own are read."),
    ] = Compliance.TOLERANT
    allow_unauthenticated: Annotated[
        bool,
        Meta(
            description="Whether charge points of security profile 0, which have no password, are let in. "
            "Anybody who knows an identity can then pretend to be that charge point."
        ),
    ] = False
    ping_interval_s: Annotated[
        int,
        Meta(
            ge=0, le=3600, description="Seconds between two WebSocket pings to a charge point; 0 sends none."
        ),
    ] = 30
    max_message_bytes: Annotated[
        int,
        Meta(
            ge=1024, le=16_777_216, description="Longest message; a longer one closes the connection (1009)."
        ),
    ] = 65536
    heartbeat_interval_s: Annotated[
        Seconds, Meta(description="Seconds between heartbeats that BootNotification is answered with.")
    ] = 300
    call_timeout_s: Annotated[
        Seconds, Meta(description="How long a charge point may take to answer a command.")
    ] = 30
    handshake_timeout_s: Annotated[
        Seconds, Meta(description="How long a connection may take from TCP to its upgrade.")
    ] = 10
    handshakes_per_address: Annotated[
        Count, Meta(description="How many connections of one address may be in their handshake at a time.")
    ] = 256
    failures_per_identity: Annotated[
        Count,
        Meta(
            description="Wrong passwords a minute for one identity at one address; then it has to wait (429)."
        ),
    ] = 10
    failures_per_address: Annotated[
        Count,
        Meta(description="Wrong passwords a minute for one address; then it has to wait (429)."),
    ] = 100


class ApiSettings(Struct, frozen=True, kw_only=True):
    """The REST API."""

    host: Annotated[Host, Meta(description="Address of the REST API.")] = "127.0.0.1"
    port: Annotated[Port, Meta(description="TCP port of the REST API; 0 takes a free one.")] = 8080


class MessageSettings(Struct, frozen=True, kw_only=True):
    """The message log."""

    retention_days: Annotated[
        int, Meta(ge=1, le=36500, description="How long the frames from and to charge points are kept.")
    ] = 30


class CommandSettings(Struct, frozen=True, kw_only=True):
    """Commands to charge points."""

    expire_after_s: Annotated[
        int,
        Meta(ge=1, le=31_536_000, description="How long a command waits for a charge point that is offline."),
    ] = 3600


class LogSettings(Struct, frozen=True, kw_only=True):
    """The program's own log, on standard error."""

    level: Annotated[LogLevel, Meta(description="What is logged: this and all that is graver.")] = (
        LogLevel.INFO
    )
    format: Annotated[
        LogFormat,
        Meta(description="How: `console` for people, `json` for programs, `auto` depends on who reads."),
    ] = LogFormat.AUTO


class Settings(Struct, frozen=True, kw_only=True):
    """All settings of a central system."""

    data_dir: Annotated[
        Path,
        Meta(
            extra={"expected": "a path"},
            description="Directory of everything that is stored; made when it is missing.",
        ),
    ] = Path("data")
    database: Annotated[
        Secret,
        Meta(
            extra={"expected": "sqlite:///path or postgresql://user:password@host/name"},
            description="URL of the database; without one it is `voltyard.db` in `data_dir`.",
        ),
    ] = Secret("")
    ocpp: OcppSettings = OcppSettings()
    api: ApiSettings = ApiSettings()
    messages: MessageSettings = MessageSettings()
    commands: CommandSettings = CommandSettings()
    log: LogSettings = LogSettings()

    def __post_init__(self) -> None:
        if not self.database:
            path = str(self.data_dir / "voltyard.db").replace("%", "%25").replace("?", "%3F")
            force_setattr(self, "database", Secret(f"sqlite:///{path}"))

    def warnings(self) -> tuple[str, ...]:
        """Return what an operator should know about these settings, one sentence each."""
        host = self.ocpp.host
        if _is_loopback(host):
            return ()
        # A00.FR.201, A00.FR.206: without TLS only in a trusted network.
        plain = (
            f"ocpp.host {host}: charge points talk to it without encryption; "
            "make sure that only a trusted network or a TLS proxy reaches it"
        )
        if not self.ocpp.allow_unauthenticated:
            return (plain,)
        open_to_all = (
            f"ocpp.allow_unauthenticated: on, and ocpp.host {host} is open to the network; "
            "whoever reaches it can pretend to be a charge point of security profile 0"
        )
        return (plain, open_to_all)


class Key(NamedTuple):
    """One setting: `annotation` is what `msgspec.convert` takes, `expected` says the same to a person."""

    name: str
    annotation: object
    default: object
    expected: str
    description: str

    @property
    def environment(self) -> str:
        """The environment variable: `ocpp.port` is `VOLTYARD_OCPP__PORT`."""
        return "VOLTYARD_" + self.name.replace(".", "__").upper()


def keys() -> dict[str, Key]:
    """Return all settings by name, in the order of the schema."""
    return {key.name: key for key in _keys_of(Settings, "")}


def settings_reference() -> str:
    """Return a page in Markdown about all settings."""
    lines = ["| key | environment | expected | default | meaning |", "| --- | --- | --- | --- | --- |"]
    for key in keys().values():
        cells = (f"`{key.name}`", f"`{key.environment}`", key.expected, f"`{_as_text(key)}`", key.description)
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _keys_of(section: type[Struct], prefix: str) -> Iterator[Key]:
    defaults = section()
    for name, annotation in get_type_hints(section, include_extras=True).items():
        default = getattr(defaults, name)
        if isinstance(default, Struct):
            yield from _keys_of(type(default), f"{prefix}{name}.")
        else:
            metas = annotation.__metadata__
            yield Key(prefix + name, annotation, default, _expected(annotation, metas), metas[-1].description)


def _expected(annotation: object, metas: tuple[Meta, ...]) -> str:
    """Return what the values of a type are, in words."""
    for meta in metas:
        if meta.extra:
            return str(meta.extra["expected"])
    match _bare(type_info(annotation)):
        case IntType(ge=least, le=most):
            return f"int in {least}..{most}"
        case BoolType():
            return "true or false"
        case EnumType(cls=choices):
            return "one of " + ", ".join(choice.value for choice in choices)
        case other:
            raise TypeError(f"a setting of type {other} says not what it expects")


def _bare(inspected: Type) -> Type:
    return _bare(inspected.type) if isinstance(inspected, Metadata) else inspected


def _as_text(key: Key) -> str:
    """Return a default as one would write it."""
    match key.default:
        case Secret():
            return "sqlite:///<data_dir>/voltyard.db"
        case bool() as flag:
            return str(flag).lower()
        case other:
            return str(other)


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return host == "localhost"
