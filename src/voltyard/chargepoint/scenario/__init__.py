"""Scenarios: what a tester does with hands and what has to come of it, step by step, with a verdict."""
