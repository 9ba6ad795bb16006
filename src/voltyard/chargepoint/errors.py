"""What can go wrong in a charge point."""

from __future__ import annotations

from pathlib import Path


class StateUnusable(Exception):
    """What a charge point has kept cannot be used: locked by another process, corrupt, or not writable."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"the state in {path} cannot be used: {reason}")
        self.path = path
        self.reason = reason


class StateCorrupt(StateUnusable):
    """What a charge point has kept is damaged."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, f"it is damaged ({reason}); `fresh` keeps it aside and begins anew")


class UnknownConnector(LookupError):
    """The charge point has no connector with this number."""

    def __init__(self, connector_id: int) -> None:
        super().__init__(f"no connector {connector_id}")
        self.connector_id = connector_id
