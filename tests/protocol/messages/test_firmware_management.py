"""Where files come from and go to."""

from __future__ import annotations

import pytest

from voltyard.protocol.codec import PayloadDecoder
from voltyard.protocol.errors import ErrorCode, InvalidPayload
from voltyard.protocol.messages import GetDiagnostics


@pytest.mark.parametrize(
    "location",
    ["ftp://user:secret@[2001:db8::1]:21/logs/", "https://example.com/a?b=c#d", f"http://h/{'x' * 2000}"],
)
def test_a_location_is_any_uri_of_any_length(location: str) -> None:
    request = PayloadDecoder(GetDiagnostics).strict(f'{{"location":"{location}"}}'.encode())

    assert request.location == location


@pytest.mark.parametrize(
    "location", ["", "logs", "/logs", "//example.com/logs", "http://a b/", "http://a\\n"]
)
def test_a_location_without_a_scheme_or_with_blanks_is_refused(location: str) -> None:
    with pytest.raises(InvalidPayload) as refused:
        PayloadDecoder(GetDiagnostics).strict(f'{{"location":"{location}"}}'.encode())

    assert refused.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
