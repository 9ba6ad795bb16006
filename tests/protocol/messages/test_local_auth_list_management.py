"""Updates of the local list, whose contents are for the charge point to judge."""

from __future__ import annotations

from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.messages import GetLocalListVersionResponse, SendLocalList


def test_an_entry_to_delete_and_an_impossible_version_are_read() -> None:
    raw = b'{"listVersion":-1,"updateType":"Full","localAuthorizationList":[{"idTag":"042F"}]}'

    update = PayloadDecoder(SendLocalList).strict(raw)

    assert update.local_authorization_list is not None
    assert update.local_authorization_list[0].id_tag_info is None


def test_a_charge_point_without_a_list_can_say_so() -> None:
    assert PayloadDecoder(GetLocalListVersionResponse).strict(b'{"listVersion":-1}').list_version == -1
