"""What the API and the user interface can ask of a central system."""

from voltyard.central.operations.operations import Operations

__all__ = ["Operations"]
