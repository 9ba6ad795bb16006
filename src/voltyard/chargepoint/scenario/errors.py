"""What can go wrong with a scenario, besides that it fails."""

from __future__ import annotations


class ScenarioInvalid(Exception):
    """A scenario that cannot be run; `where` is the file, and the step in it if one is to blame."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where}: {reason}")
        self.where = where
        self.reason = reason


class UnknownScenario(Exception):
    """There is no shipped scenario with this name and no file with this path."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name!a} is no scenario that is shipped, and no file")
        self.name = name


class CentralSystemRefused(Exception):
    """The central system does not do what it was asked to; the scenario cannot go on."""


class StepFailed(Exception):
    """A step that did not go as it has to."""
