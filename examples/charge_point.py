"""A charge point in a few lines: it boots and refuses to be reset."""

import asyncio
import sys

from voltyard.protocol.messages import BootNotification, Reset, ResetResponse, ResetStatus
from voltyard.transport import Peer, Role, Router, connect_peer


def reset(peer: Peer, request: Reset) -> ResetResponse:
    return ResetResponse(status=ResetStatus.REJECTED)


async def main(url: str, identity: str, password: str) -> None:
    router = Router[Peer](Role.CHARGE_POINT, {Reset: reset})
    async with connect_peer(url, identity, router, password=password.encode()) as peer:
        answer = await peer.call(BootNotification(charge_point_vendor="Acme", charge_point_model="One"))
        print("registration:", answer.status)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:4]))
