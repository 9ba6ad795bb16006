"""Commands: checked, queued, taken one by one, and every end that they can have."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import json
from tests.central.building import MINUTE_US, NOON_US, Desk, charge_point

from voltyard.central.services.commands import (
    Ending,
    cancel_command,
    carries_password,
    create_command,
    end_command,
    end_expired,
    end_interrupted,
    offer_password,
    read_command,
    take_next,
    visible_payload,
)
from voltyard.central.services.errors import Conflict, NotFound, Unacceptable
from voltyard.central.services.origin import Origin
from voltyard.central.services.provisioning import change_charge_point
from voltyard.central.services.records import Command, CommandStatus
from voltyard.central.storage.schema import commands
from voltyard.protocol.actions import ACTIONS

KEY = "0123456789abcdef0123456789abcdef01234567"
ROTATION = json.encode({"key": "AuthorizationKey", "value": KEY}).decode()
RESET = '{"type":"Soft"}'


def ask(
    desk: Desk,
    action: str = "Reset",
    payload: str = RESET,
    *,
    identity: str = "CP1",
    expire_after_us: int = 60 * MINUTE_US,
    at_us: int = NOON_US,
) -> Command:
    """Queue a command as the API does."""
    request = read_command(action, payload.encode())
    command: Command = desk.do(create_command, identity, request, payload, expire_after_us, at_us)
    return command


def get(desk: Desk, id: str) -> Command:
    command: Command | None = desk.do(lambda work: work.commands.get(id))
    assert command is not None
    return command


def statuses(desk: Desk) -> list[str]:
    return [event.details["status"] for event in desk.events if event.kind == "command.changed"]


# What may be asked for.


def test_every_action_of_the_central_system_may_be_asked_for_and_no_other() -> None:
    for action in ACTIONS.values():
        if action.from_central_system:
            with pytest.raises(Unacceptable) as caught:
                read_command(action.name, b'{"nonsense":1}')
            assert caught.value.field is not None
            assert caught.value.field.startswith("payload")
        else:
            with pytest.raises(Unacceptable, match="is sent by charge points"):
                read_command(action.name, b"{}")
    with pytest.raises(Unacceptable, match="unknown action 'reset'") as caught:
        read_command("reset", b"{}")
    assert caught.value.field == "action"


@pytest.mark.parametrize(
    ("action", "payload", "field", "reason"),
    [
        ("Reset", {"type": "Warm"}, "payload.type", "is no ResetType"),
        ("Reset", {}, "payload.type", "missing"),
        ("Reset", {"type": "Soft", "a": 1}, "payload.a", "no such field"),
        ("UnlockConnector", {"connectorId": 0}, "payload.connectorId", "not from 1"),
        ("TriggerMessage", {"requestedMessage": "Authorize"}, "payload.requestedMessage", "be triggered"),
        ("ExtendedTriggerMessage", {"requestedMessage": "x"}, "payload.requestedMessage", "be triggered"),
        #
        ("SendLocalList", {"listVersion": 0, "updateType": "Full"}, "payload.listVersion", "above 0"),
        ("SendLocalList", {"listVersion": -1, "updateType": "Full"}, "payload.listVersion", "above 0"),
        (
            "SendLocalList",
            {
                "listVersion": 1,
                "updateType": "Differential",
                "localAuthorizationList": [{"idTag": "a"}, {"idTag": "A"}],
            },
            "payload.localAuthorizationList",
            "occurs twice",
        ),
        (
            "SendLocalList",
            {"listVersion": 1, "updateType": "Full", "localAuthorizationList": [{"idTag": "a"}]},
            "payload.localAuthorizationList",
            "needs an idTagInfo",
        ),
        (
            "ChangeConfiguration",
            {"key": "AuthorizationKey", "value": "short"},
            "payload.value",
            "hexadecimal",
        ),
        (
            "ChangeConfiguration",
            {"key": "AUTHORIZATIONKEY", "value": "x" * 40},
            "payload.value",
            "hexadecimal",
        ),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "ab" * 21}, "payload.value", "32 to 40"),
        ("ChangeConfiguration", {"key": "AuthorizationKey", "value": "a" * 33}, "payload.value", "32 to 40"),
    ],
)
def test_what_must_never_be_sent_cannot_be_asked_for(
    action: str, payload: dict[str, Any], field: str, reason: str
) -> None:
    """What we write is always strict."""
    with pytest.raises(Unacceptable, match=reason) as caught:
        read_command(action, json.encode(payload))

    assert caught.value.field == field


def profile(purpose: str, kind: str = "Relative", **fields: object) -> dict[str, object]:
    schedule = {"chargingRateUnit": "A", "chargingSchedulePeriod": [{"startPeriod": 0, "limit": 8.1}]}
    return {
        "chargingProfileId": 1,
        "stackLevel": 0,
        "chargingProfilePurpose": purpose,
        "chargingProfileKind": kind,
        "chargingSchedule": schedule,
        **fields,
    }


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (profile("TxProfile"), None),
        (profile("TxProfile", "Recurring", recurrencyKind="Daily"), None),
        (profile("TxProfile", validFrom="2024-01-01T00:00:00Z", validTo="2025-01-01T00:00:00Z"), None),
        (profile("TxDefaultProfile"), "chargingProfilePurpose"),
        (profile("ChargePointMaxProfile"), "chargingProfilePurpose"),
        (profile("TxProfile", transactionId=5), "transactionId"),
        (profile("TxProfile", "Recurring"), "recurrencyKind"),
        (profile("TxProfile", recurrencyKind="Daily"), "recurrencyKind"),
    ],
)
def test_a_remote_start_brings_a_profile_for_a_transaction_to_come(
    given: dict[str, object], field: str | None
) -> None:
    """R-265, R-369, R-370."""
    payload = json.encode({"idTag": "x", "chargingProfile": given})
    if field is None:
        read_command("RemoteStartTransaction", payload)
        return
    with pytest.raises(Unacceptable) as caught:
        read_command("RemoteStartTransaction", payload)

    assert caught.value.field == f"payload.chargingProfile.{field}"


@pytest.mark.parametrize(
    ("given", "field"),
    [
        (profile("TxProfile", transactionId=5), None),
        (profile("TxDefaultProfile"), None),
        (profile("TxProfile"), "transactionId"),
        (profile("TxDefaultProfile", transactionId=5), "transactionId"),
        (profile("TxDefaultProfile", recurrencyKind="Weekly"), "recurrencyKind"),
    ],
)
def test_a_profile_names_a_transaction_if_and_only_if_it_is_for_one(
    given: dict[str, object], field: str | None
) -> None:
    """R-368, R-370."""
    payload = json.encode({"connectorId": 1, "csChargingProfiles": given})
    if field is None:
        read_command("SetChargingProfile", payload)
        return
    with pytest.raises(Unacceptable) as caught:
        read_command("SetChargingProfile", payload)

    assert caught.value.field == f"payload.csChargingProfiles.{field}"


@pytest.mark.parametrize(
    ("record", "action", "payload", "reason"),
    [
        ({"registration": "Rejected"}, "Reset", RESET, "rejected"),
        ({"registration": "Rejected"}, "TriggerMessage", '{"requestedMessage":"Heartbeat"}', "rejected"),
        ({"registration": "Pending"}, "RemoteStartTransaction", '{"idTag":"x"}', "pending"),
        ({"registration": "Pending"}, "RemoteStopTransaction", '{"transactionId":1}', "pending"),
        ({"registration": "Pending"}, "GetConfiguration", "{}", None),
        ({"registration": "Pending"}, "TriggerMessage", '{"requestedMessage":"BootNotification"}', None),
        ({}, "TriggerMessage", '{"requestedMessage":"BootNotification"}', None),
        ({"accepted_at_us": 5}, "TriggerMessage", '{"requestedMessage":"BootNotification"}', "accepted"),
        (
            {"accepted_at_us": 5},
            "ExtendedTriggerMessage",
            '{"requestedMessage":"BootNotification"}',
            "accepted",
        ),
        ({"accepted_at_us": 5}, "TriggerMessage", '{"requestedMessage":"Heartbeat"}', None),
        (
            {"security_profile": 2},
            "ChangeConfiguration",
            '{"key":"SecurityProfile","value":"1"}',
            "never lowered",
        ),
        (
            {"security_profile": 2},
            "ChangeConfiguration",
            '{"key":"securityprofile","value":"1"}',
            "never lowered",
        ),
        ({"security_profile": 1}, "ChangeConfiguration", '{"key":"SecurityProfile","value":"2"}', None),
        ({"security_profile": 1}, "ChangeConfiguration", '{"key":"SecurityProfile","value":"x"}', None),
    ],
)
def test_what_a_charge_point_must_not_be_sent_now_is_refused(
    record: dict[str, Any], action: str, payload: str, reason: str | None, desk: Desk
) -> None:
    """R-022, R-090, R-099, R-100, R-105."""
    desk.add(charge_point(**record))
    if reason is None:
        assert ask(desk, action, payload).status == CommandStatus.QUEUED
        return
    with pytest.raises(Conflict, match=reason):
        ask(desk, action, payload)

    assert desk.rows(commands) == []


@pytest.mark.parametrize("record", [None, {"deleted_at_us": 5}])
def test_nobody_can_be_asked_who_is_not_there(record: dict[str, Any] | None, desk: Desk) -> None:
    if record is not None:
        desk.add(charge_point(**record))

    with pytest.raises(NotFound, match="'CP1'"):
        ask(desk)


# One at a time, oldest first.


def test_commands_are_taken_in_the_order_in_which_they_were_asked_for(desk: Desk) -> None:
    origin, other = desk.add(charge_point()), desk.add(charge_point("CP2"))
    asked = [ask(desk, at_us=NOON_US + number) for number in range(3)]
    ask(desk, identity="CP2")

    taken = [desk.do(take_next, origin, NOON_US + 10) for _ in range(4)]

    assert [command and command.id for command in taken] == [*(command.id for command in asked), None]
    assert [get(desk, command.id).status for command in asked] == [CommandStatus.SENT] * 3
    assert [get(desk, command.id).sent_at_us for command in asked] == [NOON_US + 10] * 3
    assert desk.do(take_next, other, NOON_US) is not None
    assert statuses(desk) == ["queued"] * 4 + ["sent"] * 4


def test_what_is_too_old_expires_instead_of_being_taken(desk: Desk) -> None:
    origin = desk.add(charge_point())
    old = ask(desk, expire_after_us=10)
    young = ask(desk, expire_after_us=10, at_us=NOON_US + 1)

    taken = desk.do(take_next, origin, NOON_US + 10)

    assert taken is not None
    assert taken.id == young.id
    assert (get(desk, old.id).status, get(desk, old.id).ended_at_us) == ("expired", NOON_US + 10)


@pytest.mark.parametrize(
    ("action", "payload", "change"),
    [
        ("RemoteStartTransaction", '{"idTag":"x"}', {"registration": "Pending"}),
        ("Reset", RESET, {"registration": "Rejected"}),
        ("TriggerMessage", '{"requestedMessage":"BootNotification"}', {"accepted_at_us": 5}),
        ("ChangeConfiguration", '{"key":"SecurityProfile","value":"1"}', {"security_profile": 2}),
    ],
)
def test_what_must_not_be_sent_any_more_when_its_turn_comes_is_cancelled(
    action: str, payload: str, change: dict[str, Any], desk: Desk
) -> None:
    """R-099, R-100, R-105: it may have waited while the operator changed his mind, or for the first boot."""
    origin = desk.add(charge_point())
    command = ask(desk, action, payload)
    desk.do(lambda work: work.charge_points.set(origin.id, **change))

    assert desk.do(take_next, origin, NOON_US) is None

    ended = get(desk, command.id)
    assert (ended.status, ended.ended_at_us) == ("cancelled", NOON_US)
    assert ended.error_description


# Every end.


@pytest.mark.parametrize(
    "ending",
    [
        Ending(CommandStatus.ANSWERED, response='{"status":"Accepted"}'),
        Ending(CommandStatus.REJECTED, error_code="NotSupported", error_description="no"),
        Ending(CommandStatus.INVALID, response="[]", error_description="$: not an object"),
        Ending(CommandStatus.TIMED_OUT),
        Ending(CommandStatus.UNKNOWN),
    ],
)
def test_the_first_end_of_a_command_counts(ending: Ending, desk: Desk) -> None:
    origin = desk.add(charge_point())
    command = ask(desk)
    desk.do(take_next, origin, NOON_US + 1)

    desk.do(end_command, origin, command.id, ending, NOON_US + 2)
    desk.do(end_command, origin, command.id, Ending(CommandStatus.UNKNOWN), NOON_US + 3)

    ended = get(desk, command.id)
    assert Ending(ended.status, ended.response, ended.error_code, ended.error_description) == ending  # type: ignore[arg-type]  # a record has a plain string
    assert (ended.created_at_us, ended.sent_at_us, ended.ended_at_us) == (NOON_US, NOON_US + 1, NOON_US + 2)
    assert statuses(desk) == ["queued", "sent", ending.status]


def test_whatever_a_charge_point_says_of_an_error_can_be_stored(desk: Desk) -> None:
    origin = desk.add(charge_point())
    command = ask(desk)
    ending = Ending(CommandStatus.REJECTED, error_code="\x00", error_description="\x00é😀" * 80)

    desk.do(end_command, origin, command.id, ending, NOON_US)

    assert get(desk, command.id).error_code == "\ufffd"


def test_the_end_of_an_unknown_command_is_nothing(desk: Desk) -> None:
    origin = desk.add(charge_point())

    assert desk.do(end_command, origin, "nobody", Ending(CommandStatus.UNKNOWN), NOON_US) is None


def test_a_command_can_be_cancelled_until_it_is_sent(desk: Desk) -> None:
    origin = desk.add(charge_point())
    first, second = ask(desk), ask(desk, at_us=NOON_US + 1)
    desk.do(take_next, origin, NOON_US)

    cancelled = desk.do(cancel_command, second.id, NOON_US + 5)

    assert (cancelled.status, cancelled.ended_at_us) == ("cancelled", NOON_US + 5)
    for id in (first.id, second.id):
        with pytest.raises(Conflict, match="not queued"):
            desk.do(cancel_command, id, NOON_US)
    with pytest.raises(NotFound):
        desk.do(cancel_command, "nobody", NOON_US)


def test_nobody_knows_what_became_of_commands_under_way_when_the_program_ended(desk: Desk) -> None:
    origin = desk.add(charge_point())
    sent, queued = ask(desk), ask(desk, at_us=NOON_US + 1)
    desk.do(take_next, origin, NOON_US)

    desk.restart()

    assert desk.do(end_interrupted, NOON_US + 9) == 1
    assert (get(desk, sent.id).status, get(desk, sent.id).ended_at_us) == ("unknown", NOON_US + 9)
    assert get(desk, queued.id).status == CommandStatus.QUEUED
    assert desk.do(end_interrupted, NOON_US + 9) == 0


def test_commands_expire_for_charge_points_that_stay_away(desk: Desk) -> None:
    origin = desk.add(charge_point())
    old = [ask(desk, expire_after_us=10) for _ in range(2)]
    young = ask(desk, expire_after_us=11)
    sent = ask(desk, expire_after_us=1, at_us=NOON_US - 5)
    taken = desk.do(take_next, origin, NOON_US - 5)
    assert taken is not None
    assert taken.id == sent.id

    assert desk.do(end_expired, NOON_US + 10) == 2

    assert {get(desk, command.id).status for command in old} == {"expired"}
    assert get(desk, young.id).status == CommandStatus.QUEUED
    assert get(desk, sent.id).status == CommandStatus.SENT


# The AuthorizationKey.


def rotate(desk: Desk, origin: Origin, ending: Ending | None) -> Command:
    """Send a new password and end that; the hash of the old one is "old"."""
    command = ask(desk, "ChangeConfiguration", ROTATION)
    taken = desk.do(take_next, origin, NOON_US)
    assert taken is not None
    assert KEY in taken.payload
    desk.do(offer_password, origin.id, "new")
    if ending is not None:
        desk.do(end_command, origin, command.id, ending, NOON_US)
    return get(desk, command.id)


ACCEPTED = Ending(CommandStatus.ANSWERED, response='{"status":"Accepted"}')


@pytest.mark.parametrize(
    ("ending", "valid"),
    [
        (None, {"old", "new"}),
        (ACCEPTED, {"new"}),
        (Ending(CommandStatus.ANSWERED, response='{"status":"RebootRequired"}'), {"new"}),
        (Ending(CommandStatus.ANSWERED, response='{"status":"Rejected"}'), {"old"}),
        (Ending(CommandStatus.ANSWERED, response='{"status":"NotSupported"}'), {"old"}),
        (Ending(CommandStatus.REJECTED, error_code="NotSupported"), {"old"}),
        (Ending(CommandStatus.INVALID, response="[]"), {"old", "new"}),
        (Ending(CommandStatus.TIMED_OUT), {"old", "new"}),
        (Ending(CommandStatus.UNKNOWN), {"old", "new"}),
    ],
)
def test_which_passwords_are_valid_depends_on_what_the_charge_point_said(
    ending: Ending | None, valid: set[str], desk: Desk
) -> None:
    """R-306, R-307: while its fate is not known both are."""
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))

    rotate(desk, origin, ending)

    record = desk.charge_point(origin)
    assert {record.password_hash, record.next_password_hash} - {None} == valid


@pytest.mark.parametrize("end", ["cancelled", "expired"])
def test_a_rotation_that_was_never_sent_does_not_settle_the_one_before(end: str, desk: Desk) -> None:
    """The charge point may have either password of the first; forgetting one would lock it out."""
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))
    second = ask(desk, "ChangeConfiguration", ROTATION, expire_after_us=5, at_us=NOON_US + 1)
    rotate(desk, origin, Ending(CommandStatus.TIMED_OUT))

    if end == "cancelled":
        desk.do(cancel_command, second.id, NOON_US)
    else:
        desk.do(end_expired, NOON_US + 6)

    record = desk.charge_point(origin)
    assert (record.password_hash, record.next_password_hash) == ("old", "new")


def test_no_third_password_is_offered_while_it_is_not_known_which_of_two_is_valid(desk: Desk) -> None:
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))
    waiting = ask(desk, "ChangeConfiguration", ROTATION, at_us=NOON_US + 1)
    rotate(desk, origin, Ending(CommandStatus.UNKNOWN))

    with pytest.raises(Conflict, match="logs in again"):
        ask(desk, "ChangeConfiguration", ROTATION)
    assert desk.do(take_next, origin, NOON_US) is None

    assert get(desk, waiting.id).status == "cancelled"
    assert desk.charge_point(origin).next_password_hash == "new"
    assert ask(desk, "ChangeConfiguration", '{"key":"HeartbeatInterval","value":"5"}').status == "queued"


def test_a_password_that_the_operator_has_set_meanwhile_stays(desk: Desk) -> None:
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))
    command = rotate(desk, origin, None)
    desk.do(change_charge_point, "CP1", {"password_hash": "set by hand"}, NOON_US)

    desk.do(end_command, origin, command.id, ACCEPTED, NOON_US)

    record = desk.charge_point(origin)
    assert (record.password_hash, record.next_password_hash) == ("set by hand", None)


def test_a_restart_in_the_middle_of_a_rotation_leaves_both_valid(desk: Desk) -> None:
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))
    command = rotate(desk, origin, None)

    desk.restart()
    desk.do(end_interrupted, NOON_US)

    record = desk.charge_point(origin)
    assert {record.password_hash, record.next_password_hash} == {"old", "new"}
    assert KEY not in get(desk, command.id).payload


@pytest.mark.parametrize(
    "ending",
    [
        ACCEPTED,
        Ending(CommandStatus.REJECTED),
        Ending(CommandStatus.TIMED_OUT),
        Ending(CommandStatus.UNKNOWN),
        Ending(CommandStatus.INVALID),
    ],
)
@pytest.mark.parametrize("name", ["AuthorizationKey", "AUTHORIZATIONKEY"])
def test_the_password_does_not_outlive_its_command(ending: Ending, name: str, desk: Desk) -> None:
    """R-016 (WP A01.FR.09)."""
    origin = desk.add(charge_point(security_profile=1, password_hash="old"))
    payload = json.encode({"value": KEY, "key": name}).decode()
    command = ask(desk, "ChangeConfiguration", payload)
    desk.do(take_next, origin, NOON_US)

    shown_before = visible_payload(get(desk, command.id))
    desk.do(end_command, origin, command.id, ending, NOON_US)

    stored = get(desk, command.id)
    assert KEY not in shown_before
    assert KEY not in stored.payload
    assert json.decode(stored.payload) == {"key": name, "value": "***"}
    assert KEY not in str(desk.events)


@pytest.mark.parametrize("end", [cancel_command, None])
def test_nor_one_that_was_never_sent(end: Any, desk: Desk) -> None:
    desk.add(charge_point(security_profile=1, password_hash="old"))
    command = ask(desk, "ChangeConfiguration", ROTATION, expire_after_us=0)

    if end is None:
        desk.do(end_expired, NOON_US)
    else:
        desk.do(end, command.id, NOON_US)

    assert KEY not in get(desk, command.id).payload


def test_only_a_change_of_the_key_carries_a_password(desk: Desk) -> None:
    desk.add(charge_point())

    carried = [
        carries_password(ask(desk, action, payload))
        for action, payload in [
            ("ChangeConfiguration", ROTATION),
            ("ChangeConfiguration", '{"key":"HeartbeatInterval","value":"300"}'),
            ("GetConfiguration", '{"key":["AuthorizationKey"]}'),
            ("Reset", RESET),
        ]
    ]

    assert carried == [True, False, False, False]
