"""`voltyard user`: the accounts of people."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import rich_click as click

from voltyard.cli.key import ROLES
from voltyard.cli.options import STORAGE, checked_name, takes_settings
from voltyard.cli.storage import opened
from voltyard.cli.tables import print_table, to_minute

if TYPE_CHECKING:
    from voltyard.central.settings import Settings


@click.group()
def user() -> None:
    """Create, list and delete users and change their passwords, also beside a running central system."""


_from_stdin = click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input instead of asking for it."
)


@user.command()
@takes_settings(*STORAGE)
@click.argument("name", callback=checked_name)
@click.option(
    "--role",
    type=click.Choice(ROLES),
    required=True,
    help="What the user may do: look, operate charge points as well, or everything.",
)
@_from_stdin
def create(settings: Settings, name: str, role: str, password_stdin: bool) -> None:
    """Create a user; the password has at least 12 characters and is asked for twice."""
    from voltyard.central.credentials import Role  # noqa: PLC0415 - heavy, see program.py
    from voltyard.central.storage.access import create_user  # noqa: PLC0415

    with opened(settings, create=True) as database:
        create_user(database, name, Role(role), _password(from_stdin=password_stdin))


@user.command("list")
@takes_settings(*STORAGE)
def list_(settings: Settings) -> None:
    """List the users: name, role and when they were made."""
    from voltyard.central.storage.access import list_users  # noqa: PLC0415

    with opened(settings) as database:
        users = list_users(database)
    print_table(("name", "role", "created"), [(u.name, u.role, to_minute(u.created_at_us)) for u in users])


@user.command()
@takes_settings(*STORAGE)
@click.argument("name")
@_from_stdin
def password(settings: Settings, name: str, password_stdin: bool) -> None:
    """Change the password of a user."""
    from voltyard.central.storage.access import set_user_password  # noqa: PLC0415

    with opened(settings) as database:
        set_user_password(database, name, _password(from_stdin=password_stdin))


@user.command()
@takes_settings(*STORAGE)
@click.argument("name")
def delete(settings: Settings, name: str) -> None:
    """Delete a user."""
    from voltyard.central.storage.access import delete_user  # noqa: PLC0415

    with opened(settings) as database:
        delete_user(database, name)


def _password(*, from_stdin: bool) -> str:
    from voltyard.central.credentials import check_user_password  # noqa: PLC0415

    if from_stdin:
        text = sys.stdin.readline().rstrip("\r\n")
    else:
        text = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    check_user_password(text)
    return text
