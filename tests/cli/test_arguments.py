"""Arguments that several commands take."""

from __future__ import annotations

import pytest

from voltyard.cli.arguments import checked_identity, checked_url, faults_of, settings_of, tags_of
from voltyard.cli.endings import BadArgument


@pytest.mark.parametrize("url", ["ws://127.0.0.1:9000/ocpp", "wss://example.org", "ws://[::1]:9000/a/b?c=d"])
def test_the_url_of_an_endpoint_is_taken_as_it_is(url: str) -> None:
    assert checked_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "http://host",
        "ws://",
        "ws://a:b@host",
        "ws://host:x",
        "ws://host:0",
        "ws://host/#part",
        "ws://[::1",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(BadArgument, match="--url: expected ws://"):
        checked_url(url)


@pytest.mark.parametrize("identity", ["CP-1", "CP 1", "CP:1", "x" * 100, "Säule"])
def test_an_identity_may_be_long_and_have_blanks_and_colons(identity: str) -> None:
    assert checked_identity(identity) == identity


@pytest.mark.parametrize("identity", ["", "a\nb", "\x00", "\udcff"])
def test_an_identity_that_cannot_be_written_is_refused(identity: str) -> None:
    with pytest.raises(BadArgument, match="--id: expected printable characters, got "):
        checked_identity(identity)


@pytest.mark.parametrize("pair", ["A", "", "=", " =1"])
def test_what_is_no_key_and_value_is_refused(pair: str) -> None:
    with pytest.raises(BadArgument, match="--set: expected KEY=VALUE, got "):
        settings_of([pair])


def test_keys_are_read_and_values_may_be_anything() -> None:
    assert settings_of(["A=1", " B = x=y", "C="]) == {"A": "1", "B": " x=y", "C": ""}


def test_a_key_without_a_value_is_refused() -> None:
    with pytest.raises(BadArgument, match="--set: expected KEY=VALUE, got 'A'"):
        settings_of(["A"])


def test_faults_are_read_and_none_is_none() -> None:
    assert str(faults_of("drop=0.01,cut=1/h")) == "drop=0.01,cut=1/h"
    assert not faults_of(None)


@pytest.mark.parametrize("text", ["", "drop", "drop=2", "nonsense=0.1"])
def test_other_faults_are_refused(text: str) -> None:
    with pytest.raises(BadArgument, match="--faults: "):
        faults_of(text)


def test_identifiers_may_hold_the_number_of_a_charge_point() -> None:
    assert tags_of(["TAG", "FLEET-{n}"], 12_345) == ("TAG", "FLEET-{n}")


@pytest.mark.parametrize(
    ("id_tag", "number"), [("", None), ("x" * 21, None), ("123456789012345{n}", 100_000)]
)
def test_what_is_no_identifier_is_refused(id_tag: str, number: int | None) -> None:
    with pytest.raises(BadArgument, match="--id-tag: "):
        tags_of([id_tag], number)
