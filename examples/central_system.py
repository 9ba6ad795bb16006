"""A central system in a few lines: it accepts charge points that know their password."""

import asyncio
from datetime import UTC, datetime

from voltyard.protocol.messages import BootNotification, BootNotificationResponse, RegistrationStatus
from voltyard.transport import Peer, Role, Router, serve_peers


def booted(peer: Peer, boot: BootNotification) -> BootNotificationResponse:
    print("booted:", boot.charge_point_vendor, boot.charge_point_model, flush=True)
    accepted = RegistrationStatus.ACCEPTED
    return BootNotificationResponse(status=accepted, current_time=datetime.now(UTC), interval=300)


async def main(port: int = 9000) -> None:
    router = Router[Peer](Role.CENTRAL_SYSTEM, {BootNotification: booted})
    passwords = {"CP1": b"a long enough secret"}
    async with await serve_peers(router, "127.0.0.1", port, passwords=passwords) as listener:
        print(f"listening on ws://127.0.0.1:{listener.port}/ocpp", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main())
