"""The configuration keys of a charge point, as the central system reads and changes them."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.keys import Equipment, Key, table_of
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.configuration_values import Access, ConfigurationKey, ValueType
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import ConfigurationStatus, KeyValue, Measurand

EQUIPMENT = Equipment(
    connectors=2,
    measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.VOLTAGE}),
    has_fixed_cables=False,
)
OWN = Key(
    ConfigurationKey("FanLevel", ValueType.INTEGER, Access.READ_WRITE, "How fast the fan turns.", maximum=3),
    first="1",
    needs_reboot=True,
)
FIXED = Equipment(connectors=1, measurands=EQUIPMENT.measurands, has_fixed_cables=True)


def configuration(
    store: MemoryStore | None = None, equipment: Equipment = EQUIPMENT, **settings: str
) -> Configuration:
    return Configuration(store or MemoryStore(), table_of(equipment, settings, own=[OWN]))


def read(configuration: Configuration, name: str) -> str | None:
    (entry,) = configuration.get([name]).configuration_key or ()
    return entry.value


@pytest.mark.parametrize("names", [(), []])
def test_no_names_mean_all_keys(names: list[str]) -> None:
    """R-292."""
    answer = configuration().get(names)

    assert answer.unknown_key is None
    assert answer.configuration_key is not None
    keys = {entry.key for entry in answer.configuration_key}
    assert {"HeartbeatInterval", "NumberOfConnectors", "SupportedFeatureProfiles"} < keys


def test_unknown_keys_are_told_apart() -> None:
    """R-293, R-294: keys match in any case of letters."""
    answer = configuration().get(["heartbeatinterval", "Foo", "NUMBEROFCONNECTORS"])

    assert answer.configuration_key == (
        KeyValue(key="HeartbeatInterval", readonly=False, value="300"),
        KeyValue(key="NumberOfConnectors", readonly=True, value="2"),
    )
    assert answer.unknown_key == ("Foo",)


def test_more_names_than_allowed_are_an_error() -> None:
    with pytest.raises(CallError) as raised:
        configuration().get(["HeartbeatInterval"] * 51)

    assert raised.value.code is ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("Foo", "1", ConfigurationStatus.NOT_SUPPORTED),
        ("ConnectorSwitch3to1PhaseSupported", "true", ConfigurationStatus.NOT_SUPPORTED),
        ("WebSocketPingInterval", "-1", ConfigurationStatus.REJECTED),
        ("NumberOfConnectors", "3", ConfigurationStatus.REJECTED),
        ("HeartbeatInterval", "abc", ConfigurationStatus.REJECTED),
        ("HeartbeatInterval", "-1", ConfigurationStatus.REJECTED),
        ("LocalPreAuthorize", "yes", ConfigurationStatus.REJECTED),
        ("MeterValuesSampledData", "Foo", ConfigurationStatus.REJECTED),
        ("MeterValuesSampledData", "Voltage,SoC", ConfigurationStatus.REJECTED),
        ("MeterValuesAlignedData", "SoC", ConfigurationStatus.REJECTED),
        ("StopTxnSampledData", "SoC", ConfigurationStatus.REJECTED),
        ("ConnectorPhaseRotation", "0.RST,1.RST,2.RST,1.RTS", ConfigurationStatus.REJECTED),
        ("ConnectorPhaseRotation", "1.XYZ", ConfigurationStatus.REJECTED),
        ("ConnectorPhaseRotation", "3.RST", ConfigurationStatus.REJECTED),
    ],
)
def test_what_cannot_be_set_stays(key: str, value: str, status: ConfigurationStatus) -> None:
    """R-235, R-236, R-296, R-297, R-298, R-299."""
    target = configuration()
    before = target.get()

    assert target.change(key, value) is status

    assert target.get() == before


@pytest.mark.parametrize(
    ("key", "value", "stored"),
    [
        ("heartbeatINTERVAL", "5", "5"),
        ("LocalPreAuthorize", "True", "true"),
        ("MeterValuesSampledData", "Voltage.L1, Energy.Active.Import.Register",
         "Voltage.L1,Energy.Active.Import.Register"),
        ("MeterValuesSampledData", "", ""),
        ("ConnectorPhaseRotation", "0.RST,1.RST,2.RTS", "0.RST,1.RST,2.RTS"),
    ],
)  # fmt: skip
def test_an_accepted_value_is_in_effect_and_durable(key: str, value: str, stored: str) -> None:
    """R-237, R-300."""
    store = MemoryStore()
    target = configuration(store)

    assert target.change(key, value) is ConfigurationStatus.ACCEPTED

    assert read(target, key) == stored
    assert read(configuration(store), key) == stored


def test_values_are_read_by_their_types() -> None:
    target = configuration(MeterValueSampleInterval="15", StopTransactionOnInvalidId="false")

    assert target.integer("MeterValueSampleInterval") == 15
    assert target.boolean("StopTransactionOnInvalidId") is False
    assert target.items("MeterValuesSampledData") == ("Energy.Active.Import.Register",)


def test_settings_come_before_defaults_and_after_what_the_central_system_set() -> None:
    store = MemoryStore()
    assert configuration(store, HeartbeatInterval="10").integer("HeartbeatInterval") == 10
    configuration(store).change("HeartbeatInterval", "20")

    assert configuration(store, heartbeatinterval="30").integer("HeartbeatInterval") == 20


def test_what_was_set_for_other_hardware_is_left_out() -> None:
    store = MemoryStore()
    configuration(store).change("MeterValuesSampledData", "Voltage")
    less = Equipment(
        connectors=1,
        measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER}),
        has_fixed_cables=False,
    )

    assert configuration(store, less).items("MeterValuesSampledData") == ("Energy.Active.Import.Register",)


def test_a_fixed_cable_cannot_be_unlocked() -> None:
    """R-189."""
    target = configuration(equipment=FIXED)

    assert read(target, "UnlockConnectorOnEVSideDisconnect") == "false"
    assert target.change("UnlockConnectorOnEVSideDisconnect", "true") is ConfigurationStatus.REJECTED


def test_what_has_become_read_only_is_left_out() -> None:
    store = MemoryStore()
    configuration(store).change("UnlockConnectorOnEVSideDisconnect", "true")

    assert read(configuration(store, FIXED), "UnlockConnectorOnEVSideDisconnect") == "false"


@story
async def test_a_change_wakes_those_who_sleep() -> None:
    """R-300: accepted takes effect immediately."""
    clock, target = VirtualClock(), configuration()
    assert not await target.sleep_unless_changed(clock, 10)

    asyncio.get_running_loop().call_later(3, target.change, "HeartbeatInterval", "7")

    assert await target.sleep_unless_changed(clock, None)
    assert clock.monotonic() == 13


def test_a_value_that_needs_a_reboot_is_stored_and_in_effect_after_it() -> None:
    """R-301."""
    store = MemoryStore()
    target = configuration(store)

    assert target.change("FanLevel", "3") is ConfigurationStatus.REBOOT_REQUIRED
    assert target.integer("FanLevel") == 1

    assert configuration(store).integer("FanLevel") == 3
    assert read(configuration(store), "FanLevel") == "3"


def test_the_password_can_be_set_but_never_read() -> None:
    """R-302: not among all keys, and without a value when asked for."""
    target = configuration()

    assert (
        target.change("AuthorizationKey", "00112233445566778899aabbccddeeff") is ConfigurationStatus.ACCEPTED
    )

    every = target.get().configuration_key or ()
    asked = target.get(["AuthorizationKey"]).configuration_key
    assert "AuthorizationKey" not in {entry.key for entry in every}
    assert asked == (KeyValue(key="AuthorizationKey", readonly=False),)


@pytest.mark.parametrize("value", ["ab" * 15, "ab" * 21, "x" * 32, "ab" * 16 + "a", ""])
def test_a_password_is_16_to_20_bytes_in_hexadecimal(value: str) -> None:
    """R-304."""
    assert configuration().change("AuthorizationKey", value) is ConfigurationStatus.REJECTED


def test_an_absent_key_reads_as_not_there() -> None:
    target = Configuration(MemoryStore(), table_of(EQUIPMENT, {}, absent=["AuthorizationCacheEnabled"]))

    assert not target.has("AuthorizationCacheEnabled")
    assert target.boolean("AuthorizationCacheEnabled") is False
    assert target.change("AuthorizationCacheEnabled", "true") is ConfigurationStatus.NOT_SUPPORTED
