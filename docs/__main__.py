"""Writes the reference pages from the code: `make docs`. `--check` tells which ones are out of date."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import click

from voltyard.central.settings import settings_reference
from voltyard.chargepoint.keys import FIRST_VALUES, OWN_KEYS
from voltyard.cli.program import program
from voltyard.protocol.actions import ACTIONS
from voltyard.protocol.configuration import CONFIGURATION_KEYS

REFERENCE = Path(__file__).parent / "reference"


def pages() -> dict[str, str]:
    """Return the text of every reference page, by its file name."""
    return {
        "actions.md": "# Actions\n\n" + _table(("action", "profile", "sent by"), _actions()),
        "cli.md": "# Command line\n\n" + "\n".join(_commands(program, "voltyard")),
        "configuration-keys.md": "# Configuration keys of charge points\n\n"
        + _table(("key", "type", "unit", "access", "profile", "required", "default", "meaning"), _keys())
        + "\n## Voltyard's charge point\n\n"
        "It has these keys and those that follow from its hardware (NumberOfConnectors,\n"
        "ConnectorPhaseRotation). First values can be set with `--set` and in code, also those of keys that\n"
        "the central system may only read. Those with a meaning here are its own; one that needs a reboot\n"
        "takes effect with the next one.\n\n"
        + _table(("key", "first value", "reboot", "meaning of own keys"), _own_keys()),
        "settings.md": "# Settings\n\n"
        "A TOML file (`--config`), the environment and options have one schema; options win over the\n"
        "environment, that over the file. A key with a dot stands in a table: `ocpp.port` is `port` in\n"
        "`[ocpp]`.\n\n" + settings_reference(),
    }


def _actions() -> Iterator[tuple[str, ...]]:
    for action in ACTIONS.values():
        sides = [
            side
            for side, sends in (
                ("charge point", action.from_charge_point),
                ("central system", action.from_central_system),
            )
            if sends
        ]
        yield action.name, action.profile, ", ".join(sides)


def _keys() -> Iterator[tuple[str, ...]]:
    for key in CONFIGURATION_KEYS.values():
        required = "yes" if key.required else ""
        yield (
            key.name,
            key.type,
            key.unit or "",
            key.access,
            key.profile,
            required,
            key.default or "",
            key.meaning,
        )


def _own_keys() -> Iterator[tuple[str, ...]]:
    for name in sorted(FIRST_VALUES):
        yield name, FIRST_VALUES[name], "", ""
    for key in OWN_KEYS:
        yield key.name, key.first, "needed" if key.needs_reboot else "", key.key.meaning


def _table(head: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |\n" for line in lines)


def _commands(command: click.Command, name: str) -> Iterator[str]:
    context = click.Context(command, info_name=name)
    if isinstance(command, click.Group):
        if command.help and name == "voltyard":
            yield f"{_paragraphs(command.help)}\n"
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None:
                yield from _commands(found, f"{name} {child}")
        return
    yield f"## {name}\n\n{_paragraphs(command.help or '')}\n"
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            yield f"- {_forms(parameter)}: {parameter.help}"
        else:
            yield f"- `{parameter.human_readable_name}`"
    yield ""


def _forms(option: click.Option) -> str:
    forms = ", ".join(f"`{form}`" for form in (*option.opts, *option.secondary_opts))
    notes = ["required"] if option.required else []
    notes += [f"`{option.envvar}` in the environment"] if option.envvar else []
    notes += [f"usually {option.default}"] if option.show_default else []
    return f"{forms} ({', '.join(notes)})" if notes else forms


def _paragraphs(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def main() -> int:
    """Write the pages, or compare them."""
    outdated = [
        name
        for name, text in pages().items()
        if not (REFERENCE / name).exists() or (REFERENCE / name).read_text() != text
    ]
    if "--check" in sys.argv:
        for name in outdated:
            print(f"docs/reference/{name} is out of date: run `make docs`")  # noqa: T201 - a command
        return 1 if outdated else 0
    REFERENCE.mkdir(exist_ok=True)
    for name in outdated:
        (REFERENCE / name).write_text(pages()[name])
        print(f"docs/reference/{name}")  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
