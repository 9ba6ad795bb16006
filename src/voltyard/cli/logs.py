"""The program's own log: lines for people on a terminal, JSON for programs, never a secret in either.

Everything goes through the standard library's root logger, so that what other packages log looks the same.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from voltyard.central.settings import LogFormat, LogSettings

_SECRET_FIELDS = frozenset({"password", "authorization", "authorization_key", "api_key", "token", "secret"})
_API_KEY = re.compile(r"vy_[A-Za-z0-9_-]{20,}")
_HIDDEN = "***"
# What moves the cursor, starts a line or turns the direction of text: one line could look like others.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# These report what is of no interest to whoever runs the program, or what the message log does better.
_QUIET = ("alembic", "litestar", "uvicorn.access", "websockets")


def configure_logs(settings: LogSettings, stream: TextIO) -> None:
    """Log to a stream from now on."""
    is_console = settings.format is LogFormat.CONSOLE or (
        settings.format is LogFormat.AUTO and stream.isatty()
    )
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                hide_secrets,
                escape_controls,
                _renderer(is_console, stream),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(settings.level.upper())
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def log_for_people() -> None:
    """Log lines on standard error from now on."""
    configure_logs(LogSettings(format=LogFormat.CONSOLE), sys.stderr)


def hide_secrets(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Replace what is secret by its name or by its look."""
    for name, value in event.items():
        if name in _SECRET_FIELDS:
            event[name] = _HIDDEN
        elif isinstance(value, str):
            event[name] = _API_KEY.sub(_HIDDEN, value)
    return event


def escape_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Write control characters as `\\x1b`, so that nothing that arrived from outside can forge a line."""
    for name, value in event.items():
        if isinstance(value, str):
            event[name] = _in_lines(value) if name == "exception" else _escaped(value)
    return event


def _in_lines(trace: str) -> str:
    return "\n".join(_escaped(line) for line in trace.split("\n"))


def _escaped(text: str) -> str:
    return _CONTROL.sub(lambda match: match[0].encode("unicode_escape").decode("ascii"), text)


def _renderer(is_console: bool, stream: TextIO) -> Processor:
    if is_console:
        return structlog.dev.ConsoleRenderer(
            colors=stream.isatty(), exception_formatter=structlog.dev.plain_traceback
        )
    return structlog.processors.JSONRenderer()
