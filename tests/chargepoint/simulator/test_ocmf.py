"""Signed readings: what they say, and that nobody can change it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import json
from tests.chargepoint.simulator.rig import connector, hardware
from tests.chargepoint.world import vehicle

from voltyard.chargepoint.simulator.memory import Memory
from voltyard.chargepoint.simulator.ocmf import (
    MeterIdentity,
    OcmfSigner,
    key_from_pem,
    key_from_seed,
)
from voltyard.chargepoint.store import MemoryStore
from voltyard.protocol.messages import ReadingContext

NOW = datetime(2024, 5, 17, 9, 59, 30, 250_999, tzinfo=UTC)
IDENTITY = MeterIdentity("Voltyard", "Simulator", "CP-1-1", "CP-1 1")
BEGIN, END = ReadingContext.TRANSACTION_BEGIN, ReadingContext.TRANSACTION_END


def signer(memory: Memory | None = None) -> OcmfSigner:
    return OcmfSigner(key_from_seed("a seed"), IDENTITY, memory)


def payload_of(block: bytes) -> dict[str, Any]:
    header, payload, _ = block.split(b"|")
    assert header == b"OCMF"
    return json.decode(payload, type=dict[str, Any])


def verify(block: bytes, public_key: bytes) -> None:
    """Do what software that checks readings does; raises `InvalidSignature`."""
    _, payload, signature = block.split(b"|")
    signed = json.decode(signature, type=dict[str, str])
    assert signed["SA"] == "ECDSA-secp256r1-SHA256"
    key = serialization.load_der_public_key(public_key)
    assert isinstance(key, ec.EllipticCurvePublicKey)
    key.verify(bytes.fromhex(signed["SD"]), payload, ec.ECDSA(hashes.SHA256()))


def test_a_reading_says_what_was_read_when_and_by_whom() -> None:
    block = signer().sign(12_345, BEGIN, "04A2B3C4", NOW)

    assert payload_of(block) == {
        "FV": "1.0",
        "GI": "Voltyard Simulator",
        "GS": "CP-1-1",
        "PG": "T1",
        "MV": "Voltyard",
        "MM": "Simulator",
        "MS": "CP-1-1",
        "IS": True,
        "IL": "HEARSAY",
        "IF": ["RFID_PLAIN"],
        "IT": "ISO14443",
        "ID": "04A2B3C4",
        "CT": "CBIDC",
        "CI": "CP-1 1",
        "RD": [
            {
                "TM": "2024-05-17T09:59:30,250+0000 S",
                "TX": "B",
                "RV": 12.345,
                "RI": "1-b:1.8.0",
                "RU": "kWh",
                "RT": "AC",
                "EF": "",
                "ST": "G",
            }
        ],
    }
    assert b'"RV":12.345,' in block


@pytest.mark.parametrize(("register_wh", "text"), [(0, b"0.000"), (7, b"0.007"), (12_340, b"12.340")])
def test_the_value_shows_how_exact_it_is(register_wh: int, text: bytes) -> None:
    assert b'"RV":' + text + b"," in signer().sign(register_wh, BEGIN, "TAG", NOW)


def test_whoever_has_the_public_key_can_verify_it() -> None:
    target = signer()

    verify(target.sign(12_345, END, "TAG", NOW), target.public_key)


@settings(max_examples=40, deadline=None)
@given(st.data())
def test_one_flipped_bit_of_what_was_read_is_noticed(data: st.DataObject) -> None:
    target = signer()
    block = bytearray(target.sign(12_345, END, "TAG", NOW))
    payload = bytes(block).split(b"|")[1]
    place = data.draw(st.integers(0, len(payload) - 1)) + len(b"OCMF|")
    block[place] ^= 1 << data.draw(st.integers(0, 6))

    # A bit that makes a bar of it, or takes one away, leaves no block at all.
    with pytest.raises((InvalidSignature, ValueError)):
        verify(bytes(block), target.public_key)


def test_another_key_does_not_verify_it() -> None:
    block = signer().sign(12_345, END, "TAG", NOW)
    other = OcmfSigner(key_from_seed("another seed"), IDENTITY)

    with pytest.raises(InvalidSignature):
        verify(block, other.public_key)


def test_the_same_seed_makes_the_same_key() -> None:
    assert signer().public_key == signer().public_key
    assert signer().public_key != OcmfSigner(key_from_seed("b"), IDENTITY).public_key


def test_readings_are_counted_by_purpose_and_over_restarts() -> None:
    memory = Memory(MemoryStore())
    before, after = signer(memory), None
    pages = [payload_of(before.sign(1, BEGIN, tag, NOW))["PG"] for tag in ("TAG", "", "TAG")]

    after = signer(memory)
    pages += [payload_of(after.sign(1, END, tag, NOW))["PG"] for tag in ("TAG", "")]

    assert pages == ["T1", "F1", "T2", "T3", "F2"]


def test_a_reading_for_nobody_belongs_to_no_transaction() -> None:
    payload = payload_of(signer().sign(1, ReadingContext.SAMPLE_CLOCK, "", NOW))

    assert payload.keys().isdisjoint({"IS", "IL", "IF", "IT", "ID"})
    assert "TX" not in payload["RD"][0]


@pytest.mark.parametrize(
    ("context", "reason"),
    [
        (BEGIN, "B"),
        (END, "E"),
        (ReadingContext.SAMPLE_PERIODIC, "C"),
        (ReadingContext.SAMPLE_CLOCK, "C"),
        (ReadingContext.TRIGGER, "C"),
        (ReadingContext.INTERRUPTION_BEGIN, "S"),
        (ReadingContext.INTERRUPTION_END, "C"),
        (ReadingContext.OTHER, "C"),
    ],
)
def test_it_says_why_it_was_taken(context: ReadingContext, reason: str) -> None:
    assert payload_of(signer().sign(1, context, "TAG", NOW))["RD"][0]["TX"] == reason


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(codec="ascii"), min_size=1, max_size=20))
def test_any_identifier_leaves_three_sections(id_tag: str) -> None:
    target = signer()

    block = target.sign(1, BEGIN, id_tag, NOW)

    assert payload_of(block)["ID"] == id_tag
    verify(block, target.public_key)


def test_a_key_can_be_given() -> None:
    key = key_from_seed("mine")
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )

    assert OcmfSigner(key_from_pem(pem), IDENTITY).public_key == OcmfSigner(key, IDENTITY).public_key


def _pem(key: Any, encryption: serialization.KeySerializationEncryption) -> bytes:
    return bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption))


OPEN = serialization.NoEncryption()


@pytest.mark.parametrize(
    ("pem", "reason"),
    [
        (b"", "no private key (PEM)"),
        (b"nonsense", "no private key (PEM)"),
        (_pem(ec.derive_private_key(5, ec.SECP384R1()), OPEN), "not a private key on secp256r1"),
        (
            _pem(ed25519.Ed25519PrivateKey.from_private_bytes(bytes(32)), OPEN),
            "not a private key on secp256r1",
        ),
        (_pem(key_from_seed("x"), serialization.BestAvailableEncryption(b"secret")), "the key is encrypted"),
    ],
    ids=["nothing", "nonsense", "another curve", "another kind", "encrypted"],
)
def test_other_keys_are_refused(pem: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as refused:
        key_from_pem(pem)

    assert str(refused.value) == reason


def test_a_connector_with_a_key_signs_its_register() -> None:
    bench = hardware(connector(signer=signer()))
    target = bench.connectors[0]
    bench.plug_in(1, vehicle())
    target.offer(32)
    bench.advance(3600)

    block = target.sign(END, "TAG", NOW)

    assert block is not None
    assert target.public_key is not None
    assert payload_of(block)["RD"][0]["RV"] == target.register_wh / 1000
    verify(block, target.public_key)
    assert connector().sign(END, "TAG", NOW) is None
