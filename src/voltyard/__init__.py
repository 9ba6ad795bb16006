"""OCPP 1.6: central system, charge point and protocol library."""
