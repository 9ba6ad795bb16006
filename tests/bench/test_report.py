"""The report: JSON that other programs rely on, tables that people read."""

from __future__ import annotations

import io
import json

from bench.figures import Results, Round, ratios_to, summary_of
from bench.report import as_json, show
from rich.console import Console


def round_with(cpu_us: float) -> Round:
    return Round(
        messages=1000,
        cpu_us=cpu_us,
        messages_per_s=12_345.678,
        p50_ms=1.0,
        p99_ms=5.0,
        max_ms=9.0,
        lag_p99_ms=0.0,
        generator_cpu_us=20.0,
    )


def results() -> Results:
    found = Results(measured_at="2026-01-01T00:00:00+00:00", is_quick=True, machine={"cores": 2})
    found.durable_messages = {
        "voltyard": summary_of([round_with(30.0)]),
        "ocpp": summary_of([round_with(1000.0)]),
        "ocpp-rpc": summary_of([round_with(75.0)]),
    }
    found.ratios = ratios_to("voltyard", found.durable_messages)
    return found


def test_the_json_holds_the_ratios_under_the_peers_names() -> None:
    written = json.loads(as_json(results()))

    assert written["ratios"] == {"ocpp": 33.33, "ocpp-rpc": 2.5}


def test_the_json_holds_rounds_and_medians_and_leaves_out_what_was_not_measured() -> None:
    written = json.loads(as_json(results()))

    assert written["durable_messages"]["voltyard"]["median"]["messages_per_s"] == 12350
    assert len(written["durable_messages"]["ocpp"]["rounds"]) == 1
    assert "idle_connections" not in written
    assert "start" not in written


def test_the_json_says_of_each_goal_whether_it_is_met() -> None:
    written = json.loads(as_json(results()))

    verdicts = {goal["what"]: goal["is_met"] for goal in written["goals"]}
    assert verdicts["server CPU per durable message"] is True
    assert verdicts["ocpp-rpc's CPU over ours"] is False
    assert verdicts["memory per idle connection"] is None


def test_the_tables_show_every_server_and_every_verdict() -> None:
    output = io.StringIO()

    show(results(), Console(file=output, width=120))

    printed = output.getvalue()
    assert all(name in printed for name in ("voltyard", "ocpp", "ocpp-rpc", "12 346"))
    assert all(word in printed for word in ("met", "missed", "not measured"))
