"""Arguments that several commands take."""

from __future__ import annotations

import pytest

from voltyard.cli.arguments import checked_url, faults_of, settings_of, tags_of
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
