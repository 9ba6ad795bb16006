"""A driver presents an identifier: what it begins, ends, cancels or lets go of (OCPP 1.6 §3.4, §3.10)."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any

from voltyard.chargepoint.authorization import Authorization, Authorizer
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.transactions import Transaction
from voltyard.protocol.messages import Reason


def present(
    session: ConnectorSession, authorizer: Authorizer, id_tag: str
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
    return _begin(session, authorizer, id_tag) if session.may_begin else None


def _present_in_transaction(
    session: ConnectorSession, transaction: Transaction, authorizer: Authorizer, id_tag: str
) -> Coroutine[Any, Any, None] | None:
    holder = Authorization(transaction.id_tag, transaction.parent_id_tag)
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
        if await _is_of_group(holder, authorizer, id_tag) and session.locked_for == holder:
            session.release()

    return release_for_group()


async def _begin(session: ConnectorSession, authorizer: Authorizer, id_tag: str) -> None:
    authorization = await authorizer.authorize(id_tag)
    if authorization is not None:
        session.begin(authorization)


async def _is_of_group(holder: Authorization, authorizer: Authorizer, id_tag: str) -> bool:
    other = await authorizer.authorize(id_tag)
    return other is not None and holder.is_same_group(other)
