"""What the sessions of all connectors share, and who runs what takes them time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from voltyard.chargepoint.clock import Clock
from voltyard.chargepoint.configuration import Configuration
from voltyard.chargepoint.sampling import Sampling
from voltyard.chargepoint.transactions import Transactions
from voltyard.protocol.messages import StatusNotification


class Spawn(Protocol):
    """Runs something beside everything else for as long as the charge point is up."""

    def __call__(self, work: Coroutine[Any, Any, None], /) -> asyncio.Task[None]:
        """Start the work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What the sessions of all connectors share.

    `report` is told each change of a status, `demand_changed` when the energy that connectors want may have
    changed: a transaction begins or ends, a vehicle begins or ceases to take energy.
    """

    configuration: Configuration
    transactions: Transactions
    clock: Clock
    spawn: Spawn
    report: Callable[[StatusNotification], None]
    demand_changed: Callable[[], None]
    sampling: Sampling
