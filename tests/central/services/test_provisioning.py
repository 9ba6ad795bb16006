"""What operators set up: charge points and tags, with the rules that keep them usable."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace
from tests.central.building import NOON_US, SECOND_US, Desk, charge_point, tag

from voltyard.central.services.commands import create_command, read_command
from voltyard.central.services.errors import Conflict, NotFound, Unacceptable
from voltyard.central.services.provisioning import (
    Wish,
    change_charge_point,
    change_tag,
    check_identity,
    create_charge_point,
    create_tag,
    delete_charge_point,
    is_identity,
    put_tag,
    remove_tag,
)
from voltyard.central.services.records import CommandStatus, ConnectorReport
from voltyard.central.storage.schema import commands, connectors
from voltyard.transport.errors import UnusableRequest
from voltyard.transport.handshake import parse_identity

LATER_US = NOON_US + SECOND_US
WISH = Wish(
    identity="CP1",
    password_hash="hash",
    security_profile=1,
    compliance="tolerant",
    registration="Accepted",
    heartbeat_interval_s=None,
    assume_ocpp16=False,
)


def connects(identity: str) -> bool:
    """Whether a connection can name this identity."""
    segment = "".join(f"%{octet:02X}" for octet in identity.encode())
    try:
        return parse_identity(f"/ocpp/{segment}", "/ocpp") == identity
    except UnusableRequest:
        return False


def test_an_identity_has_the_characters_that_a_connection_can_name() -> None:
    for character in [*map(chr, range(256)), "\u20ac", "\U0001f50c"]:
        for identity in (character, f"CP{character}", f"{character}1"):
            assert is_identity(identity) == connects(identity), repr(identity)


@pytest.mark.parametrize(
    ("identity", "verdict"), [("", False), ("a" * 48, True), ("a" * 49, False), ("..", False)]
)
def test_an_identity_has_a_length(identity: str, verdict: bool) -> None:
    assert is_identity(identity) == verdict


def test_a_bad_identity_is_named() -> None:
    with pytest.raises(Unacceptable) as caught:
        check_identity("a/b")

    assert caught.value.field == "identity"


def test_a_new_charge_point_is_stored_as_wished_and_told(desk: Desk) -> None:
    created = desk.do(
        create_charge_point, replace(WISH, heartbeat_interval_s=60, assume_ocpp16=True), NOON_US
    )

    stored = desk.do(lambda work: work.charge_points.find("CP1"))
    assert stored == created
    assert created == charge_point(
        id=created.id, password_hash="hash", security_profile=1, heartbeat_interval_s=60, assume_ocpp16=1
    )
    assert [(event.kind, event.charge_point) for event in desk.events] == [("charge_point.created", "CP1")]


def test_an_identity_is_given_once(desk: Desk) -> None:
    desk.do(create_charge_point, WISH, NOON_US)

    with pytest.raises(Conflict) as caught:
        desk.do(create_charge_point, WISH, NOON_US)

    assert caught.value.field == "identity"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"password_hash": None}, "password"),
        ({"password_hash": None, "security_profile": 2}, "password"),
        ({"identity": "CP:1"}, "identity"),
        ({"identity": "CP/1"}, "identity"),
        ({"security_profile": 4}, "security_profile"),
        ({"security_profile": -1}, "security_profile"),
    ],
)
def test_a_charge_point_that_could_never_log_in_is_refused(
    desk: Desk, changes: dict[str, Any], field: str
) -> None:
    with pytest.raises(Unacceptable) as caught:
        desk.do(create_charge_point, replace(WISH, **changes), NOON_US)

    assert caught.value.field == field
    assert desk.events == []


@pytest.mark.parametrize("profile", [0, 3])
def test_a_profile_without_a_password_takes_any_identity(desk: Desk, profile: int) -> None:
    wish = replace(WISH, identity="CP:1", password_hash=None, security_profile=profile)

    assert desk.do(create_charge_point, wish, NOON_US).security_profile == profile


def test_a_deleted_charge_point_comes_back_as_new_under_its_old_id(desk: Desk) -> None:
    origin = desk.add(
        charge_point(password_hash="old", accepted_at_us=NOON_US, vendor="Acme", boot_notification="{}")
    )
    desk.do(delete_charge_point, "CP1", NOON_US)

    created = desk.do(create_charge_point, WISH, LATER_US)

    assert created == charge_point(
        id=origin.id, password_hash="hash", security_profile=1, created_at_us=LATER_US
    )
    assert desk.charge_point(origin) == created


def test_a_change_touches_what_it_names(desk: Desk) -> None:
    origin = desk.add(charge_point(password_hash="hash", next_password_hash="next", vendor="Acme"))

    changed = desk.do(change_charge_point, "CP1", {"compliance": "strict"}, NOON_US)

    assert changed.after == replace(changed.before, compliance="strict")
    assert desk.charge_point(origin) == changed.after
    assert desk.events[-1].details == {"fields": ["compliance"]}


def test_another_password_ends_an_offer_under_way_and_is_not_told(desk: Desk) -> None:
    origin = desk.add(charge_point(password_hash="hash", next_password_hash="next"))

    desk.do(change_charge_point, "CP1", {"password_hash": "other"}, NOON_US)

    stored = desk.charge_point(origin)
    assert (stored.password_hash, stored.next_password_hash) == ("other", None)
    assert desk.events[-1].details == {"fields": ["password"]}


@pytest.mark.parametrize("registration", ["Pending", "Rejected"])
def test_who_is_accepted_no_more_has_to_boot_again(desk: Desk, registration: str) -> None:
    origin = desk.add(charge_point(accepted_at_us=NOON_US))

    desk.do(change_charge_point, "CP1", {"registration": registration}, LATER_US)

    assert desk.charge_point(origin).accepted_at_us is None


def test_an_acceptance_stays_when_it_is_confirmed(desk: Desk) -> None:
    origin = desk.add(charge_point(accepted_at_us=NOON_US))

    desk.do(change_charge_point, "CP1", {"registration": "Accepted"}, LATER_US)

    assert desk.charge_point(origin).accepted_at_us == NOON_US


def test_the_profile_of_a_charge_point_that_never_booted_can_be_lowered(desk: Desk) -> None:
    origin = desk.add(charge_point(password_hash="hash", security_profile=2))

    desk.do(change_charge_point, "CP1", {"security_profile": 1}, LATER_US)

    assert desk.charge_point(origin).security_profile == 1


@pytest.mark.parametrize("registration", ["Accepted", "Rejected"])
def test_the_profile_of_a_charge_point_that_has_been_here_is_never_lowered(
    desk: Desk, registration: str
) -> None:
    """R-023."""
    origin = desk.add(charge_point(password_hash="hash", security_profile=2, booted_at_us=NOON_US))
    desk.do(change_charge_point, "CP1", {"registration": registration}, LATER_US)

    with pytest.raises(Conflict) as caught:
        desk.do(change_charge_point, "CP1", {"security_profile": 1}, LATER_US)

    assert caught.value.field == "security_profile"
    assert desk.charge_point(origin).security_profile == 2


def test_nothing_to_change_changes_nothing(desk: Desk) -> None:
    desk.add(charge_point())

    changed = desk.do(change_charge_point, "CP1", {}, LATER_US)

    assert changed.before == changed.after
    assert desk.events == []


def test_a_deletion_takes_credentials_commands_and_connectors_away(desk: Desk) -> None:
    origin = desk.add(charge_point(password_hash="hash", next_password_hash="next"))
    clear = read_command("ClearCache", b"{}")
    for _ in range(3):
        desk.do(create_command, "CP1", clear, "{}", SECOND_US, NOON_US)
    desk.do(
        lambda work: work.connectors.report(
            ConnectorReport(origin.id, 1, "Available", "NoError", None, None, None, NOON_US, NOON_US)
        )
    )

    desk.do(delete_charge_point, "CP1", LATER_US)

    stored = desk.charge_point(origin)
    assert (stored.deleted_at_us, stored.password_hash, stored.next_password_hash) == (LATER_US, None, None)
    assert {row.status for row in desk.rows(commands)} == {CommandStatus.CANCELLED}
    assert desk.rows(connectors) == []
    assert desk.kinds()[-1] == "charge_point.deleted"


@pytest.mark.parametrize("identity", ["gone", "nobody"])
def test_what_is_not_there_is_neither_changed_nor_deleted(desk: Desk, identity: str) -> None:
    desk.add(charge_point("gone", deleted_at_us=NOON_US))

    with pytest.raises(NotFound):
        desk.do(change_charge_point, identity, {"compliance": "strict"}, LATER_US)
    with pytest.raises(NotFound):
        desk.do(delete_charge_point, identity, LATER_US)


def test_a_tag_is_created_once_whatever_its_case(desk: Desk) -> None:
    created = desk.do(create_tag, tag("Abc", id_tag_key="", created_at_us=0), NOON_US)

    with pytest.raises(Conflict) as caught:
        desk.do(create_tag, tag("aBC"), LATER_US)

    assert created == tag("Abc")
    assert caught.value.field == "id_tag"
    assert [event.kind for event in desk.events] == ["id_tag.changed"]


def test_a_tag_that_is_put_again_keeps_its_name_and_its_age(desk: Desk) -> None:
    desk.do(put_tag, tag("Abc"), NOON_US)

    stored = desk.do(put_tag, tag("ABC", status="Blocked"), LATER_US)

    assert stored == tag("Abc", status="Blocked")
    assert desk.do(lambda work: work.id_tags.get("abc")) == stored


def test_a_tag_is_changed_and_removed(desk: Desk) -> None:
    desk.add(tag("Abc", parent_id_tag="GROUP"))

    changed = desk.do(change_tag, "ABC", {"status": "Blocked"}, LATER_US)
    desk.do(remove_tag, "abc", LATER_US)

    assert changed == tag("Abc", parent_id_tag="GROUP", status="Blocked")
    assert desk.do(lambda work: work.id_tags.get("Abc")) is None
    assert desk.kinds() == ["id_tag.changed", "id_tag.removed"]


def test_a_tag_that_is_not_there_is_neither_changed_nor_removed(desk: Desk) -> None:
    with pytest.raises(NotFound):
        desk.do(change_tag, "Abc", {"status": "Blocked"}, NOON_US)
    with pytest.raises(NotFound):
        desk.do(remove_tag, "Abc", NOON_US)
