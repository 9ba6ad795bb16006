"""Voltyard's benchmarks: the speed goals and the peers, measured in one interleaved run."""
