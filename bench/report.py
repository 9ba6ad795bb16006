"""The report: tables for people, JSON for programs."""

from __future__ import annotations

from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from bench.figures import Results
from bench.goals import Goal, goals

RESULTS = Path(__file__).parent / "results"


def as_json(results: Results) -> bytes:
    """Return the results and how they stand to the goals."""
    verdicts = [goal._asdict() | {"is_met": goal.is_met} for goal in goals(results)]
    rounded = _rounded(msgspec.to_builtins(results) | {"goals": verdicts})
    return msgspec.json.format(msgspec.json.encode(rounded), indent=2) + b"\n"


def write(results: Results, is_complete: bool) -> Path:
    """Write a complete result to latest.json; any other one to partial.json."""
    path = RESULTS / ("latest.json" if is_complete else "partial.json")
    RESULTS.mkdir(exist_ok=True)
    path.write_bytes(as_json(results))
    return path


def show(results: Results, console: Console) -> None:
    """Print the servers beside one another, then the goals."""
    if results.durable_messages or results.idle_connections:
        console.print(_servers_table(results))
    console.print(_goals_table(results))


def _servers_table(results: Results) -> Table:
    table = Table(title="Servers (medians of the rounds; saturated)")
    table.add_column("server")
    for heading in ("CPU µs/message", "x ours", "messages/s", "p50 ms", "p99 ms", "idle KiB"):
        table.add_column(heading, justify="right")
    for name in dict.fromkeys((*results.durable_messages, *results.idle_connections)):
        table.add_row(name, *_server_cells(results, name))
    return table


def _server_cells(results: Results, name: str) -> tuple[str, ...]:
    summary, idle = results.durable_messages.get(name), results.idle_connections.get(name)
    median = summary.median if summary else None
    return (
        _number(median.cpu_us if median else None),
        _number(results.ratios.get(name)),
        _number(median.messages_per_s if median else None),
        _number(median.p50_ms if median else None),
        _number(median.p99_ms if median else None),
        _number(idle.kib_per_connection if idle else None),
    )


def _goals_table(results: Results) -> Table:
    table = Table(title="Voltyard and its speed goals")
    table.add_column("what")
    for heading in ("goal", "measured", ""):
        table.add_column(heading, justify="right")
    for goal in goals(results):
        relation = "≥" if goal.is_floor else "≤"
        table.add_row(goal.what, f"{relation} {goal.bound:g} {goal.unit}", _measured(goal), _verdict(goal))
    return table


def _measured(goal: Goal) -> str:
    return "not measured" if goal.measured is None else f"{_number(goal.measured)} {goal.unit}"


def _verdict(goal: Goal) -> str:
    return {None: "", True: "[green]met[/]", False: "[red]missed[/]"}[goal.is_met]


def _number(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}".replace(",", " ") if value >= 1000 else f"{value:.3g}"


def _rounded(value: object) -> object:
    """Leave four significant digits; more would pretend a precision that a benchmark has not."""
    match value:
        case float():
            return float(f"{value:.4g}")
        case dict():
            return {key: _rounded(each) for key, each in value.items()}
        case list():
            return [_rounded(each) for each in value]
        case _:
            return value
