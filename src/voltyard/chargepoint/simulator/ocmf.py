"""Signed meter readings in the Open Charge Metering Format (OCMF 1.0 of S.A.F.E.)."""

from __future__ import annotations

import re
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Final, NamedTuple

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import json

from voltyard.chargepoint.simulator.memory import Memory
from voltyard.protocol.messages import ReadingContext

FORMAT_VERSION: Final = "1.0"
ALGORITHM: Final = "ECDSA-secp256r1-SHA256"
IMPORT_REGISTER: Final = "1-b:1.8.0"
"""The OBIS code of the active import register."""

_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_UID: Final = re.compile(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14})\Z")
# Why the meter was read, as far as the charge point says; the others happen while charging.
_REASONS: Final = {
    ReadingContext.TRANSACTION_BEGIN: "B",
    ReadingContext.TRANSACTION_END: "E",
    ReadingContext.INTERRUPTION_BEGIN: "S",
}
_WHILE_CHARGING: Final = "C"
_ENCODER: Final = json.Encoder(decimal_format="number")


class MeterIdentity(NamedTuple):
    """Which meter signs, and for which connector: `charge_point` is the identity and the connectorId."""

    vendor: str
    model: str
    serial: str
    charge_point: str


class OcmfSigner:
    """Signs readings with the meter's own key; a `Signer`.

    Readings are counted (`PG`): those with an idTag as T1, T2, …, those without as F1, F2, …. The counters
    go on after a restart; a number is used up before a reading bears it.
    """

    def __init__(
        self, key: ec.EllipticCurvePrivateKey, identity: MeterIdentity, memory: Memory | None = None
    ) -> None:
        self._key = key
        self._identity = identity
        self._memory = memory or Memory()
        self._name = f"pagination {identity.serial}"
        kept = self._memory.read(self._name)
        self._pages = {} if kept is None else json.decode(kept, type=dict[str, int])

    @property
    def public_key(self) -> bytes:
        """What the signatures are verified with, as DER (SubjectPublicKeyInfo)."""
        return self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )

    def sign(self, register_wh: int, context: ReadingContext, id_tag: str, now: datetime) -> bytes:
        """Return a signed reading: `OCMF|{payload}|{signature}`."""
        payload = self._payload(register_wh, context, id_tag, now)
        signature = {"SA": ALGORITHM, "SD": self._key.sign(payload, ec.ECDSA(hashes.SHA256())).hex()}
        return b"|".join((b"OCMF", payload, _ENCODER.encode(signature)))

    def _payload(self, register_wh: int, context: ReadingContext, id_tag: str, now: datetime) -> bytes:
        identity = self._identity
        payload = {
            "FV": FORMAT_VERSION,
            "GI": f"{identity.vendor} {identity.model}",
            "GS": identity.serial,
            "PG": self._turn_page("T" if id_tag else "F"),
            "MV": identity.vendor,
            "MM": identity.model,
            "MS": identity.serial,
            **(_user(id_tag) if id_tag else {}),
            "CT": "CBIDC",
            "CI": identity.charge_point,
            "RD": [_reading(register_wh, _REASONS.get(context, _WHILE_CHARGING) if id_tag else None, now)],
        }
        # The sections are separated by bars, so there is none within them.
        return _ENCODER.encode(payload).replace(b"|", b"\\u007c")

    def _turn_page(self, indicator: str) -> str:
        self._pages[indicator] = self._pages.get(indicator, 0) + 1
        self._memory.keep(self._name, json.encode(self._pages))
        return f"{indicator}{self._pages[indicator]}"


def key_from_seed(seed: str) -> ec.EllipticCurvePrivateKey:
    """Return the same key for the same seed. It is for tests: who knows the seed knows the key."""
    number = int.from_bytes(sha256(seed.encode()).digest(), "big") % (_ORDER - 1) + 1
    return ec.derive_private_key(number, _CURVE)


def key_from_pem(pem: bytes) -> ec.EllipticCurvePrivateKey:
    """Return a key from an unencrypted PEM file; raises `ValueError` for any but one on secp256r1."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise ValueError("the key is encrypted") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ValueError("no private key (PEM)") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or key.curve.name != _CURVE.name:
        raise ValueError(f"not a private key on {_CURVE.name}")
    return key


def _user(id_tag: str) -> dict[str, object]:
    is_card = _UID.match(id_tag) is not None
    return {
        "IS": True,
        # What a reader or the central system said; nobody has proven it to the meter.
        "IL": "HEARSAY",
        "IF": ["RFID_PLAIN"] if is_card else [],
        "IT": "ISO14443" if is_card else "UNDEFINED",
        "ID": id_tag,
    }


def _reading(register_wh: int, reason: str | None, now: datetime) -> dict[str, object]:
    return {
        "TM": f"{now:%Y-%m-%dT%H:%M:%S},{now.microsecond // 1000:03}{now:%z} S",
        **({} if reason is None else {"TX": reason}),
        "RV": Decimal(register_wh).scaleb(-3),
        "RI": IMPORT_REGISTER,
        "RU": "kWh",
        "RT": "AC",
        "EF": "",
        "ST": "G",
    }
