"""The charge points that are connected: at most one live session each."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

import structlog

from voltyard.central.gateway.session import Session

# More takeovers than this within a minute are a sign of two charge points with one identity, or of an attack.
MAX_TAKEOVERS_PER_MINUTE = 5
_MINUTE_US = 60 * 1_000_000
_POLICY_VIOLATION = 1008

_log = structlog.get_logger()


class Stations:
    """Live sessions by charge point; the newest connection wins, after it has authenticated."""

    def __init__(self, alarm: Callable[[Session], None]) -> None:
        self._alarm = alarm
        self._sessions: dict[int, Session] = {}
        self._takeovers: dict[int, deque[int]] = {}
        # What has just ended; presence is stored lazily, so the last sign of life is kept until then.
        self._departed: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._sessions)

    def __iter__(self) -> Iterator[Session]:
        return iter(list(self._sessions.values()))

    def get(self, charge_point_id: int) -> Session | None:
        """Return the live session of a charge point."""
        return self._sessions.get(charge_point_id)

    def is_flapping(self, charge_point_id: int, now_us: int) -> bool:
        """Whether connections of this identity replace one another so often that new ones have to wait."""
        takeovers = self._takeovers.get(charge_point_id)
        if takeovers is None:
            return False
        while takeovers and takeovers[0] < now_us - _MINUTE_US:
            takeovers.popleft()
        if not takeovers:
            del self._takeovers[charge_point_id]
        return len(takeovers) > MAX_TAKEOVERS_PER_MINUTE

    def enter(self, session: Session, now_us: int) -> None:
        """Make this the live session of its charge point, ending an earlier one."""
        id = session.origin.id
        earlier = self._sessions.get(id)
        self._sessions[id] = session
        if earlier is None:
            return
        earlier.close(_POLICY_VIOLATION, "replaced")
        takeovers = self._takeovers.setdefault(id, deque())
        takeovers.append(now_us)
        _log.info("session replaced", charge_point=session.origin.identity)
        if len(takeovers) == MAX_TAKEOVERS_PER_MINUTE + 1:
            self._alarm(session)

    def leave(self, session: Session) -> bool:
        """Remove a session that ended, if it is the live one; an older one's end changes nothing."""
        id = session.origin.id
        if self._sessions.get(id) is not session:
            return False
        del self._sessions[id]
        self._departed[id] = session.last_seen_us
        return True

    def take_signs_of_life(self, since_us: int) -> dict[int, int]:
        """Return when each charge point that was heard of since an instant was last heard of."""
        seen, self._departed = self._departed, {}
        for session in self._sessions.values():
            if session.last_seen_us >= since_us:
                seen[session.origin.id] = session.last_seen_us
        return seen
