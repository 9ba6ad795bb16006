"""Charge points, what they sent, and how they break the specification."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from litestar import delete, get, patch, post
from litestar.params import JSONBody, QueryParameter

from voltyard.central.api.routes.parameters import Name, Ops, Page
from voltyard.central.operations.charge_points import ChargePointView
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.requests import ChargePointChanges, NewChargePoint
from voltyard.central.operations.views import DeviationView, MessageView
from voltyard.central.storage.queries.messages import MessageFilter


class Direction(StrEnum):
    """Which way a frame went, seen from the central system."""

    IN = "in"
    OUT = "out"


Way = Annotated[Direction | None, QueryParameter(description="Only frames that went this way.")]
OfAction = Annotated[str | None, QueryParameter(description="Only CALLs of this action.")]


@post("/charge-points")
async def create_charge_point(operations: Ops, data: JSONBody[NewChargePoint]) -> ChargePointView:
    """Create a charge point.

    Security profiles 1 and 2 need a password. An identity that was deleted can be created again.
    """
    return await operations.charge_points.create(data)


@get("/charge-points")
async def list_charge_points(operations: Ops, span: Page) -> Listed[ChargePointView]:
    """List charge points, by identity."""
    return await operations.charge_points.page(span)


@get("/charge-points/{identity:str}")
async def get_charge_point(operations: Ops, identity: Name) -> ChargePointView:
    """Get a charge point."""
    return await operations.charge_points.get(identity)


@patch("/charge-points/{identity:str}")
async def change_charge_point(
    operations: Ops, identity: Name, data: JSONBody[ChargePointChanges]
) -> ChargePointView:
    """Change a charge point.

    What is left out stays. Another password, security profile or registration ends a live connection. The
    security profile of a charge point that has booted here is never lowered (409): delete it and create it
    again.
    """
    return await operations.charge_points.change(identity, data)


@delete("/charge-points/{identity:str}")
async def delete_charge_point(operations: Ops, identity: Name) -> None:
    """Delete a charge point.

    It is disconnected and its queued commands are cancelled; its transactions stay.
    """
    await operations.charge_points.delete(identity)


@get("/charge-points/{identity:str}/messages")
async def list_messages(
    operations: Ops,
    identity: Name,
    span: Page,
    direction: Way = None,
    action: OfAction = None,
) -> Listed[MessageView]:
    """List frames from and to a charge point, newest first.

    With a filter a page may have fewer items than asked for and yet not be the last one.
    """
    return await operations.evidence.messages(
        identity, MessageFilter(direction=direction, action=action), span
    )


@get("/charge-points/{identity:str}/deviations")
async def list_deviations(operations: Ops, identity: Name, span: Page) -> Listed[DeviationView]:
    """List how a charge point breaks the specification, newest kind first."""
    return await operations.evidence.deviations(identity, span)


ROUTES = (
    create_charge_point,
    list_charge_points,
    get_charge_point,
    change_charge_point,
    delete_charge_point,
    list_messages,
    list_deviations,
)
