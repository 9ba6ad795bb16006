"""The configuration of a charge point: the values of its keys, read and changed while it is up."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from typing import Any, Final, cast

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.flag import Flag
from voltyard.chargepoint.keys import Key, KeyTable
from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration_values import Access, Value, to_text
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import ConfigurationStatus, GetConfigurationResponse, KeyValue

_KIND: Final = "configuration"


class Configuration:
    """The values in effect; what the central system has set comes before the first values of the table.

    An optional key that is absent reads as false, 0, no items or no text: what it is about is not there.
    `follow` is told the name of each key that has been set.
    """

    __slots__ = ("_changed", "_follow", "_set", "_store", "_table")

    def __init__(
        self, store: Store, table: KeyTable, *, follow: Callable[[str], None] = lambda name: None
    ) -> None:
        self._store = store
        self._table = table
        self._follow = follow
        self._set: dict[str, Value] = {}
        self._changed = Flag()
        self._restore()

    def boolean(self, name: str) -> bool:
        """Return the value of a boolean key."""
        return cast(bool, self._value(name, False))

    def integer(self, name: str) -> int:
        """Return the value of an integer key."""
        return cast(int, self._value(name, 0))

    def items(self, name: str) -> tuple[str, ...]:
        """Return the value of a list key."""
        return cast("tuple[str, ...]", self._value(name, ()))

    def text(self, name: str) -> str:
        """Return the value of a string key."""
        return cast(str, self._value(name, ""))

    def has(self, name: str) -> bool:
        """Whether the charge point has the key, spelt so."""
        return name in self._table.first

    def supports(self, profile: FeatureProfile) -> bool:
        """Whether the charge point supports a feature profile."""
        return profile in self.items("SupportedFeatureProfiles")

    def get(self, names: Iterable[str] = ()) -> GetConfigurationResponse:
        """Answer GetConfiguration; no names means all keys (OCPP 1.6 §5.8).

        A key that may only be written is named without a value, and only when it is asked for. Raises
        `CallError` for more names than GetConfigurationMaxKeys.
        """
        names = tuple(names)
        if len(names) > self.integer("GetConfigurationMaxKeys"):
            raise CallError(
                ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "more keys than GetConfigurationMaxKeys"
            )
        if not names:
            return GetConfigurationResponse(configuration_key=self._describe_all())
        found = [(name, self._table.find(name)) for name in names]
        known = tuple(self._describe(key) for _, key in found if key is not None)
        unknown = tuple(name for name, key in found if key is None)
        return GetConfigurationResponse(configuration_key=known or None, unknown_key=unknown or None)

    def change(self, name: str, text: str) -> ConfigurationStatus:
        """Answer ChangeConfiguration (OCPP 1.6 §5.3).

        The value is durable then, and in effect unless that takes a reboot.
        """
        key = self._table.find(name)
        if key is None:
            return ConfigurationStatus.NOT_SUPPORTED
        if key.is_read_only:
            return ConfigurationStatus.REJECTED
        try:
            value = self._table.parse(key, text)
        except ValueError:
            return ConfigurationStatus.REJECTED
        if key.needs_reboot:
            self._write(key.name, value)
            return ConfigurationStatus.REBOOT_REQUIRED
        self.set(key.name, value)
        return ConfigurationStatus.ACCEPTED

    def set(self, name: str, value: Value) -> None:
        """Set a key whoever may write it, and wake those who wait for a change."""
        self._write(name, value)
        self._set[name] = value
        changed, self._changed = self._changed, Flag()
        changed.set()
        self._follow(name)

    def sleep_unless_changed(self, clock: Clock, seconds: float | None) -> Coroutine[Any, Any, bool]:
        """Sleep, or with None wait for ever, but only until any key changes; return whether one did."""
        return sleep_unless(clock, seconds, self._changed)

    def when_changed(self, act: Callable[[], None]) -> None:
        """Call `act` when any key changes the next time, once."""
        self._changed.when_set(act)

    def _value(self, name: str, absent: Value) -> Value:
        value = self._set.get(name)
        return self._table.first.get(name, absent) if value is None else value

    def _write(self, name: str, value: Value) -> None:
        self._store.commit(Change(_KIND, name, to_text(value).encode()))

    def _describe_all(self) -> tuple[KeyValue, ...]:
        keys = (self._table.find(name) for name in sorted(self._table.first))
        return tuple(self._describe(key) for key in keys if key is not None and _is_readable(key))

    def _describe(self, key: Key) -> KeyValue:
        text = to_text(self._value(key.name, "")) if _is_readable(key) else None
        return KeyValue(key=key.name, readonly=key.is_read_only, value=text)

    def _restore(self) -> None:
        for name, text in self._store.read(_KIND).items():
            key = self._table.find(name)
            if key is None or key.is_read_only:
                continue
            try:
                self._set[key.name] = self._table.parse(key, text.decode())
            except ValueError:
                # Other hardware than when it was set; the value it starts with will do.
                continue


def _is_readable(key: Key) -> bool:
    return key.key.access is not Access.WRITE_ONLY
