"""URLs of files are taken apart, put together and shown without what is secret."""

from __future__ import annotations

import pytest

from voltyard.chargepoint.transfer.errors import Failure, TransferFailed
from voltyard.chargepoint.transfer.location import file_in, locate, without_secrets


def test_a_url_with_everything() -> None:
    location = locate("ftp://us%40er:p%2Fw@Host.example:2121/a%20b/c.bin")

    assert (location.scheme, location.host, location.port) == ("ftp", "host.example", 2121)
    assert (location.user, location.password) == ("us@er", "p/w")
    assert location.path == "a b/c.bin"
    assert not location.is_encrypted
    assert "p/w" not in repr(location)


@pytest.mark.parametrize(
    ("url", "port", "target"),
    [
        ("http://h", 80, "/"),
        ("https://h/x?key=a/b&c=%20", 443, "/x?key=a/b&c=%20"),
        ("ftp://h/x", 21, "/x"),
        ("FTPS://[::1]/ü", 21, "/%C3%BC"),
        ("http://h/a b#part", 80, "/a%20b"),
    ],
)
def test_what_a_url_leaves_out_is_usual(url: str, port: int, target: str) -> None:
    location = locate(url)

    assert (location.port, location.target, location.user) == (port, target, None)


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("gopher://h/x", Failure.NOT_SUPPORTED),
        ("sftp://h/x", Failure.NOT_SUPPORTED),
        ("file:///etc/passwd", Failure.NOT_SUPPORTED),
        ("nonsense", Failure.NOT_SUPPORTED),
        ("", Failure.NOT_SUPPORTED),
        ("http://", Failure.BAD_MESSAGE),
        ("http://user:secret@h:port/", Failure.BAD_MESSAGE),
        ("http://[::1/", Failure.BAD_MESSAGE),
        ("http://user:secret@h:99999/", Failure.BAD_MESSAGE),
        ("ftp://h/a%0D%0ADELE%20b", Failure.BAD_MESSAGE),
        ("ftp://a%0Db:secret@h/a", Failure.BAD_MESSAGE),
    ],
)
def test_what_cannot_be_transferred_by_is_said_without_secrets(url: str, failure: Failure) -> None:
    with pytest.raises(TransferFailed) as failed:
        locate(url)

    assert failed.value.failure is failure
    assert "secret" not in failed.value.reason


@pytest.mark.parametrize(
    ("directory", "url"),
    [
        ("http://h", "http://h/log%20file"),
        ("http://h/in/", "http://h/in/log%20file"),
        ("https://h/in?key=1", "https://h/in/log%20file?key=1"),
    ],
)
def test_a_file_goes_into_its_directory(directory: str, url: str) -> None:
    assert file_in(directory, "log file") == url


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("ftp://user:pass@h:21/dir/file", "ftp://h:21/dir/file"),
        ("https://h/x?signature=abc", "https://h/x"),
        ("http://a@b@h", "http://h"),
        ("user:pass@h", "(no URL)"),
    ],
)
def test_a_url_is_shown_without_secrets(url: str, shown: str) -> None:
    assert without_secrets(url) == shown
