"""The charging profiles a charge point keeps over any restart (errata 3.37)."""

from __future__ import annotations

from typing import Final

from msgspec import json

from voltyard.chargepoint.store import Change, Store
from voltyard.charging.profiles import Installed, InstalledProfile
from voltyard.protocol.payload import decode_hook, encode_hook, float_hook

_KIND: Final = "charging profile"
_DECODER: Final = json.Decoder(InstalledProfile, dec_hook=decode_hook, float_hook=float_hook)
_ENCODER: Final = json.Encoder(enc_hook=encode_hook)


class ChargingProfiles:
    """What is installed, as a value and in the store."""

    __slots__ = ("_installed", "_store")

    def __init__(self, store: Store) -> None:
        self._store = store
        self._installed: Installed = tuple(map(_DECODER.decode, store.read(_KIND).values()))

    @property
    def installed(self) -> Installed:
        return self._installed

    def keep(self, following: Installed) -> None:
        """Have these installed from now on, and no others; durable when this returns."""
        if following == self._installed:
            return
        before, after = _by_key(self._installed), _by_key(following)
        changes = [Change(_KIND, key, None) for key in before.keys() - after.keys()]
        changes += [
            Change(_KIND, key, _ENCODER.encode(each))
            for key, each in after.items()
            if before.get(key) != each
        ]
        self._store.commit(*changes)
        self._installed = following


def _by_key(installed: Installed) -> dict[str, InstalledProfile]:
    return {str(each.profile.charging_profile_id): each for each in installed}
