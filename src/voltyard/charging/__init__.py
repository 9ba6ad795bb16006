"""Rules of charging that both sides share: connector states, meter readings, charging profiles; pure code."""
