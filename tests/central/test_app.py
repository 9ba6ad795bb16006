"""The central system as a whole, used by the program around it."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest
from tests import aio

from voltyard.central.app import CentralSystem
from voltyard.central.operations.requests import NewChargePoint
from voltyard.central.services.origin import Origin
from voltyard.central.settings import ApiSettings, OcppSettings, Settings
from voltyard.central.storage.errors import DatabaseLocked
from voltyard.protocol.messages import (
    BootNotification,
    DataTransfer,
    DataTransferResponse,
    DataTransferStatus,
)
from voltyard.transport import Peer, Role, Router, connect_peer

pytestmark = pytest.mark.integration


def settings(directory: Path, *, api_port: int = 0) -> Settings:
    return Settings(
        data_dir=directory,
        ocpp=OcppSettings(port=0, allow_unauthenticated=True),
        api=ApiSettings(port=api_port),
    )


def welcome(origin: Origin, request: DataTransfer) -> DataTransferResponse:
    return DataTransferResponse(
        status=DataTransferStatus.ACCEPTED, data=f"{origin.identity}: {request.message_id}"
    )


def test_vendor_handler_answers_its_data_transfers_and_others_are_unknown(tmp_path: Path) -> None:
    """R-291."""

    async def story() -> None:
        async with CentralSystem(settings(tmp_path), vendors={"org.acme": welcome}) as central:
            await central.operations.charge_points.create(NewChargePoint(identity="CP1", security_profile=0))
            router = Router[Peer](Role.CHARGE_POINT, {})
            async with connect_peer(central.ocpp_url, "CP1", router) as peer:
                await peer.call(BootNotification(charge_point_vendor="Acme", charge_point_model="One"))

                known = await peer.call(DataTransfer(vendor_id="org.acme", message_id="hello"))
                unknown = await peer.call(DataTransfer(vendor_id="org.other"))

        assert (known.status, known.data) == (DataTransferStatus.ACCEPTED, "CP1: hello")
        assert (unknown.status, unknown.data) == (DataTransferStatus.UNKNOWN_VENDOR_ID, None)

    aio.run(story())


def test_first_start_makes_a_key_and_later_ones_do_not(tmp_path: Path) -> None:
    async def story() -> None:
        async with CentralSystem(settings(tmp_path)) as first:
            assert first.first_api_key is not None
            assert first.first_api_key.startswith("vy_")
        async with CentralSystem(settings(tmp_path)) as second:
            assert second.first_api_key is None

    aio.run(story())


def test_second_central_system_on_the_same_database_is_refused(tmp_path: Path) -> None:
    async def story() -> None:
        async with CentralSystem(settings(tmp_path)):
            with pytest.raises(DatabaseLocked):
                await CentralSystem(settings(tmp_path)).__aenter__()

    aio.run(story())


def test_start_that_fails_leaves_nothing_running(tmp_path: Path) -> None:
    async def story() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            with pytest.raises(OSError, match="in use"):
                await CentralSystem(settings(tmp_path, api_port=taken.getsockname()[1])).__aenter__()
        async with CentralSystem(settings(tmp_path)):
            await asyncio.sleep(0)

    aio.run(story())
