"""Rules of charging that both sides share: connector states and meter readings, as pure code."""
