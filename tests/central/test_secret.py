"""Secrets: what prints them shows stars."""

from __future__ import annotations

import pickle

import msgspec
import pytest

from voltyard.central.secret import Secret

CANARY = "canary-7f3a"


def test_a_secret_prints_as_stars_in_every_way_of_printing() -> None:
    secret = Secret(CANARY)

    printed = [str(secret), repr(secret), f"{secret}", f"{secret!r:>10}", "%s" % secret, str([secret])]  # noqa: UP031

    assert CANARY not in "".join(printed)
    assert str(secret) == "***"


def test_only_reveal_gives_it_away() -> None:
    assert Secret(CANARY).reveal() == CANARY


def test_a_secret_leaves_neither_as_a_pickle_nor_as_json() -> None:
    with pytest.raises(TypeError):
        pickle.dumps(Secret(CANARY))
    with pytest.raises(TypeError):
        msgspec.json.encode({"password": Secret(CANARY)})


def test_secrets_compare_by_what_they_hold() -> None:
    assert Secret("one") == Secret("one")
    assert hash(Secret("one")) == hash(Secret("one"))
    assert Secret("one") != Secret("two")
    assert Secret("one") != "one"


def test_an_empty_secret_is_false() -> None:
    assert not Secret("")
    assert Secret("x")
