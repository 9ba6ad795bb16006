"""Whether a tag may charge (reference G.11)."""

from __future__ import annotations

from hashlib import blake2b

from voltyard.central.instants import from_us
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import IdTag
from voltyard.protocol.messages import AuthorizationStatus, IdTagInfo

_LONGEST_KEY = 80  # in the database; an index holds only so much


def fold(id_tag: str) -> str:
    """Return the form in which tags are compared: letter case does not matter (OCPP 1.6 §2.2).

    Of a text far longer than a tag can be, which a charge point may send all the same, it is the beginning
    and a digest.
    """
    folded = id_tag.lower()
    if len(folded) <= _LONGEST_KEY:
        return folded
    return f"{folded[:48]}#{blake2b(folded.encode(), digest_size=15).hexdigest()}"


def authorize(tag: IdTag | None, at_us: int) -> IdTagInfo:
    """Judge a tag by itself, as Authorize does; a parent is told for every verdict.

    Whether it charges elsewhere is not looked at: a tag that stops its own transaction must not be told
    ConcurrentTx.
    """
    if tag is None:
        return IdTagInfo(status=AuthorizationStatus.INVALID)
    status = AuthorizationStatus(tag.status)
    if (
        status is AuthorizationStatus.ACCEPTED
        and tag.expiry_date_us is not None
        and tag.expiry_date_us <= at_us
    ):
        status = AuthorizationStatus.EXPIRED
    return IdTagInfo(
        status=status,
        parent_id_tag=tag.parent_id_tag,
        expiry_date=None if tag.expiry_date_us is None else from_us(tag.expiry_date_us),
    )


def authorize_start(work: UnitOfWork, id_tag: str, at_us: int, *, transaction_id: int) -> IdTagInfo:
    """Judge a tag for a transaction; its other running transactions count (OCPP 1.6 §7.2)."""
    tag = work.id_tags.get(id_tag)
    verdict = authorize(tag, at_us)
    if tag is None or verdict.status is not AuthorizationStatus.ACCEPTED:
        return verdict
    limit = tag.max_active_transactions
    if limit is None or work.transactions.count_active(tag.id_tag_key, but=transaction_id) < limit:
        return verdict
    return IdTagInfo(
        status=AuthorizationStatus.CONCURRENT_TX,
        parent_id_tag=verdict.parent_id_tag,
        expiry_date=verdict.expiry_date,
    )
