"""Passwords do not show, however a charge point or an operator writes them."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voltyard.protocol.masking import without_password, without_secret

SECRET = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    "text",
    [
        f'[2,"1","ChangeConfiguration",{{"key":"AuthorizationKey","value":"{SECRET}"}}]',
        f'[2,"1","ChangeConfiguration",{{"value":"{SECRET}","key":"AUTHORIZATIONKEY"}}]',
        f'[2,"1","ChangeConfiguration",{{"key":"\\u0041uthorization\\u004bey","value":"{SECRET}"}}]',
        f'[3,"1",{{"configurationKey":[{{"key":"authorizationKey","readonly":false,"value":"{SECRET}"}}]}}]',
        f'[3,"1",{{"configurationKey":[{{"value":"{SECRET}","readonly":true,"key":"AuthorizationKey"}}]}}]',
        f'[4,"1","InternalError","",{{"AuthorizationKey":"{SECRET}"}}]',
        f'[3,"1",{{"configurationKey":[{{"key":"AuthorizationKey","value":["{SECRET}"]}}]}}]',
        f'[3,"1",{{"configurationKey":[{{"key":"AuthorizationKey","value":"{SECRET}"',
        f"AuthorizationKey is {SECRET}",
        "[" * 5000 + f'"AuthorizationKey","{SECRET}"',
    ],
)
def test_the_value_of_the_key_is_hidden_in_whatever_form_it_comes(text: str) -> None:
    """R-016 (WP A01.FR.09)."""
    shown = without_password(text.encode()).decode()

    assert SECRET not in shown
    assert "***" in shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('{"location":"ftp://me:canary@host/in"}', '{"location":"ftp://me:***@host/in"}'),
        (r'{"location":"https:\/\/me:canary\u0040host"}', '{"location":"https://me:***@host"}'),
        (
            '[{"a":["see ftps://:canary@h and http://x/a:b@c"]}]',
            '[{"a":["see ftps://:***@h and http://x/a:b@c"]}]',
        ),
        ('"ftp://me:can@ary@host/@"', '"ftp://me:***@host/@"'),
        ('["ftp://me:canary@host/in', '["ftp://me:***@host/in'),
        (r'["ftp:\/\/me:canary@host/in', r'["ftp:\/\/me:***@host/in'),
    ],
)
def test_the_password_of_a_url_is_hidden(text: str, shown: str) -> None:
    assert without_password(text.encode()).decode() == shown


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"not json",
        b'{"location": "ftp://me@host:21/a:b@c", "mail": "me@host"}',
        b'[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]',
        b'[2, "1" , "GetConfiguration",{"key":["AuthorizationKey"]}]',
        b'[3,"1",{"unknownKey":["AuthorizationKey"]}]',
        b'[3,"1",{"value":"\\u00e9"}]',
        b'[3,"1",{"value":"\\ud800"}]',
        b'[3,"1",{"key":"\\ud800AuthorizationKe","value":"x"}]',
        b"\xff\\u",
    ],
)
def test_everything_else_stays_as_it_is_to_the_byte(text: bytes) -> None:
    assert without_password(text) == text


@settings(deadline=None)
@given(st.binary() | st.text().map(str.encode))
def test_no_bytes_raise(text: bytes) -> None:
    without_password(text)
    assert without_password(b"authorizationkey" + text) == b"***"


def test_the_rest_of_a_message_stays() -> None:
    frame = json.dumps(
        [
            3,
            "1",
            {"configurationKey": [{"key": "a", "value": "b"}, {"key": "AuthorizationKey", "value": "s"}]},
        ]
    )

    assert json.loads(without_password(frame.encode())) == [
        3,
        "1",
        {"configurationKey": [{"key": "a", "value": "b"}, {"key": "AuthorizationKey", "value": "***"}]},
    ]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("", ""),
        ("invalid value ABCDEF", "invalid value ***"),
        ("abcdefabcDEF, abcde", "******, abcde"),
        ("\u0130\u0130 abcdef", "\u0130\u0130 ***"),
    ],
)
def test_a_secret_is_hidden_wherever_it_comes_back(text: str, shown: str) -> None:
    assert without_secret(text, "abcdef") == shown
