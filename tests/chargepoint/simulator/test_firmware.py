"""Images of simulated firmware."""

from __future__ import annotations

from pathlib import Path

import pytest

from voltyard.chargepoint.simulator.firmware import image, version_of


def test_an_image_says_its_version(tmp_path: Path) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(image("2.7.1-rc1", b"\x00\xff" * 1000))

    assert version_of(path) == "2.7.1-rc1"


@pytest.mark.parametrize(
    "content",
    [
        b"VOLTYARD-FIRMWARE 1.1",
        b"VOLTYARD-FIRMWARE 1.1\n",
        b"VOLTYARD-FIRMWARE 1.1\r\nmore",
    ],
)
def test_the_rest_of_the_file_does_not_matter(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(content)

    assert version_of(path) == "1.1"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"VOLTYARD-FIRMWARE",
        b"VOLTYARD-FIRMWARE \n",
        b"VOLTYARD-FIRMWARE 1 1\n",
        b"\nVOLTYARD-FIRMWARE 1.1\n",
        b"VOLTYARD-FIRMWARE " + b"1" * 51 + b"\n",
        b"VOLTYARD-FIRMWARE " + b"1" * 5000,
        b"VOLTYARD-FIRMWARE \xff\n",
        b"<html>404</html>",
    ],
)
def test_anything_else_is_no_image(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "image.bin"
    path.write_bytes(content)

    assert version_of(path) is None


def test_a_file_that_cannot_be_read_is_no_image(tmp_path: Path) -> None:
    assert version_of(tmp_path / "missing") is None
    assert version_of(tmp_path) is None


@pytest.mark.parametrize("version", ["", "1 1", "1" * 51, "1\n1", "\xe9"])
def test_there_are_versions_no_image_can_have(version: str) -> None:
    with pytest.raises(ValueError, match="version"):
        image(version)
