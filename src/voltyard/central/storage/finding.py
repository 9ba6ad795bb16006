"""Look-ups on the path of a connection or a message, run by the readers."""

from __future__ import annotations

from sqlalchemy import Connection, select

from voltyard.central.services.authorization import fold
from voltyard.central.services.records import ApiKey, ChargePoint, IdTag, User
from voltyard.central.storage.schema import api_keys, charge_points, id_tags, users


def find_charge_point(connection: Connection, identity: str) -> ChargePoint | None:
    """Return the charge point of an identity, a deleted one too."""
    row = connection.execute(select(charge_points).where(charge_points.c.identity == identity)).first()
    return None if row is None else ChargePoint(*row)


def find_tag(connection: Connection, id_tag: str) -> IdTag | None:
    """Return a tag; letter case does not matter (OCPP 1.6 §2.2)."""
    row = connection.execute(select(id_tags).where(id_tags.c.id_tag_key == fold(id_tag))).first()
    return None if row is None else IdTag(*row)


def find_api_key(connection: Connection, key_hash: str) -> ApiKey | None:
    """Return the API key with this hash."""
    row = connection.execute(select(api_keys).where(api_keys.c.key_hash == key_hash)).first()
    return None if row is None else ApiKey(*row)


def find_user(connection: Connection, name: str) -> User | None:
    """Return the user of this name."""
    row = connection.execute(select(users).where(users.c.name == name)).first()
    return None if row is None else User(*row)
