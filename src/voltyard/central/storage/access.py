"""Who may use the API: keys of programs and accounts of people, changed directly, beside a running system."""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from voltyard.central.credentials import Role, generate_api_key, hash_user_password
from voltyard.central.instants import now_us
from voltyard.central.secret import Secret
from voltyard.central.services.access import login_name
from voltyard.central.services.errors import Conflict, NotFound
from voltyard.central.services.records import ApiKey, User
from voltyard.central.storage.database import Database
from voltyard.central.storage.schema import api_keys, users


def count_api_keys(database: Database) -> int:
    """Return how many API keys there are."""
    with database.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(api_keys)).scalar_one()


def create_api_key(database: Database, role: Role, name: str, *, expires_at_us: int | None = None) -> Secret:
    """Store a new API key and return it; it can never be shown again."""
    new = generate_api_key()
    with database.engine.begin() as connection:
        connection.execute(
            insert(api_keys).values(
                name=name,
                role=role,
                prefix=new.prefix,
                key_hash=new.key_hash,
                created_at_us=now_us(),
                expires_at_us=expires_at_us,
            )
        )
    return new.key


def list_api_keys(database: Database) -> list[ApiKey]:
    """Return all API keys, oldest first."""
    with database.engine.connect() as connection:
        return [ApiKey(*row) for row in connection.execute(select(api_keys).order_by(api_keys.c.id))]


def revoke_api_key(database: Database, id: int) -> None:
    """Remove an API key."""
    with database.engine.begin() as connection:
        if not connection.execute(delete(api_keys).where(api_keys.c.id == id)).rowcount:
            raise NotFound(f"no API key {id}")


def revoke_api_keys_named(database: Database, name: str) -> int:
    """Remove all API keys of a name and return how many there were."""
    with database.engine.begin() as connection:
        return connection.execute(delete(api_keys).where(api_keys.c.name == name)).rowcount


def create_user(database: Database, name: str, role: Role, password: str) -> None:
    """Store a new user; slow, since a password is hashed."""
    values = {
        "name": name,
        "role": role,
        "password_hash": hash_user_password(password),
        "created_at_us": now_us(),
    }
    try:
        with database.engine.begin() as connection:
            connection.execute(insert(users).values(**values))
    except IntegrityError as error:
        raise Conflict(f"there is a user {name!r} already") from error


def list_users(database: Database) -> list[User]:
    """Return all users by name."""
    with database.engine.connect() as connection:
        return [User(*row) for row in connection.execute(select(users).order_by(users.c.name))]


def set_user_password(database: Database, name: str, password: str) -> None:
    """Give a user another password, who is signed out by it."""
    hashed = hash_user_password(password)
    with database.engine.begin() as connection:
        changed = connection.execute(update(users).where(users.c.name == name).values(password_hash=hashed))
        connection.execute(delete(api_keys).where(api_keys.c.name == login_name(name)))
    if not changed.rowcount:
        raise NotFound(f"no user {name!r}")


def delete_user(database: Database, name: str) -> None:
    """Remove a user, who is signed out by it."""
    with database.engine.begin() as connection:
        if not connection.execute(delete(users).where(users.c.name == name)).rowcount:
            raise NotFound(f"no user {name!r}")
        connection.execute(delete(api_keys).where(api_keys.c.name == login_name(name)))
