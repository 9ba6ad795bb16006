"""The program `voltyard`: a module for each command, and what they share."""

from voltyard.cli.program import main

__all__ = ["main"]
