"""What a charge point answers to the central system, one module for each feature profile."""

from voltyard.chargepoint.handlers.table import HANDLERS, router_for

__all__ = ["HANDLERS", "router_for"]
