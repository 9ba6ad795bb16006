"""Plain tables: aligned, and nothing in them can disturb a terminal."""

from __future__ import annotations

import pytest

from voltyard.cli.tables import print_table, to_minute


def test_columns_are_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("id", "name"), [("1", "a"), ("1000", "")])

    assert capsys.readouterr().out == "id    name\n1     a\n1000  -\n"


def test_control_characters_show_as_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name",), [("a\nb\x1b[2J",)])

    assert capsys.readouterr().out == "name\na\\nb\\x1b[2J\n"


def test_instants_show_to_the_minute_in_utc() -> None:
    assert to_minute(1_700_000_000_000_000) == "2023-11-14T22:13Z"
    assert to_minute(None) == ""
