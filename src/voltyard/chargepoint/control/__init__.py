"""HTTP on this machine to a simulated charge point: everything that a tester does with his hands."""
