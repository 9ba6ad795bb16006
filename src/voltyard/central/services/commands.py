"""The CALLs that operators ask for: checked, queued durably, sent one at a time, their end recorded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from uuid import uuid4

from msgspec import Struct, json

from voltyard.central.services.aliases import as_known
from voltyard.central.services.authorization import fold
from voltyard.central.services.errors import Conflict, NotFound, Refused, Unacceptable
from voltyard.central.services.events import Event
from voltyard.central.services.origin import Origin
from voltyard.central.services.ports import UnitOfWork
from voltyard.central.services.records import ChargePoint, Command, CommandStatus
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.codec import PayloadDecoder, encode
from voltyard.protocol.errors import InvalidPayload
from voltyard.protocol.masking import AUTHORIZATION_KEY, without_password
from voltyard.protocol.messages import (
    ChangeConfiguration,
    ChargingProfile,
    ChargingProfileKind,
    ChargingProfilePurpose,
    ExtendedMessageTrigger,
    ExtendedTriggerMessage,
    MessageTrigger,
    RegistrationStatus,
    RemoteStartTransaction,
    RemoteStopTransaction,
    SendLocalList,
    SetChargingProfile,
    TriggerMessage,
    UpdateType,
)
from voltyard.protocol.payload import Request


class Ending(Struct, frozen=True):
    """How a command ended."""

    status: CommandStatus
    response: str | None = None
    error_code: str | None = None
    error_description: str | None = None


def read_command(action: str, payload: bytes) -> Request[Any]:
    """Return the request that an operator wants sent; strict, since what we write is always strict."""
    known = ACTIONS.get(action)
    if known is None:
        raise Unacceptable(f"unknown action {action[:64]!r}", field="action")
    if not known.from_central_system:
        raise Unacceptable(f"{action} is sent by charge points, not to them", field="action")
    try:
        request: Request[Any] = PayloadDecoder(known.request).strict(payload)
    except InvalidPayload as error:
        raise Unacceptable(error.description, field=f"payload{error.path.removeprefix('$')}") from error
    check = _CHECKS.get(type(request))
    if check is not None:
        check(request)
    return request


def create_command(
    work: UnitOfWork,
    identity: str,
    request: Request[Any],
    payload: str,
    expire_after_us: int,
    at_us: int,
) -> Command:
    """Queue a command for a charge point, connected or not; `request` was read from the JSON `payload`."""
    charge_point = work.charge_points.find(identity)
    if charge_point is None or charge_point.deleted_at_us is not None:
        raise NotFound(f"no charge point {identity!r}")
    check_allowed(charge_point, request)
    known = as_known(work, charge_point.id, request)
    if known is not request:
        payload = encode(known).decode()
    command = Command(
        id=str(uuid4()),
        charge_point_id=charge_point.id,
        action=request.action,
        payload=payload,
        status=CommandStatus.QUEUED,
        response=None,
        error_code=None,
        error_description=None,
        transaction_id=None,
        created_at_us=at_us,
        expires_at_us=at_us + expire_after_us,
        sent_at_us=None,
        ended_at_us=None,
    )
    work.commands.add(command)
    work.publish(_changed(identity, command.id, command.action, CommandStatus.QUEUED, at_us))
    return command


def check_allowed(charge_point: ChargePoint, request: Request[Any]) -> None:
    """Refuse what must not be sent to a charge point in its present registration (OCPP 1.6 §4.2)."""
    registered = RegistrationStatus(charge_point.registration)
    if registered is RegistrationStatus.REJECTED:
        raise Conflict("the charge point is rejected: nothing is sent to it")
    if registered is RegistrationStatus.PENDING and isinstance(
        request, RemoteStartTransaction | RemoteStopTransaction
    ):
        raise Conflict(f"{request.action} is not allowed while the charge point is pending")
    if (
        charge_point.accepted_at_us is not None
        and isinstance(request, TriggerMessage | ExtendedTriggerMessage)
        and request.requested_message == "BootNotification"
    ):
        raise Conflict("an accepted charge point must not be asked for a BootNotification")
    if isinstance(request, ChangeConfiguration):
        _check_change_allowed(charge_point, request)


def take_next(work: UnitOfWork, origin: Origin, at_us: int) -> Command | None:
    """Take the oldest command that waits, noting that it is being sent.

    What is too old expires, and what must not be sent any more is cancelled.
    """
    while (command := work.commands.next_queued(origin.id)) is not None:
        ending = _ending_unsent(work, command, at_us)
        if ending is None:
            work.commands.set(command.id, status=CommandStatus.SENT, sent_at_us=at_us)
            work.publish(_changed(origin.identity, command.id, command.action, CommandStatus.SENT, at_us))
            return command
        end_command(work, origin, command.id, ending, at_us)
    return None


def end_command(work: UnitOfWork, origin: Origin, id: str, ending: Ending, at_us: int) -> Command | None:
    """Record how a command ended, if it has not ended yet."""
    command = work.commands.get(id)
    if command is None or command.ended_at_us is not None:
        return command
    work.commands.set(
        id,
        status=ending.status,
        response=ending.response,
        error_code=ending.error_code,
        error_description=ending.error_description,
        ended_at_us=at_us,
        payload=visible_payload(command),
    )
    if carries_password(command):
        _settle_password(work, command, ending)
    work.publish(_changed(origin.identity, id, command.action, ending.status, at_us))
    return work.commands.get(id)


def cancel_command(work: UnitOfWork, id: str, at_us: int) -> Command:
    """Take a command back that has not been sent."""
    command = work.commands.get(id)
    if command is None:
        raise NotFound(f"no command {id!r}")
    if command.status != CommandStatus.QUEUED:
        raise Conflict(f"the command is {command.status}, not queued")
    ended = end_command(
        work, _origin(work, command.charge_point_id), id, Ending(CommandStatus.CANCELLED), at_us
    )
    assert ended is not None  # it was there a moment ago, in the same unit of work
    return ended


def end_interrupted(work: UnitOfWork, at_us: int) -> int:
    """Record that nobody knows what became of commands under way when the program ended."""
    commands = work.commands.interrupted()
    for command in commands:
        end_command(
            work, _origin(work, command.charge_point_id), command.id, Ending(CommandStatus.UNKNOWN), at_us
        )
    return len(commands)


def end_expired(work: UnitOfWork, at_us: int) -> int:
    """Record the end of commands that waited too long for their charge point."""
    commands = work.commands.expired(at_us)
    for command in commands:
        end_command(
            work, _origin(work, command.charge_point_id), command.id, Ending(CommandStatus.EXPIRED), at_us
        )
    return len(commands)


def offer_password(work: UnitOfWork, charge_point_id: int, password_hash: str) -> None:
    """Accept a password beside the old one, from before it is sent until its fate is known."""
    work.charge_points.set(charge_point_id, next_password_hash=password_hash)


def carries_password(command: Command) -> bool:
    """Whether the payload of a command holds a secret."""
    if command.action != ChangeConfiguration.action:
        return False
    return bool(json.decode(command.payload)["key"].lower() == AUTHORIZATION_KEY)


def visible_payload(command: Command) -> str:
    """Return the payload of a command as people may see it: without the password (WP A01.FR.09)."""
    return without_password(command.payload.encode()).decode()


def _ending_unsent(work: UnitOfWork, command: Command, at_us: int) -> Ending | None:
    """Return how a queued command ends without being sent, or None if it may be sent."""
    if command.expires_at_us <= at_us:
        return Ending(CommandStatus.EXPIRED)
    charge_point = work.charge_points.get(command.charge_point_id)
    try:
        if charge_point is not None:
            # Its registration may have changed since the operator asked.
            check_allowed(charge_point, read_command(command.action, command.payload.encode()))
    except Refused as refused:
        return Ending(CommandStatus.CANCELLED, error_description=refused.reason)
    return None


def _settle_password(work: UnitOfWork, command: Command, ending: Ending) -> None:
    # Accepted: only the new one from now on (WP A01.FR.03). Refused: the old one stays (A01.FR.04). If no
    # answer came both are taken until a login shows which one the charge point has.
    charge_point = work.charge_points.get(command.charge_point_id)
    if charge_point is None:
        return
    match ending:
        case Ending(status=CommandStatus.ANSWERED, response=str(response)):
            taken = json.decode(response).get("status") in {"Accepted", "RebootRequired"}
            offered = charge_point.next_password_hash
            # An operator may have set a password of his own meanwhile.
            valid = offered if taken and offered is not None else charge_point.password_hash
            work.charge_points.set(charge_point.id, password_hash=valid, next_password_hash=None)
        case Ending(status=CommandStatus.REJECTED):
            work.charge_points.set(charge_point.id, next_password_hash=None)


def _check_change_allowed(charge_point: ChargePoint, request: ChangeConfiguration) -> None:
    match fold(request.key):
        case "securityprofile":
            if request.value.isdecimal() and int(request.value) < charge_point.security_profile:
                # WP A00.FR.005
                raise Conflict("a security profile is never lowered over OCPP", field="payload.value")
        case "authorizationkey":
            if charge_point.next_password_hash is not None:
                # A third one would push out one of the two that it may have, and so lock it out.
                raise Conflict("which of its last two passwords it has shows only when it logs in again")


def _check_configuration(request: ChangeConfiguration) -> None:
    if request.key.lower() == AUTHORIZATION_KEY and not _is_key(request.value):
        raise Unacceptable("AuthorizationKey: expected 32 to 40 hexadecimal digits", field="payload.value")


def _is_key(value: str) -> bool:
    # WP A00.FR.205: 16 to 20 bytes, as hexadecimal digits.
    return 32 <= len(value) <= 40 and len(value) % 2 == 0 and set(value.lower()) <= set("0123456789abcdef")


def _check_trigger(request: TriggerMessage) -> None:
    if request.requested_message not in set(MessageTrigger):
        raise Unacceptable("not a message that can be triggered", field="payload.requestedMessage")


def _check_extended_trigger(request: ExtendedTriggerMessage) -> None:
    if request.requested_message not in set(ExtendedMessageTrigger):
        raise Unacceptable("not a message that can be triggered", field="payload.requestedMessage")


def _check_remote_start(request: RemoteStartTransaction) -> None:
    profile = request.charging_profile
    if profile is None:
        return
    if profile.charging_profile_purpose is not ChargingProfilePurpose.TX_PROFILE:
        raise Unacceptable(
            "only a TxProfile may come with a RemoteStartTransaction",
            field="payload.chargingProfile.chargingProfilePurpose",
        )
    if profile.transaction_id is not None:
        raise Unacceptable(
            "a profile for a transaction to come has no transactionId",
            field="payload.chargingProfile.transactionId",
        )
    _check_profile_kind(profile, "payload.chargingProfile")


def _check_charging_profile(request: SetChargingProfile) -> None:
    profile, field = request.cs_charging_profiles, "payload.csChargingProfiles"
    is_tx = profile.charging_profile_purpose is ChargingProfilePurpose.TX_PROFILE
    if is_tx and profile.transaction_id is None:
        raise Unacceptable("a TxProfile names its transactionId", field=f"{field}.transactionId")
    if not is_tx and profile.transaction_id is not None:
        raise Unacceptable("only a TxProfile has a transactionId", field=f"{field}.transactionId")
    _check_profile_kind(profile, field)


def _check_profile_kind(profile: ChargingProfile, field: str) -> None:
    recurring = profile.charging_profile_kind is ChargingProfileKind.RECURRING
    if recurring != (profile.recurrency_kind is not None):
        raise Unacceptable("recurrencyKind goes with the kind Recurring", field=f"{field}.recurrencyKind")


def _check_local_list(request: SendLocalList) -> None:
    if request.list_version <= 0:
        raise Unacceptable("listVersion must be above 0", field="payload.listVersion")
    entries = request.local_authorization_list or ()
    if len({fold(entry.id_tag) for entry in entries}) != len(entries):
        raise Unacceptable("an idTag occurs twice", field="payload.localAuthorizationList")
    if request.update_type is UpdateType.FULL and any(entry.id_tag_info is None for entry in entries):
        raise Unacceptable(
            "a full list needs an idTagInfo for each idTag", field="payload.localAuthorizationList"
        )


def _changed(identity: str, id: str, action: str, status: CommandStatus, at_us: int) -> Event:
    return Event("command.changed", identity, at_us, {"id": id, "action": action, "status": str(status)})


def _origin(work: UnitOfWork, charge_point_id: int) -> Origin:
    charge_point = work.charge_points.get(charge_point_id)
    return Origin(charge_point_id, "" if charge_point is None else charge_point.identity)


_CHECKS: Mapping[type[Request[Any]], Callable[[Any], None]] = {
    ChangeConfiguration: _check_configuration,
    ExtendedTriggerMessage: _check_extended_trigger,
    RemoteStartTransaction: _check_remote_start,
    SendLocalList: _check_local_list,
    SetChargingProfile: _check_charging_profile,
    TriggerMessage: _check_trigger,
}
