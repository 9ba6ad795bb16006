"""The configuration keys of a charge point, as the central system reads and changes them."""

from __future__ import annotations

import asyncio

import pytest
from tests.chargepoint.virtual_time import VirtualClock, story

from voltyard.chargepoint.configuration import Configuration, Equipment, measurand_of
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS
from voltyard.protocol.configuration_values import Access
from voltyard.protocol.errors import CallError, ErrorCode
from voltyard.protocol.messages import ConfigurationStatus, KeyValue, Measurand

EQUIPMENT = Equipment(
    connectors=2,
    measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.VOLTAGE}),
    has_fixed_cables=False,
)
FIXED = Equipment(connectors=1, measurands=EQUIPMENT.measurands, has_fixed_cables=True)


def configuration(
    store: MemoryStore | None = None, equipment: Equipment = EQUIPMENT, **settings: str
) -> Configuration:
    return Configuration(store or MemoryStore(), equipment, settings)


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


def test_all_required_keys_of_the_supported_profiles_are_there() -> None:
    """R-310."""
    present = {entry.key for entry in configuration().get().configuration_key or ()}

    required = {
        key.name for key in CONFIGURATION_KEYS.values() if key.required and key.profile is FeatureProfile.CORE
    }

    assert required <= present


def test_keys_of_absent_features_are_absent() -> None:
    """R-311."""
    present = {entry.key for entry in configuration().get().configuration_key or ()}

    assert present.isdisjoint(
        {"LocalAuthListEnabled", "ReserveConnectorZeroSupported", "MaxEnergyOnInvalidId", "AuthorizationKey"}
    )
    assert read(configuration(), "SupportedFeatureProfiles") == "Core,RemoteTrigger"


@pytest.mark.parametrize("name", [entry.key for entry in configuration().get().configuration_key or ()])
def test_read_only_keys_are_those_of_the_specification(name: str) -> None:
    """R-295."""
    (entry,) = configuration().get([name]).configuration_key or ()

    assert entry.readonly is (CONFIGURATION_KEYS[name].access is Access.READ_ONLY)


@pytest.mark.parametrize(
    ("key", "value", "status"),
    [
        ("Foo", "1", ConfigurationStatus.NOT_SUPPORTED),
        ("LocalAuthListEnabled", "true", ConfigurationStatus.NOT_SUPPORTED),
        ("NumberOfConnectors", "3", ConfigurationStatus.REJECTED),
        ("HeartbeatInterval", "abc", ConfigurationStatus.REJECTED),
        ("HeartbeatInterval", "-1", ConfigurationStatus.REJECTED),
        ("LocalPreAuthorize", "yes", ConfigurationStatus.REJECTED),
        ("MeterValuesSampledData", "Foo", ConfigurationStatus.REJECTED),
        ("MeterValuesSampledData", "Voltage,SoC", ConfigurationStatus.REJECTED),
        ("MeterValuesAlignedData", "SoC", ConfigurationStatus.REJECTED),
        ("StopTxnSampledData", "Voltage", ConfigurationStatus.REJECTED),
        ("ConnectorPhaseRotation", "0.RST,1.RST,2.RST,1.RTS", ConfigurationStatus.REJECTED),
        ("ConnectorPhaseRotation", "1.XYZ", ConfigurationStatus.REJECTED),
    ],
)
def test_what_cannot_be_set_stays(key: str, value: str, status: ConfigurationStatus) -> None:
    """R-235, R-236, R-296, R-297, R-298."""
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


@pytest.mark.parametrize(
    ("name", "value"), [("Nonsense", "1"), ("HeartbeatInterval", "soon"), ("LocalAuthListEnabled", "true")]
)
def test_impossible_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        Configuration(MemoryStore(), EQUIPMENT, {name: value})


def test_a_read_only_key_cannot_be_preset() -> None:
    with pytest.raises(ValueError, match="NumberOfConnectors"):
        configuration(NumberOfConnectors="9")


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


def test_connectors_are_counted() -> None:
    """R-225."""
    assert read(configuration(), "NumberOfConnectors") == "2"
    assert read(configuration(), "ConnectorPhaseRotation") == "1.Unknown,2.Unknown"


@story
async def test_a_change_wakes_those_who_sleep() -> None:
    """R-300: accepted takes effect immediately."""
    clock, target = VirtualClock(), configuration()
    assert not await target.sleep_unless_changed(clock, 10)

    asyncio.get_running_loop().call_later(3, target.change, "HeartbeatInterval", "7")

    assert await target.sleep_unless_changed(clock, None)
    assert clock.monotonic() == 13


@pytest.mark.parametrize(
    ("item", "measurand"),
    [
        ("Voltage", "Voltage"),
        ("Voltage.L1", "Voltage"),
        ("Power.Factor", "Power.Factor"),
        ("Energy.Active.Import.Register", "Energy.Active.Import.Register"),
        ("Energy.Active.Import.Register.L2", "Energy.Active.Import.Register"),
    ],
)
def test_the_measurand_of_an_item_is_told_from_its_phase(item: str, measurand: str) -> None:
    assert measurand_of(item) == measurand
