"""The bounded mapping: which entry has to go."""

from __future__ import annotations

from voltyard.central.recent import Recent


def test_the_entry_that_was_not_used_for_the_longest_time_goes_first() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)
    recent.get("a")

    recent.put("c", 3)

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (1, None, 3)
    assert len(recent) == 2


def test_putting_a_key_again_replaces_its_value_and_counts_as_a_use() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)
    recent.put("b", 2)

    recent.put("a", 3)
    recent.put("c", 4)

    assert (recent.get("a"), recent.get("b")) == (3, None)


def test_forgetting_a_key_that_is_not_there_does_nothing() -> None:
    recent: Recent[str, int] = Recent(2)
    recent.put("a", 1)

    recent.forget("a")
    recent.forget("a")

    assert recent.get("a") is None
    assert len(recent) == 0
