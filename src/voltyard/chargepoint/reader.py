"""A driver presents an identifier: what it begins, ends, cancels or lets go of (OCPP 1.6 §3.4, §3.10)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from voltyard.chargepoint.authorization import Authorization
from voltyard.chargepoint.authorizer import Authorizer
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.reservations import Reservations, Standing
from voltyard.chargepoint.transactions import Transaction
from voltyard.protocol.messages import Reason


def present(
    session: ConnectorSession, authorizer: Authorizer, reservations: Reservations, id_tag: str
) -> Coroutine[Any, Any, None] | None:
    """Do what presenting the identifier at this connector means now.

    What has to be asked for first is returned, to be run beside everything else.
    """
    transaction = session.transaction
    if transaction is not None:
        return _present_in_transaction(session, transaction, authorizer, id_tag)
    if session.locked_for is not None:
        return _present_at_locked_cable(session, session.locked_for, authorizer, id_tag)
    if session.authorization is not None:
        if session.authorization.is_same_tag(id_tag):
            session.cancel()
        return None
    return _present_at_start(session, authorizer, reservations, id_tag) if session.may_begin else None


def _present_in_transaction(
    session: ConnectorSession, transaction: Transaction, authorizer: Authorizer, id_tag: str
) -> Coroutine[Any, Any, None] | None:
    holder = _known(Authorization(transaction.id_tag, transaction.parent_id_tag), authorizer)
    # The same identifier needs no Authorize, another one has to be of the same group (OCPP 1.6 §3.10).
    if holder.is_same_tag(id_tag):
        session.stop(Reason.LOCAL, id_tag)
        return None

    async def stop_for_group() -> None:
        is_of_group = await _is_of_group(holder, authorizer, id_tag)
        still_runs = session.transaction is not None and session.transaction.key == transaction.key
        if is_of_group and still_runs:
            session.stop(Reason.LOCAL, id_tag)

    return stop_for_group()


def _present_at_locked_cable(
    session: ConnectorSession, holder: Authorization, authorizer: Authorizer, id_tag: str
) -> Coroutine[Any, Any, None] | None:
    if holder.is_same_tag(id_tag):
        session.release()
        return None

    async def release_for_group() -> None:
        is_of_group = await _is_of_group(_known(holder, authorizer), authorizer, id_tag)
        if is_of_group and session.locked_for == holder:
            session.release()

    return release_for_group()


def _present_at_start(
    session: ConnectorSession, authorizer: Authorizer, reservations: Reservations, id_tag: str
) -> Coroutine[Any, Any, None] | None:
    standing = reservations.standing(session.connector_id, _known(Authorization(id_tag), authorizer))
    if standing is Standing.STRANGER:
        return None  # no question can help him (OCPP 1.6 §5.13)
    uses = session.uses

    async def begin() -> None:
        authorization = await authorizer.authorize(id_tag, wants_parent=standing is Standing.UNKNOWN)
        if authorization is not None and session.uses == uses:
            # Reservations may have come and gone since.
            reservations.begin(session, authorization)

    return begin()


def _known(authorization: Authorization, authorizer: Authorizer) -> Authorization:
    """Complete an identifier with the group it is known to belong to."""
    parent_id_tag = authorization.parent_id_tag or authorizer.parent_of(authorization.id_tag)
    return authorization._replace(parent_id_tag=parent_id_tag)


async def _is_of_group(holder: Authorization, authorizer: Authorizer, id_tag: str) -> bool:
    other = await authorizer.authorize(id_tag, wants_parent=True)
    return other is not None and holder.is_same_group(other)
