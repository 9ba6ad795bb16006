"""The error codes and what the exceptions of the protocol say."""

from __future__ import annotations

import pickle

import pytest

from voltyard.protocol.errors import CallError, ErrorCode, InvalidPayload


def test_the_codes_are_those_of_the_specification_with_its_misspelling() -> None:
    """R-065, R-066."""
    assert [code.value for code in ErrorCode] == [
        "NotImplemented",
        "NotSupported",
        "InternalError",
        "ProtocolError",
        "SecurityError",
        "FormationViolation",
        "PropertyConstraintViolation",
        "OccurenceConstraintViolation",
        "TypeConstraintViolation",
        "GenericError",
    ]


@pytest.mark.parametrize("code", ErrorCode)
def test_each_code_is_understood_on_receipt(code: ErrorCode) -> None:
    assert ErrorCode.from_wire(code.value) is code


@pytest.mark.parametrize(
    ("received", "meant"),
    [
        ("OccurrenceConstraintViolation", ErrorCode.OCCURENCE_CONSTRAINT_VIOLATION),
        ("FormatViolation", ErrorCode.FORMATION_VIOLATION),
        ("RpcFrameworkError", ErrorCode.GENERIC_ERROR),
        ("notsupported", ErrorCode.GENERIC_ERROR),
        ("NOT_SUPPORTED", ErrorCode.GENERIC_ERROR),
        ("", ErrorCode.GENERIC_ERROR),
    ],
)
def test_corrected_spellings_are_understood_and_unknown_codes_are_generic(
    received: str, meant: ErrorCode
) -> None:
    """R-067."""
    assert ErrorCode.from_wire(received) is meant


def test_a_call_error_carries_what_the_frame_needs() -> None:
    error = CallError(ErrorCode.NOT_SUPPORTED, "no smart charging")

    assert (error.code, error.description) == (ErrorCode.NOT_SUPPORTED, "no smart charging")
    assert str(error) == "NotSupported: no smart charging"
    assert str(CallError(ErrorCode.INTERNAL_ERROR)) == "InternalError"


def test_an_invalid_payload_says_which_rule_is_broken_where_and_how() -> None:
    error = InvalidPayload(ErrorCode.TYPE_CONSTRAINT_VIOLATION, "$.idTag", "$.idTag: not a string")

    assert (error.code, error.path) == (ErrorCode.TYPE_CONSTRAINT_VIOLATION, "$.idTag")
    assert str(error) == "TypeConstraintViolation: $.idTag: not a string"


def test_the_description_of_an_invalid_payload_can_always_be_sent() -> None:
    error = InvalidPayload(ErrorCode.FORMATION_VIOLATION, "$", "\ud800" + "x" * 300)

    assert error.description == "?" + "x" * 254
    assert error.description.encode()


@pytest.mark.parametrize(
    "error",
    [CallError(ErrorCode.GENERIC_ERROR, "why"), InvalidPayload(ErrorCode.GENERIC_ERROR, "$", "$: why")],
)
def test_errors_survive_a_process_border(error: Exception) -> None:
    copy = pickle.loads(pickle.dumps(error))

    assert (type(copy), copy.args, str(copy)) == (type(error), error.args, str(error))
