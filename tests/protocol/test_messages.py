"""The package of payloads offers everything its modules define."""

from __future__ import annotations

from enum import StrEnum
from types import ModuleType

import pytest

from voltyard.protocol import messages
from voltyard.protocol.messages import (
    common,
    core,
    firmware_management,
    local_auth_list_management,
    remote_trigger,
    reservation,
    security,
    smart_charging,
)
from voltyard.protocol.payload import Structure

MODULES = (
    common,
    core,
    firmware_management,
    local_auth_list_management,
    remote_trigger,
    reservation,
    security,
    smart_charging,
)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_class_of_a_module_is_offered(module: ModuleType) -> None:
    classes = {
        name
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, Structure | StrEnum)
        and value.__module__ == module.__name__
    }

    assert classes
    assert classes <= set(messages.__all__)
    assert all(getattr(messages, name) is getattr(module, name) for name in classes)


def test_nothing_else_is_offered() -> None:
    offered = [getattr(messages, name).__module__ for name in messages.__all__ if name != "RequestedMessage"]

    assert {module.__name__ for module in MODULES} == set(offered)


def test_members_of_enumerations_are_named_after_what_is_on_the_wire() -> None:
    enumerations = [
        value for value in vars(messages).values() if isinstance(value, type) and issubclass(value, StrEnum)
    ]

    for member in (member for enumeration in enumerations for member in enumeration):
        letters = member.value.replace(".", "").replace("-", "").lower()
        assert member.name.replace("_", "").lower() == letters
        assert member.name == member.name.upper()
