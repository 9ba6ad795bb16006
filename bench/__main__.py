"""`python -m bench`: measure Voltyard and its peers in one run, print and write the figures."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime

from rich.console import Console

from bench import report
from bench.figures import Results
from bench.generator import GeneratorError
from bench.invocation import FULL, QUICK, Bench
from bench.machine import facts
from bench.processes import ServerError, allow_many_connections
from bench.servers.ours import Voltyard
from bench.servers.peers import OcppPackage, OcppRpc

CONTESTANTS = (Voltyard(), OcppPackage(), OcppRpc())
PARTS = ("messages", "idle", "paced", "decode")


def main() -> int:
    """Run what the arguments ask for; 1 if a server failed, never because of a figure."""
    options = _options()
    console = Console()
    results = Results(
        measured_at=datetime.now(UTC).isoformat(timespec="seconds"),
        is_quick=options.quick,
        machine=facts(),
    )
    allow_many_connections()
    try:
        _measure(options, results, console)
    except (ServerError, GeneratorError) as error:
        console.print(f"bench: {error}", style="red", markup=False, soft_wrap=True)
        return 1
    report.show(results, console)
    is_complete = (
        not options.quick and len(options.only) == len(CONTESTANTS) and set(options.part) == set(PARTS)
    )
    console.print(f"written to bench/results/{report.write(results, is_complete).name}")
    return 0


def _measure(options: argparse.Namespace, results: Results, console: Console) -> None:
    extent = QUICK if options.quick else FULL
    bench = Bench(
        [each for each in CONTESTANTS if each.name in options.only],
        extent._replace(rounds=options.rounds or extent.rounds),
        options.connections,
        lambda line: console.print(line, highlight=False, markup=False, soft_wrap=True),
    )
    bench.measure(options.part, results)
    if options.start_with is not None:
        bench.measure_start(options.start_with, results)


def _options() -> argparse.Namespace:
    names = [each.name for each in CONTESTANTS]
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, fewer connections, shorter runs")
    parser.add_argument("--only", nargs="+", choices=names, default=names, help="measure these servers")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=PARTS, help="measure these parts")
    parser.add_argument("--rounds", type=int, help="rounds of the part `messages` (default: 5; 2 if quick)")
    parser.add_argument("--connections", type=int, default=64, help="of the part `messages` (default: 64)")
    parser.add_argument("--start-with", type=int, metavar="N", help="also time a start with N transactions")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
