"""Which keys a charge point has, and who may set them."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.keys import SUPPORTED_PROFILES, Equipment, KeyTable, measurand_of, table_of
from voltyard.protocol.actions import FeatureProfile
from voltyard.protocol.configuration import CONFIGURATION_KEYS
from voltyard.protocol.configuration_values import Access
from voltyard.protocol.messages import Measurand

EQUIPMENT = Equipment(
    connectors=2,
    measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER, Measurand.VOLTAGE}),
    has_fixed_cables=False,
)
FIXED = Equipment(connectors=2, measurands=EQUIPMENT.measurands, has_fixed_cables=True)
# They come with the certificates; a thing that cannot be done has no key.
WITHOUT = {
    "AdditionalRootCertificateCheck",
    "CertificateSignedMaxChainSize",
    "CertificateStoreMaxLength",
    "ConnectorSwitch3to1PhaseSupported",
    "CpoName",
    "SecurityProfile",
}


def table(equipment: Equipment = EQUIPMENT, **settings: str) -> KeyTable:
    return table_of(equipment, settings)


def test_every_standard_key_is_there() -> None:
    """R-310: those of the specification, and of the white paper what works without certificates."""
    assert CONFIGURATION_KEYS.keys() - table().first.keys() == WITHOUT


@pytest.mark.parametrize("profile", [each for each in SUPPORTED_PROFILES if each is not FeatureProfile.CORE])
def test_keys_of_an_absent_profile_are_absent(profile: FeatureProfile) -> None:
    """R-310, R-311."""
    profiles = ",".join(each for each in SUPPORTED_PROFILES if each is not profile)

    present = table(SupportedFeatureProfiles=profiles).first.keys()

    gone = {key.name for key in CONFIGURATION_KEYS.values() if key.profile is profile}
    assert present.isdisjoint(gone)
    assert {key.name for key in CONFIGURATION_KEYS.values() if key.required} - gone <= present


@pytest.mark.parametrize("name", ["AuthorizationCacheEnabled", "AllowOfflineTxForUnknownId"])
def test_the_key_of_an_absent_feature_is_absent(name: str) -> None:
    """R-311: and so is a feature that this charge point never has."""
    assert name not in table_of(EQUIPMENT, {}, absent=[name]).first
    assert "ConnectorSwitch3to1PhaseSupported" not in table().first


def test_a_required_key_cannot_be_absent() -> None:
    with pytest.raises(ValueError, match="heartbeatinterval"):
        table_of(EQUIPMENT, {}, absent=["HeartbeatInterval"])


@pytest.mark.parametrize("name", sorted(CONFIGURATION_KEYS.keys() - WITHOUT))
def test_read_only_keys_are_those_of_the_specification(name: str) -> None:
    """R-295."""
    key = table().find(name)

    assert key is not None
    assert key.is_read_only is (CONFIGURATION_KEYS[name].access is Access.READ_ONLY)


def test_a_fixed_cable_cannot_be_unlocked() -> None:
    """R-189."""
    key = table(FIXED).find("UnlockConnectorOnEVSideDisconnect")

    assert key is not None
    assert (key.is_read_only, key.first) == (True, "false")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Nonsense", "1"),
        ("HeartbeatInterval", "soon"),
        ("NumberOfConnectors", "9"),
        ("MeterValuesSampledData", "SoC"),
        ("SupportedFeatureProfiles", "Core,Magic"),
    ],
)
def test_impossible_settings_are_named(name: str, value: str) -> None:
    with pytest.raises(ValueError, match=name):
        table_of(EQUIPMENT, {name: value})


def test_a_setting_may_say_what_the_charge_point_can_do() -> None:
    key = table(sendlocallistmaxlength="5").find("SendLocalListMaxLength")

    assert key is not None
    assert (key.first, key.is_read_only) == ("5", True)


def test_connectors_are_counted() -> None:
    """R-225."""
    assert table().first["NumberOfConnectors"] == 2
    assert table().first["ConnectorPhaseRotation"] == ("1.Unknown", "2.Unknown")


def test_charge_points_of_one_make_share_a_table() -> None:
    assert table(HeartbeatInterval="7") is table(HeartbeatInterval="7")


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
