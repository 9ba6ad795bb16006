"""The examples of the README: they are what stands in examples/, and they work together."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = ROOT / "examples"


@pytest.mark.parametrize("name", ["central_system", "charge_point"])
def test_readme_shows_the_example_as_it_is(name: str) -> None:
    readme = (ROOT / "README.md").read_text()

    code = (EXAMPLES / f"{name}.py").read_text().strip()

    assert f"```python\n{code}\n```" in readme


@pytest.mark.integration
def test_charge_point_is_accepted_by_the_central_system() -> None:
    start = f"import asyncio, sys; sys.path.insert(0, {str(EXAMPLES)!r}); import central_system; "
    command = [sys.executable, "-c", start + "asyncio.run(central_system.main(0))"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as central_system:
        assert central_system.stdout is not None
        try:
            url = re.sub(r".* on ", "", central_system.stdout.readline().strip())

            charge_point = subprocess.run(
                [sys.executable, EXAMPLES / "charge_point.py", url, "CP1", "a long enough secret"],
                capture_output=True,
                text=True,
                timeout=30,
                check=False,
            )

            assert charge_point.returncode == 0, charge_point.stderr
            assert charge_point.stdout.splitlines() == ["registration: Accepted"]
            assert central_system.stdout.readline() == "booted: Acme One\n"
        finally:
            central_system.terminate()
