"""Transactions that a charge point knows by another id than we do: it was answered from the spool."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from voltyard.central.services.ports import UnitOfWork
from voltyard.protocol.messages import RemoteStopTransaction, SetChargingProfile
from voltyard.protocol.payload import Request


def as_known(work: UnitOfWork, charge_point_id: int, request: Request[Any]) -> Request[Any]:
    """Return a request that names its transaction as the charge point knows it; the same one as a rule."""
    match request:
        case RemoteStopTransaction(transaction_id=id):
            told_id = work.transactions.told_id(charge_point_id, id)
            return request if told_id == id else replace(request, transaction_id=told_id)
        case SetChargingProfile(cs_charging_profiles=profile) if profile.transaction_id is not None:
            told_id = work.transactions.told_id(charge_point_id, profile.transaction_id)
            if told_id == profile.transaction_id:
                return request
            return replace(request, cs_charging_profiles=replace(profile, transaction_id=told_id))
    return request
