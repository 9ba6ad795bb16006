"""A driver presents an identifier: what it begins, ends, cancels or lets go of (OCPP 1.6 §3.4, §3.10)."""

from __future__ import annotations

from voltyard.chargepoint.authorization import Authorization, Authorizer
from voltyard.chargepoint.connectors import ConnectorSession
from voltyard.chargepoint.transactions import Transaction
from voltyard.protocol.messages import Reason


async def present(session: ConnectorSession, authorizer: Authorizer, id_tag: str) -> None:
    """Do what presenting the identifier at this connector means now."""
    transaction = session.transaction
    if transaction is not None:
        holder = Authorization(transaction.id_tag, transaction.parent_id_tag)
        if await _speaks_for(holder, authorizer, id_tag) and _still_runs(session, transaction):
            session.stop(Reason.LOCAL, id_tag)
    elif session.locked_for is not None:
        if await _speaks_for(session.locked_for, authorizer, id_tag):
            session.release()
    elif session.authorization is not None:
        if session.authorization.is_same_tag(id_tag):
            session.cancel()
    elif session.may_begin:
        authorization = await authorizer.authorize(id_tag)
        if authorization is not None:
            session.begin(authorization)


def _still_runs(session: ConnectorSession, transaction: Transaction) -> bool:
    return session.transaction is not None and session.transaction.key == transaction.key


async def _speaks_for(holder: Authorization, authorizer: Authorizer, id_tag: str) -> bool:
    # The same identifier needs no Authorize, another one has to be of the same group (OCPP 1.6 §3.10).
    if holder.is_same_tag(id_tag):
        return True
    other = await authorizer.authorize(id_tag)
    return other is not None and holder.is_same_group(other)
