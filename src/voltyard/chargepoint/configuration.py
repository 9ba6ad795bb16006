"""The configuration keys of a charge point: which it has, their values, and who may set them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, cast

from voltyard.chargepoint.clock import Clock, sleep_unless
from voltyard.chargepoint.store import Change, Store
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS, find
from voltyard.protocol.configuration_values import ConfigurationKey, Value, parse, to_text
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import ConfigurationStatus, GetConfigurationResponse, KeyValue, Measurand

SUPPORTED_PROFILES: Final = (FeatureProfile.CORE, FeatureProfile.REMOTE_TRIGGER)
MEASURAND_KEYS: Final = frozenset(
    {"MeterValuesAlignedData", "MeterValuesSampledData", "StopTxnAlignedData", "StopTxnSampledData"}
)

_KIND: Final = "configuration"


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What the configuration has to know of the hardware."""

    connectors: int
    measurands: frozenset[Measurand]
    has_fixed_cables: bool


class Configuration:
    """The keys by name, in any case of letters (OCPP 1.6 §5.3).

    `settings` are first values for this charge point; what the central system has set comes before them.
    Raises `ValueError` for a setting that is no key of this charge point or not a value of its key.
    """

    def __init__(self, store: Store, equipment: Equipment, settings: Mapping[str, str] | None = None) -> None:
        self._store = store
        self._equipment = equipment
        self._read_only = _read_only_values(equipment)
        self._values: dict[str, Value] = {}
        self._changed = asyncio.Event()
        for name, text in {**_writable_values(equipment), **self._read_only}.items():
            self._values[name] = parse(CONFIGURATION_KEYS[name], text)
        for name, text in (settings or {}).items():
            self._preset(name, text)
        self._restore()

    def boolean(self, name: str) -> bool:
        """Return the value of a boolean key."""
        return cast(bool, self._values[name])

    def integer(self, name: str) -> int:
        """Return the value of an integer key."""
        return cast(int, self._values[name])

    def items(self, name: str) -> tuple[str, ...]:
        """Return the value of a list key."""
        return cast("tuple[str, ...]", self._values[name])

    def get(self, names: Iterable[str] = ()) -> GetConfigurationResponse:
        """Answer GetConfiguration; no names means all keys (OCPP 1.6 §5.8).

        Raises `CallError` for more names than GetConfigurationMaxKeys.
        """
        names = tuple(names)
        if len(names) > self.integer("GetConfigurationMaxKeys"):
            raise CallError(
                ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION, "more keys than GetConfigurationMaxKeys"
            )
        if not names:
            return GetConfigurationResponse(
                configuration_key=tuple(map(self._describe, sorted(self._values)))
            )
        found = [(name, self._find(name)) for name in names]
        known = tuple(self._describe(key.name) for _, key in found if key is not None)
        unknown = tuple(name for name, key in found if key is None)
        return GetConfigurationResponse(configuration_key=known or None, unknown_key=unknown or None)

    def change(self, name: str, text: str) -> ConfigurationStatus:
        """Answer ChangeConfiguration; an accepted value is durable and in effect (OCPP 1.6 §5.3)."""
        key = self._find(name)
        if key is None:
            return ConfigurationStatus.NOT_SUPPORTED
        if key.name in self._read_only:
            return ConfigurationStatus.REJECTED
        try:
            self.set(key.name, self._parse(key, text))
        except ValueError:
            return ConfigurationStatus.REJECTED
        return ConfigurationStatus.ACCEPTED

    def set(self, name: str, value: Value) -> None:
        """Set a key whoever may write it, and wake those who wait for a change."""
        self._store.commit(Change(_KIND, name, to_text(value).encode()))
        self._values[name] = value
        changed, self._changed = self._changed, asyncio.Event()
        changed.set()

    async def sleep_unless_changed(self, clock: Clock, seconds: float | None) -> bool:
        """Sleep, or with None wait for ever, but only until any key changes; return whether one did."""
        return await sleep_unless(clock, seconds, self._changed)

    def _find(self, name: str) -> ConfigurationKey | None:
        key = find(name)
        return key if key is not None and key.name in self._values else None

    def _describe(self, name: str) -> KeyValue:
        return KeyValue(key=name, readonly=name in self._read_only, value=to_text(self._values[name]))

    def _parse(self, key: ConfigurationKey, text: str) -> Value:
        limit = self._read_only.get(key.max_items_key or "")
        value = parse(key, text, max_items=None if limit is None else int(limit))
        if key.name in MEASURAND_KEYS:
            # Unsupported measurands: Rejected, and nothing changes (OCPP 1.6 §3.16.4).
            for item in cast("tuple[str, ...]", value):
                if measurand_of(item) not in self._equipment.measurands:
                    raise ValueError(f"{key.name}: {item} cannot be measured here")
        return value

    def _preset(self, name: str, text: str) -> None:
        key = self._find(name)
        if key is None or key.name in self._read_only:
            raise ValueError(f"{name} is no key that can be set at this charge point")
        self._values[key.name] = self._parse(key, text)

    def _restore(self) -> None:
        for name, text in self._store.read(_KIND).items():
            if name not in self._values or name in self._read_only:
                continue
            try:
                self._values[name] = self._parse(CONFIGURATION_KEYS[name], text.decode())
            except ValueError:
                # Other hardware than when it was set; the value it starts with will do.
                continue


def measurand_of(item: str) -> str:
    """Return the measurand of an item of a measurand list, which may name a phase: `Voltage.L1`."""
    if item in _MEASURANDS:
        return item
    return item.rpartition(".")[0]


_MEASURANDS: Final = frozenset[str](Measurand)
_MAX_ITEMS: Final = str(len(Measurand) * 4)


def _read_only_values(equipment: Equipment) -> dict[str, str]:
    values = {
        "ConnectorPhaseRotationMaxLength": str(equipment.connectors + 1),
        "GetConfigurationMaxKeys": "50",
        "MeterValuesAlignedDataMaxLength": _MAX_ITEMS,
        "MeterValuesSampledDataMaxLength": _MAX_ITEMS,
        "NumberOfConnectors": str(equipment.connectors),
        # StopTransaction brings no meter values: they all travel in MeterValues.
        "StopTxnAlignedDataMaxLength": "0",
        "StopTxnSampledDataMaxLength": "0",
        "SupportedFeatureProfiles": ",".join(SUPPORTED_PROFILES),
    }
    if equipment.has_fixed_cables:
        # Nothing to unlock (errata 3.84).
        values["UnlockConnectorOnEVSideDisconnect"] = "false"
    return values


def _writable_values(equipment: Equipment) -> dict[str, str]:
    own = {
        "AllowOfflineTxForUnknownId": "false",
        "AuthorizationCacheEnabled": "true",
        "AuthorizeRemoteTxRequests": "false",
        "ConnectorPhaseRotation": ",".join(f"{number + 1}.Unknown" for number in range(equipment.connectors)),
        "MeterValuesAlignedData": Measurand.ENERGY_ACTIVE_IMPORT_REGISTER.value,
        "StopTxnAlignedData": "",
        "StopTxnSampledData": "",
    }
    return own | {name: CONFIGURATION_KEYS[name].default or "" for name in _WITH_USUAL_DEFAULT}


_WITH_USUAL_DEFAULT: Final = (
    "ClockAlignedDataInterval",
    "ConnectionTimeOut",
    "HeartbeatInterval",
    "LocalAuthorizeOffline",
    "LocalPreAuthorize",
    "MeterValuesSampledData",
    "MeterValueSampleInterval",
    "ResetRetries",
    "StopTransactionOnEVSideDisconnect",
    "StopTransactionOnInvalidId",
    "TransactionMessageAttempts",
    "TransactionMessageRetryInterval",
    "UnlockConnectorOnEVSideDisconnect",
)
