"""The examples in tests/typing, under mypy and pyright; neither may need the network.

The examples also hold lines that are wrong, each with a comment that expects the error: both checkers
report such a comment when there is nothing to expect, so an untyped library cannot pass.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "tests" / "typing"

pytestmark = pytest.mark.integration


def verdict(checker: Sequence[str]) -> subprocess.CompletedProcess[str]:
    # Another version of pyright than the installed one would be downloaded.
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYRIGHT_PYTHON_")
    }
    environment["PYRIGHT_PYTHON_IGNORE_WARNINGS"] = "1"  # which asks for the newest version
    return subprocess.run(
        [sys.executable, "-m", *checker],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )


def test_mypy_infers_what_the_examples_say() -> None:
    result = verdict(["mypy", "--strict", str(EXAMPLES)])

    assert result.returncode == 0, result.stdout + result.stderr


def test_pyright_infers_what_the_examples_say() -> None:
    result = verdict(["pyright", "--project", str(EXAMPLES), "--pythonpath", sys.executable])

    assert result.returncode == 0, result.stdout + result.stderr
    assert "0 errors, 0 warnings" in result.stdout
