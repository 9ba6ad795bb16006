"""Which configuration keys a charge point has, their first values, and who may set them: a table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Final, NamedTuple, cast

from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS
from voltyard.protocol.configuration_values import Access, ConfigurationKey, Value, ValueType, parse
from voltyard.protocol.messages import Measurand

MEASURAND_KEYS: Final = frozenset(
    {
        "MeterValuesAlignedData",
        "MeterValuesSampledData",
        "StartTxnSampledData",
        "StopTxnAlignedData",
        "StopTxnSampledData",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equipment:
    """What the keys have to know of the hardware."""

    connectors: int
    measurands: frozenset[Measurand]
    has_fixed_cables: bool


class Key(NamedTuple):
    """A key of one charge point; `first` is its value as text until somebody sets another.

    One that `needs_reboot` keeps its old effect until the next boot. A key of one's own has a
    `ConfigurationKey` that the specification does not know.
    """

    key: ConfigurationKey
    first: str
    is_read_only: bool = False
    needs_reboot: bool = False

    @property
    def name(self) -> str:
        return self.key.name


class KeyTable:
    """The keys of a charge point by name, in any case of letters (OCPP 1.6 §5.3), and their first values.

    Raises `ValueError` for a setting that is no key of this charge point or not a value of its key.
    """

    def __init__(
        self, equipment: Equipment, keys: Iterable[Key], settings: Iterable[tuple[str, str]]
    ) -> None:
        self._equipment = equipment
        self._keys = {key.name.casefold(): key for key in keys}
        for name, text in settings:
            self._preset(name, text)
        self._first = {key.name: self._first_value(key) for key in self._keys.values()}

    @property
    def first(self) -> Mapping[str, Value]:
        """The first values, by name as it is spelt."""
        return self._first

    def find(self, name: str) -> Key | None:
        """Return the key of that name, in any case of letters."""
        return self._keys.get(name.casefold())

    def parse(self, key: Key, text: str) -> Value:
        """Read a value of a key; raises `ValueError` for what this charge point does not take."""
        max_items = self._max_items(key.key)
        value = parse(key.key, text, max_items=max_items)
        if isinstance(value, tuple):
            self._check_items(key.name, value)
        return value

    def _check_items(self, name: str, items: tuple[str, ...]) -> None:
        for item in items:
            # Unsupported measurands: Rejected, and nothing changes (OCPP 1.6 §3.16.4).
            if name in MEASURAND_KEYS and measurand_of(item) not in self._equipment.measurands:
                raise ValueError(f"{name}: {item} cannot be measured here")
            if name == _ROTATION_KEY and int(item.partition(".")[0]) > self._equipment.connectors:
                raise ValueError(f"{name}: there is no connector of {item}")

    def _first_value(self, key: Key) -> Value:
        is_unset = key.key.type is ValueType.STRING and not key.first
        return "" if is_unset else self.parse(key, key.first)

    def _max_items(self, key: ConfigurationKey) -> int | None:
        limit = None if key.max_items_key is None else self.find(key.max_items_key)
        return None if limit is None else int(limit.first)

    def _preset(self, name: str, text: str) -> None:
        key = self.find(name)
        if key is None or key.name in _GIVEN_BY_HARDWARE:
            raise ValueError(f"{name} is no key that can be set at this charge point")
        parse(key.key, text)
        self._keys[name.casefold()] = key._replace(first=text)


def table_of(
    equipment: Equipment,
    settings: Mapping[str, str],
    *,
    absent: Iterable[str] = (),
    own: Iterable[Key] = (),
) -> KeyTable:
    """Return the keys of a charge point; many of the same make share one table.

    `settings` replace first values, also those of read-only keys that say what the charge point can do.
    `absent` are optional keys it does not have, and with them what they are about; the keys of feature
    profiles that SupportedFeatureProfiles leaves out are absent too. `own` are keys of the vendor. Raises
    `ValueError` for impossible ones.
    """
    return _table(equipment, tuple(sorted(settings.items())), frozenset(absent), tuple(own))


@cache
def _table(
    equipment: Equipment,
    settings: tuple[tuple[str, str], ...],
    absent: frozenset[str],
    own: tuple[Key, ...],
) -> KeyTable:
    gone = {name.casefold() for name in absent}
    for name in gone - {key.name.casefold() for key in CONFIGURATION_KEYS.values() if not key.required}:
        raise ValueError(f"{name} is no optional key")
    profiles = _profiles(settings)
    keys = [
        Key(key, first, _is_read_only(key, equipment))
        for key, first in _standard(equipment)
        if key.name.casefold() not in gone and key.profile in profiles
    ]
    ours = (key for key in OWN_KEYS if key.key.profile in profiles)
    return KeyTable(equipment, (*keys, *ours, *own), settings)


def _profiles(settings: tuple[tuple[str, str], ...]) -> set[str]:
    chosen = [text for name, text in settings if name.casefold() == _PROFILES_KEY.casefold()]
    if not chosen:
        return {*SUPPORTED_PROFILES, FeatureProfile.SECURITY}
    profiles = cast("tuple[str, ...]", parse(CONFIGURATION_KEYS[_PROFILES_KEY], chosen[-1]))
    # The security extension has no name among the profiles; its keys tell of it.
    return {*profiles, FeatureProfile.CORE, FeatureProfile.SECURITY}


def _is_read_only(key: ConfigurationKey, equipment: Equipment) -> bool:
    if key.name == "UnlockConnectorOnEVSideDisconnect":
        return equipment.has_fixed_cables  # nothing to unlock (errata 3.84)
    return key.access is Access.READ_ONLY


def measurand_of(item: str) -> str:
    """Return the measurand of an item of a measurand list, which may name a phase: `Voltage.L1`."""
    if item in _MEASURANDS:
        return item
    return item.rpartition(".")[0]


SUPPORTED_PROFILES: Final = tuple(
    profile for profile in FeatureProfile if profile is not FeatureProfile.SECURITY
)
CACHE_CAPACITY: Final = Key(
    ConfigurationKey(
        "AuthorizationCacheCapacity",
        ValueType.INTEGER,
        Access.READ_WRITE,
        "How many id tags the authorization cache holds.",
        minimum=1,
        maximum=100_000,
    ),
    first="500",
    needs_reboot=True,
)
"""A key of our own: the specification has none for the size of the cache."""
RESERVATIONS_ACCEPTED: Final = Key(
    ConfigurationKey(
        "ReservationsAccepted",
        ValueType.BOOLEAN,
        Access.READ_WRITE,
        "Whether new reservations are accepted.",
        profile=FeatureProfile.RESERVATION,
    ),
    first="true",
)
"""A key of our own: a charge point may be configured not to accept reservations (OCPP 1.6 §5.13)."""

OUTBOX_CAPACITY: Final = Key(
    ConfigurationKey(
        "OutboxCapacity",
        ValueType.INTEGER,
        Access.READ_WRITE,
        "How many transaction-related messages may wait; meter values give way to what begins and ends.",
        minimum=10,
        maximum=1_000_000,
    ),
    first="20000",
    needs_reboot=True,
)
"""A key of our own: the specification leaves open how much a charge point can keep (OCPP 1.6 §3.7)."""
START_SAMPLED: Final = Key(
    ConfigurationKey(
        "StartTxnSampledData",
        ValueType.LIST,
        Access.READ_WRITE,
        "Measurands of a MeterValues at the start of a transaction, with a signed reading if there is one.",
    ),
    first="",
)
"""Not in the specification; the application note "Signed Meter Values in OCPP" has it."""
SIGNED_SAMPLES: Final = Key(
    ConfigurationKey(
        "SampledDataSignUpdatedReadings",
        ValueType.BOOLEAN,
        Access.READ_WRITE,
        "Whether sampled MeterValues bring a signed reading along, if the meter signs any.",
    ),
    first="false",
)
"""As START_SAMPLED."""

OWN_KEYS: Final = (CACHE_CAPACITY, RESERVATIONS_ACCEPTED, OUTBOX_CAPACITY, START_SAMPLED, SIGNED_SAMPLES)
_ROTATION_KEY: Final = "ConnectorPhaseRotation"
_PROFILES_KEY: Final = "SupportedFeatureProfiles"
_GIVEN_BY_HARDWARE: Final = frozenset({"NumberOfConnectors", "ConnectorPhaseRotationMaxLength"})
_MEASURANDS: Final = frozenset[str](Measurand)
_MAX_ITEMS: Final = str(len(Measurand) * 4)


def _standard(equipment: Equipment) -> Iterable[tuple[ConfigurationKey, str]]:
    connectors = range(1, equipment.connectors + 1)
    first_values = dict(FIRST_VALUES) | {
        _ROTATION_KEY: ",".join(f"{number}.Unknown" for number in connectors),
        "ConnectorPhaseRotationMaxLength": str(equipment.connectors + 1),
        "NumberOfConnectors": str(equipment.connectors),
    }
    if equipment.has_fixed_cables:
        first_values["UnlockConnectorOnEVSideDisconnect"] = "false"
    for name, first in first_values.items():
        yield CONFIGURATION_KEYS[name], first


def _usual(*names: str) -> dict[str, str]:
    return {name: CONFIGURATION_KEYS[name].default or "" for name in names}


# ConnectorSwitch3to1PhaseSupported is not there: absent means that it cannot be done.
FIRST_VALUES: Final[Mapping[str, str]] = MappingProxyType(
    {
        "AllowOfflineTxForUnknownId": "false",
        "AuthorizationCacheEnabled": "true",
        "AuthorizationKey": "",
        "AuthorizeRemoteTxRequests": "false",
        "BlinkRepeat": "3",
        "ChargeProfileMaxStackLevel": "9",
        "ChargingScheduleAllowedChargingRateUnit": "Current,Power",
        "ChargingScheduleMaxPeriods": "100",
        "LightIntensity": "100",
        "LocalAuthListEnabled": "true",
        "LocalAuthListMaxLength": "10000",
        "MaxChargingProfilesInstalled": "100",
        "MaxEnergyOnInvalidId": "0",
        "MessageTimeout": "30",
        "MeterValuesAlignedData": Measurand.ENERGY_ACTIVE_IMPORT_REGISTER.value,
        "MeterValuesAlignedDataMaxLength": _MAX_ITEMS,
        "MeterValuesSampledDataMaxLength": _MAX_ITEMS,
        "ReserveConnectorZeroSupported": "true",
        "SendLocalListMaxLength": "400",  # with the longest entries just less than a message may be
        "StopTransactionMaxMeterValues": "200",
        "StopTxnAlignedData": "",
        "StopTxnAlignedDataMaxLength": _MAX_ITEMS,
        "StopTxnSampledData": "",
        "StopTxnSampledDataMaxLength": _MAX_ITEMS,
        "SupportedFeatureProfiles": ",".join(SUPPORTED_PROFILES),
        "SupportedFeatureProfilesMaxLength": str(len(SUPPORTED_PROFILES)),
        "SupportedFileTransferProtocols": "FTP,FTPS,HTTP,HTTPS",
        **_usual(
            "ClockAlignedDataInterval",
            "ConnectionTimeOut",
            "GetConfigurationMaxKeys",
            "HeartbeatInterval",
            "LocalAuthorizeOffline",
            "LocalPreAuthorize",
            "MeterValueSampleInterval",
            "MeterValuesSampledData",
            "MinimumStatusDuration",
            "ResetRetries",
            "StopTransactionOnEVSideDisconnect",
            "StopTransactionOnInvalidId",
            "TransactionMessageAttempts",
            "TransactionMessageRetryInterval",
            "UnlockConnectorOnEVSideDisconnect",
            "WebSocketPingInterval",
        ),
    }
)
