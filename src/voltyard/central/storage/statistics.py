"""What SQLite's planner is told about the tables.

Without statistics it takes the index of all transactions of a charge point for as good as that of the
running ones, and reads its whole history for each message. It gets these figures once, when the tables are
made, rather than counting: they hold for an empty database and for a large one alike. The first revision
writes them, so what is added here needs a revision that writes it, too.
"""

from __future__ import annotations

# Rows in the index, then how many of them share its first column, its first two, and so on.
STATISTICS = {
    ("transactions", "uq_start"): "1000000 1000 1 1 1 1",
    ("transactions", "ix_transactions_newest"): "1000000 1 1",
    ("transactions", "ix_transactions_tag"): "1000000 1000 1",
    ("transactions", "ix_transactions_open"): "100 2 1",
    ("transactions", "ix_transactions_active_tag"): "100 2",
    ("stops", "uq_stop"): "10000 100 1 1 1",
    ("stops", "ix_stops_unlinked"): "100 2 1",
    ("commands", "ix_commands_newest"): "100000 1000 1 1",
    ("commands", "ix_commands_pending"): "100 2 1",
    ("meter_values", "uq_meter_value"): "10000000 100 100 1 1 1",
}
