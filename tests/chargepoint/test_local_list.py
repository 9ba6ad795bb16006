"""The local authorization list (reference A.18, A.29, C.7)."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.chargepoint.virtual_time import BEGINNING, story
from tests.chargepoint.world import TAG, world

from voltyard.chargepoint.authorization import Cache
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.keys import Equipment, table_of
from voltyard.chargepoint.local_list import LocalList
from voltyard.chargepoint.store import Change, MemoryStore, SqliteStore, Store
from voltyard.protocol.codec import encode
from voltyard.protocol.messages import (
    AuthorizationData,
    AuthorizationStatus,
    GetLocalListVersion,
    IdTagInfo,
    Measurand,
    SendLocalList,
    UpdateStatus,
    UpdateType,
)
from voltyard.transport.websocket import DEFAULT_LIMITS

FULL, DIFFERENTIAL = UpdateType.FULL, UpdateType.DIFFERENTIAL
DONE, FAILED, MISMATCH = UpdateStatus.ACCEPTED, UpdateStatus.FAILED, UpdateStatus.VERSION_MISMATCH
ACCEPTED = IdTagInfo(status=AuthorizationStatus.ACCEPTED)
BLOCKED = IdTagInfo(status=AuthorizationStatus.BLOCKED)
EQUIPMENT = Equipment(
    connectors=1, measurands=frozenset({Measurand.ENERGY_ACTIVE_IMPORT_REGISTER}), has_fixed_cables=False
)


class CountingStore(MemoryStore):
    """Remembers what was written, and loses the power when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.has_power = True

    def commit(self, *changes: Change) -> None:
        if not self.has_power:
            raise OSError("no power")
        self.written += [change.key for change in changes]
        super().commit(*changes)


def open_list(store: Store | None = None, **settings: str) -> LocalList:
    store = store or MemoryStore()
    return LocalList(store, Cache(store), Configuration(store, table_of(EQUIPMENT, settings)))


def entry(id_tag: str, info: IdTagInfo | None = ACCEPTED) -> AuthorizationData:
    return AuthorizationData(id_tag=id_tag, id_tag_info=info)


def send(local_list: LocalList, type: UpdateType, version: int, *entries: AuthorizationData) -> UpdateStatus:
    return local_list.update(
        SendLocalList(list_version=version, update_type=type, local_authorization_list=entries)
    )


def status(local_list: LocalList, id_tag: str) -> AuthorizationStatus | None:
    info = local_list.find(id_tag, BEGINNING)
    return None if info is None else info.status


def test_a_list_that_was_never_sent_is_empty() -> None:
    """R-141."""
    local_list = open_list()

    assert (local_list.version, len(local_list)) == (0, 0)
    assert local_list.find("A", BEGINNING) is None


def test_a_full_list_replaces_the_former_one() -> None:
    """R-143."""
    local_list = open_list()
    assert send(local_list, FULL, 7, entry("A"), entry("C")) is DONE

    assert send(local_list, FULL, 8, entry("B"), entry("c", BLOCKED)) is DONE

    assert [status(local_list, each) for each in "abc"] == [None, "Accepted", "Blocked"]
    assert (local_list.version, len(local_list)) == (8, 2)


def test_a_full_list_may_have_a_lower_version() -> None:
    """Z14."""
    local_list = open_list()
    send(local_list, FULL, 7, entry("A"))

    assert send(local_list, FULL, 2, entry("A")) is DONE

    assert local_list.version == 2


@pytest.mark.parametrize("entries", [(), None])
def test_a_full_list_of_nothing_clears(entries: tuple[AuthorizationData, ...] | None) -> None:
    """R-144, Z13: the version is 0 then, and what comes later is compared with that."""
    local_list = open_list()
    send(local_list, FULL, 3, entry("A"))
    request = SendLocalList(list_version=5, update_type=FULL, local_authorization_list=entries)

    assert local_list.update(request) is DONE

    assert (local_list.version, len(local_list)) == (0, 0)
    assert send(local_list, DIFFERENTIAL, 1, entry("B")) is DONE
    assert local_list.version == 1


def test_a_list_whose_last_entry_is_deleted_is_empty_too() -> None:
    local_list = open_list()
    send(local_list, FULL, 3, entry("A"))

    assert send(local_list, DIFFERENTIAL, 4, entry("a", None)) is DONE

    assert local_list.version == 0


@pytest.mark.parametrize("version", [5, 4, 0, -1, -7])
def test_changes_to_an_older_list_change_nothing(version: int) -> None:
    """R-145."""
    local_list = open_list()
    send(local_list, FULL, 5, entry("A"))

    assert send(local_list, DIFFERENTIAL, version, entry("B"), entry("A", None)) is MISMATCH

    assert local_list.version == 5
    assert [status(local_list, each) for each in "AB"] == ["Accepted", None]


def test_changes_add_update_and_delete() -> None:
    """R-146."""
    local_list = open_list()
    send(local_list, FULL, 1, entry("A"), entry("B"), entry("D"))
    changes = (entry("a", BLOCKED), entry("b", None), entry("C"), entry("unheard of", None))

    assert send(local_list, DIFFERENTIAL, 2, *changes) is DONE

    assert [status(local_list, each) for each in "ABCD"] == ["Blocked", None, "Accepted", "Accepted"]
    assert (local_list.version, len(local_list)) == (2, 3)


@pytest.mark.parametrize("entries", [(), None])
def test_changes_without_any_only_advance_the_version(
    entries: tuple[AuthorizationData, ...] | None,
) -> None:
    """R-147."""
    local_list = open_list()
    send(local_list, FULL, 1, entry("A"))
    request = SendLocalList(list_version=2, update_type=DIFFERENTIAL, local_authorization_list=entries)

    assert local_list.update(request) is DONE

    assert (local_list.version, status(local_list, "A")) == (2, "Accepted")


@pytest.mark.parametrize(
    ("type", "entries"),
    [
        (FULL, (entry("B"), entry("b"))),
        (DIFFERENTIAL, (entry("B"), entry("b", None))),
        (FULL, tuple(map(entry, "BCDE"))),
        (DIFFERENTIAL, tuple(entry(each, None) for each in "BCDE")),
        (DIFFERENTIAL, tuple(map(entry, "BCD"))),
        (FULL, (entry("B"), entry("A", None))),
        (FULL, (entry("B"), entry(""))),
        (DIFFERENTIAL, (entry("B"), entry("A" * 21))),
    ],
)
def test_what_cannot_be_taken_as_a_whole_changes_nothing(
    type: UpdateType, entries: tuple[AuthorizationData, ...]
) -> None:
    """R-148 to R-151."""
    store = MemoryStore()
    limits = {"SendLocalListMaxLength": "3", "LocalAuthListMaxLength": "4"}
    send(open_list(store, **limits), FULL, 1, entry("A"), entry("F"))

    assert send(open_list(store, **limits), type, 2, *entries) is FAILED

    after = open_list(store, **limits)
    assert (after.version, len(after)) == (1, 2)
    assert [status(after, each) for each in "AFB"] == ["Accepted", "Accepted", None]


def test_the_list_can_be_filled_to_the_last_place_and_changed_then() -> None:
    """R-149, R-150."""
    local_list = open_list(SendLocalListMaxLength="3", LocalAuthListMaxLength="4")
    send(local_list, FULL, 1, *map(entry, "ABC"))
    assert send(local_list, DIFFERENTIAL, 2, entry("D")) is DONE

    assert send(local_list, DIFFERENTIAL, 3, entry("D", None), entry("E"), entry("A", BLOCKED)) is DONE

    assert len(local_list) == 4


@pytest.mark.parametrize("version", [0, -1])
def test_a_version_that_means_no_list_is_none(version: int) -> None:
    local_list = open_list()
    send(local_list, FULL, 1, entry("A"))

    assert send(local_list, FULL, version, entry("B")) is FAILED

    assert (local_list.version, status(local_list, "A")) == (1, "Accepted")


def test_a_list_that_is_switched_off_says_so_and_is_kept() -> None:
    """R-142, Z12."""
    store = MemoryStore()
    send(open_list(store), FULL, 4, entry("A"))

    off = open_list(store, LocalAuthListEnabled="false")

    assert off.version == -1
    assert off.find("A", BEGINNING) is None
    assert send(off, FULL, 5, entry("B")) is UpdateStatus.NOT_SUPPORTED
    assert send(off, DIFFERENTIAL, 1) is UpdateStatus.NOT_SUPPORTED
    assert open_list(store).version == 4


def test_entries_expire_by_time() -> None:
    """R-132."""
    local_list = open_list()
    send(
        local_list, FULL, 1, entry("A", IdTagInfo(status=AuthorizationStatus.ACCEPTED, expiry_date=BEGINNING))
    )

    before = local_list.find("A", BEGINNING - timedelta(seconds=1))

    assert before is not None
    assert before.status is AuthorizationStatus.ACCEPTED
    assert status(local_list, "A") is AuthorizationStatus.EXPIRED


def test_what_is_added_leaves_the_cache() -> None:
    """R-123."""
    store = MemoryStore()
    cache = Cache(store)
    for id_tag in "AB":
        cache.update(id_tag, ACCEPTED, BEGINNING)
    local_list = LocalList(store, cache, Configuration(store, table_of(EQUIPMENT, {})))

    send(local_list, FULL, 1, entry("a"))

    assert cache.find("A", BEGINNING) is None
    assert Cache(store).find("A", BEGINNING) is None
    assert cache.find("B", BEGINNING) == ACCEPTED


def test_a_parent_that_is_too_long_can_be_read_after_a_restart() -> None:
    store = MemoryStore()
    info = IdTagInfo(status=AuthorizationStatus.ACCEPTED, parent_id_tag="P" * 30)
    send(open_list(store), FULL, 1, entry("A", info))

    assert open_list(store).find("A", BEGINNING) == info


def test_only_what_changes_is_written() -> None:
    store = CountingStore()
    local_list = open_list(store)
    send(local_list, FULL, 1, *(entry(f"T{number}") for number in range(200)))
    store.written.clear()

    send(local_list, DIFFERENTIAL, 2, entry("T1"), entry("T2", BLOCKED), entry("T3", None), entry("X", None))
    send(local_list, FULL, 3, *(entry(f"T{number}") for number in range(200)))

    assert sorted(set(store.written)) == ["t2", "t3", "version"]


def test_without_power_in_the_middle_all_or_nothing_has_changed() -> None:
    """R-150."""
    store = CountingStore()
    local_list = open_list(store)
    send(local_list, FULL, 1, entry("A"))
    store.has_power = False

    with pytest.raises(OSError, match="no power"):
        send(local_list, DIFFERENTIAL, 2, entry("B"), entry("A", None))

    for each in (local_list, open_list(store)):
        assert (each.version, [status(each, tag) for tag in "AB"]) == (1, ["Accepted", None])


def test_a_list_of_ten_thousand_lasts_over_a_restart(tmp_path: Path) -> None:
    """R-127."""
    store = SqliteStore(tmp_path)
    local_list = open_list(store)
    for version in range(1, 26):
        entries = (entry(f"{version:02}{number:03}") for number in range(400))
        assert send(local_list, DIFFERENTIAL, version, *entries) is DONE
    store.close()

    store = SqliteStore(tmp_path)
    local_list = open_list(store)

    assert (local_list.version, len(local_list)) == (25, 10_000)
    assert status(local_list, "25399") is AuthorizationStatus.ACCEPTED
    assert send(local_list, DIFFERENTIAL, 26, entry("one more")) is FAILED
    store.close()


def test_the_longest_list_of_one_message_can_be_received() -> None:
    length = Configuration(MemoryStore(), table_of(EQUIPMENT, {})).integer("SendLocalListMaxLength")
    info = IdTagInfo(status=AuthorizationStatus.CONCURRENT_TX, expiry_date=BEGINNING, parent_id_tag="P" * 20)
    request = SendLocalList(
        list_version=2**31 - 1,
        update_type=DIFFERENTIAL,
        local_authorization_list=tuple(entry(f"{number:020}", info) for number in range(length)),
    )

    frame = f'[2,"{"i" * 36}","SendLocalList",{encode(request).decode()}]'

    assert length >= 100
    assert len(frame) < DEFAULT_LIMITS.message_bytes


@story
async def test_a_list_is_kept_over_a_loss_of_power_and_decides_offline() -> None:
    """R-127, R-128."""
    async with world() as w:
        await w.central.call(
            SendLocalList(list_version=9, update_type=FULL, local_authorization_list=(entry(TAG),))
        )
        w.station.cut_power()
        await w.after(5)
        w.station.restore_power()
        await w.after(10)
        assert (await w.central.call(GetLocalListVersion())).list_version == 9
        w.central.go_offline()
        await w.charge()

        assert w.hardware.connectors[0].offered_a > 0
