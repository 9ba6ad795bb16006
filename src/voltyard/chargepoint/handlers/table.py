"""All the actions a charge point answers, as one table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from types import MappingProxyType
from typing import Any, Final

from voltyard.chargepoint.commands import Commands
from voltyard.chargepoint.handlers import (
    core,
    firmware_management,
    local_auth_list_management,
    remote_trigger,
    reservation,
    security,
    smart_charging,
)
from voltyard.protocol.actions import ACTIONS, FeatureProfile
from voltyard.protocol.payload import Request
from voltyard.transport.router import Handler, Role, Router

HANDLERS: Final[Mapping[type[Request[Any]], Handler[Commands]]] = MappingProxyType(
    {
        **core.HANDLERS,
        **firmware_management.HANDLERS,
        **local_auth_list_management.HANDLERS,
        **remote_trigger.HANDLERS,
        **reservation.HANDLERS,
        **security.HANDLERS,
        **smart_charging.HANDLERS,
    }
)

# The security extension is no feature profile that could be left out of SupportedFeatureProfiles.
_ALWAYS: Final = frozenset({FeatureProfile.CORE, FeatureProfile.SECURITY})


def router_for(profiles: Iterable[str]) -> Router[Commands]:
    """Return what answers a charge point's calls, given the feature profiles it supports.

    Actions that are not there are answered with NotSupported. All charge points of a kind share one.
    """
    return _router(frozenset(profiles) | _ALWAYS)


@cache
def _router(profiles: frozenset[str]) -> Router[Commands]:
    handlers = {
        request: handler
        for request, handler in HANDLERS.items()
        if ACTIONS[request.action].profile in profiles
    }
    return Router(Role.CHARGE_POINT, handlers)
