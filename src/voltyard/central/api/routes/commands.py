"""Commands to charge points."""

from __future__ import annotations

from typing import Annotated, Any

from litestar import get, post
from litestar.params import JSONBody
from msgspec import Meta, Raw, Struct, field, json

from voltyard.central.api.requests import ApiRequest
from voltyard.central.api.routes.parameters import Name, Ops, Page, Wait
from voltyard.central.operations.cursors import Listed
from voltyard.central.operations.views import CommandView


class NewCommand(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A CALL to be sent: as soon as the charge point is connected and has answered the one before."""

    action: Annotated[
        str,
        Meta(
            max_length=64,
            description="Any action that a central system initiates.",
            examples=["TriggerMessage"],
        ),
    ]
    payload: Annotated[
        dict[str, Any],
        Meta(description="As OCPP 1.6 has it.", examples=[{"requestedMessage": "Heartbeat"}]),
    ] = field(default_factory=dict)
    expire_after_s: (
        Annotated[
            int,
            Meta(
                ge=1,
                le=31_536_000,
                description="How long it may wait to be sent; null means the setting of the server.",
            ),
        ]
        | None
    ) = None


class _Sent(Struct):
    payload: Raw = Raw(b"{}")


@post("/charge-points/{identity:str}/commands")
async def create_command(
    operations: Ops, identity: Name, data: JSONBody[NewCommand], request: ApiRequest, wait: Wait = 0
) -> CommandView:
    """Send a CALL to a charge point.

    It is stored and sent when its turn comes, also to a charge point that is offline now. The payload is
    checked strictly against OCPP 1.6 and sent as it is.
    """
    # As sent: in between, 8.1 would become a binary fraction.
    payload = bytes(json.decode(await request.body(), type=_Sent).payload)
    return await operations.commands.create(
        identity, data.action, payload, expire_after_s=data.expire_after_s, wait_s=wait
    )


@get("/charge-points/{identity:str}/commands")
async def list_commands(operations: Ops, identity: Name, span: Page) -> Listed[CommandView]:
    """List the commands to a charge point, newest first."""
    return await operations.commands.page(identity, span)


@get("/commands/{id:str}")
async def get_command(operations: Ops, id: Name, wait: Wait = 0) -> CommandView:
    """Get a command."""
    return await operations.commands.get(id, wait_s=wait)


@post("/commands/{id:str}/cancel", status_code=200)
async def cancel_command(operations: Ops, id: Name) -> CommandView:
    """Cancel a command that has not been sent."""
    return await operations.commands.cancel(id)


ROUTES = (create_command, list_commands, get_command, cancel_command)
