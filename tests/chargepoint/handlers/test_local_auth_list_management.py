"""What a charge point answers about its local list."""

from __future__ import annotations

import pytest
from tests.chargepoint.virtual_time import story
from tests.chargepoint.world import TAG, world

from voltyard.protocol.errors import ErrorCode
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    ChangeConfiguration,
    GetLocalListVersion,
    IdTagInfo,
    SendLocalList,
    UpdateStatus,
    UpdateType,
)
from voltyard.transport.errors import CallRejected

ENTRY = AuthorizationData(id_tag=TAG, id_tag_info=IdTagInfo(status=AuthorizationStatus.ACCEPTED))


@story
async def test_a_list_is_sent_and_its_version_asked_for() -> None:
    """R-141, R-144: of a charge point that is new, with a list, and with one that was cleared."""
    async with world() as w:
        versions = [(await w.central.call(GetLocalListVersion())).list_version]
        for version, entries in ((3, (ENTRY,)), (4, None)):
            answer = await w.central.call(
                SendLocalList(
                    list_version=version, update_type=UpdateType.FULL, local_authorization_list=entries
                )
            )
            assert answer.status is UpdateStatus.ACCEPTED
            versions.append((await w.central.call(GetLocalListVersion())).list_version)

        assert versions == [0, 3, 0]


@story
async def test_a_list_that_is_switched_off_is_not_there() -> None:
    """R-142."""
    async with world() as w:
        await w.central.call(ChangeConfiguration(key="LocalAuthListEnabled", value="false"))

        version = await w.central.call(GetLocalListVersion())
        update = await w.central.call(SendLocalList(list_version=1, update_type=UpdateType.FULL))

        assert version.list_version == -1
        assert update.status is UpdateStatus.NOT_SUPPORTED


@story
async def test_without_the_feature_profile_there_are_no_lists_at_all() -> None:
    """R-142."""
    async with world(SupportedFeatureProfiles="Core") as w:
        with pytest.raises(CallRejected) as rejected:
            await w.central.call(GetLocalListVersion())

        assert rejected.value.code == ErrorCode.NOT_SUPPORTED
