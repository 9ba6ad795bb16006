"""The tables: one schema for SQLite and PostgreSQL.

Instants are BIGINT microseconds since 1970 in UTC (`*_us`), JSON is text as it came, flags are 0 or 1. The
migrations under `migrations/` make these tables; a test holds the two against each other.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite numbers rows by itself only for a column of the very type INTEGER.
_Number = BigInteger().with_variant(Integer(), "sqlite")


def _number() -> Column[int]:
    return Column("id", _Number, primary_key=True, autoincrement=True)


def _charge_point(*, nullable: bool = False) -> Column[int]:
    return Column(
        "charge_point_id",
        _Number,
        ForeignKey("charge_points.id"),
        nullable=nullable,
    )


instance = Table(
    "instance",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

charge_points = Table(
    "charge_points",
    metadata,
    _number(),
    Column("identity", String(48), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("next_password_hash", Text),  # offered by ChangeConfiguration, not confirmed yet
    Column("security_profile", SmallInteger, nullable=False),
    Column("compliance", String(8), nullable=False),
    Column("registration", String(8), nullable=False),
    Column("assume_ocpp16", SmallInteger, nullable=False, server_default=text("0")),
    Column("heartbeat_interval_s", Integer),
    Column("accepted_at_us", BigInteger),
    Column("booted_at_us", BigInteger),
    Column("last_seen_us", BigInteger),
    Column("vendor", Text),
    Column("model", Text),
    Column("serial_number", Text),
    Column("firmware_version", Text),
    Column("boot_notification", Text),
    Column("created_at_us", BigInteger, nullable=False),
    Column("deleted_at_us", BigInteger),  # its transactions stay
)

connectors = Table(
    "connectors",
    metadata,
    Column("charge_point_id", _Number, ForeignKey("charge_points.id"), primary_key=True),
    Column("connector_id", BigInteger, primary_key=True),
    Column("status", Text, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("text", Text),
    Column("vendor_id", Text),
    Column("vendor_error_code", Text),
    Column("reported_at_us", BigInteger, nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

id_tags = Table(
    "id_tags",
    metadata,
    Column("id_tag_key", String(80), primary_key=True),  # case folded (OCPP 1.6 §2.2)
    Column("id_tag", String(20), nullable=False),
    Column("status", String(16), nullable=False),
    Column("parent_id_tag", String(20)),
    Column("expiry_date_us", BigInteger),
    Column("max_active_transactions", Integer),
    Column("created_at_us", BigInteger, nullable=False),
)

transactions = Table(
    "transactions",
    metadata,
    # Ids are unpredictable (see transaction_ids); what is stored about transactions lies together by number,
    # which follows time, so that a batch touches few pages.
    Column("number", _Number, primary_key=True, autoincrement=False),
    Column("id", BigInteger, nullable=False, unique=True),
    _charge_point(),
    Column("connector_id", BigInteger, nullable=False),
    Column("id_tag", Text, nullable=False),
    Column("id_tag_key", Text, nullable=False),
    Column("authorization", String(16), nullable=False),
    Column("reservation_id", BigInteger),
    Column("meter_start", BigInteger, nullable=False),
    Column("started_at_us", BigInteger, nullable=False),
    Column("start_received_at_us", BigInteger, nullable=False),
    Column("meter_stop", BigInteger),
    Column("stopped_at_us", BigInteger),
    Column("stop_received_at_us", BigInteger),
    Column("stop_reason", Text),
    Column("stop_id_tag", Text),
    Column("anomalies", Text, nullable=False, server_default=text("''")),  # words, separated by blanks
    # The same start, on any socket, node or message id, after any restart, is the same transaction.
    Index(
        "uq_start",
        "charge_point_id",
        "started_at_us",
        "connector_id",
        "id_tag_key",
        "meter_start",
        unique=True,
    ),
    Index("ix_transactions_newest", "started_at_us", "id"),
    Index("ix_transactions_tag", "id_tag_key", "started_at_us"),
    Index(
        "ix_transactions_open",
        "charge_point_id",
        "started_at_us",
        sqlite_where=text("stopped_at_us IS NULL"),
        postgresql_where=text("stopped_at_us IS NULL"),
    ),
    Index(
        "ix_transactions_active_tag",
        "id_tag_key",
        sqlite_where=text("stopped_at_us IS NULL"),
        postgresql_where=text("stopped_at_us IS NULL"),
    ),
)

# Ids that a charge point was told for a transaction which is known by another one: it was answered from the
# spool while its first answer was lost.
transaction_aliases = Table(
    "transaction_aliases",
    metadata,
    Column("alias_id", BigInteger, primary_key=True, autoincrement=False),
    _charge_point(),
    Column("transaction_id", BigInteger, nullable=False),
    Column("told_at_us", BigInteger, nullable=False),
    Index("ix_transaction_aliases_transaction", "transaction_id", "told_at_us"),
)

# Stops that belong to no transaction (yet), and those that differ from the one that counts.
stops = Table(
    "stops",
    metadata,
    _number(),
    _charge_point(),
    Column("sent_transaction_id", BigInteger, nullable=False),
    Column("transaction_id", BigInteger),
    Column("id_tag", Text),
    Column("meter_stop", BigInteger, nullable=False),
    Column("stopped_at_us", BigInteger, nullable=False),
    Column("reason", Text),
    Column("received_at_us", BigInteger, nullable=False),
    Index("uq_stop", "charge_point_id", "sent_transaction_id", "stopped_at_us", "meter_stop", unique=True),
    Index(
        "ix_stops_unlinked",
        "charge_point_id",
        "stopped_at_us",
        sqlite_where=text("transaction_id IS NULL"),
        postgresql_where=text("transaction_id IS NULL"),
    ),
)

meter_values = Table(
    "meter_values",
    metadata,
    _number(),
    _charge_point(),
    Column("transaction_number", BigInteger, nullable=False),  # 0: of no transaction that we know
    Column("sent_transaction_id", BigInteger),
    Column("connector_id", BigInteger, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("digest", LargeBinary(8), nullable=False),
    Column("context", Text),
    Column("samples", Text, nullable=False),
    Column("energy_wh", Float),
    Column("power_w", Float),
    Column("current_a", Float),
    Column("soc_percent", Float),
    Column("received_at_us", BigInteger, nullable=False),
    Index(
        "uq_meter_value",
        "transaction_number",
        "charge_point_id",
        "at_us",
        "connector_id",
        "digest",
        unique=True,
    ),
)

commands = Table(
    "commands",
    metadata,
    Column("id", String(36), primary_key=True),
    _charge_point(),
    Column("action", String(64), nullable=False),
    Column("payload", Text, nullable=False),
    Column("status", String(16), nullable=False),
    Column("response", Text),
    Column("error_code", Text),
    Column("error_description", Text),
    Column("transaction_id", BigInteger),  # what a RemoteStartTransaction led to
    Column("created_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger, nullable=False),
    Column("sent_at_us", BigInteger),
    Column("ended_at_us", BigInteger),
    Index("ix_commands_newest", "charge_point_id", "created_at_us", "id"),
    Index(
        "ix_commands_pending",
        "charge_point_id",
        "created_at_us",
        sqlite_where=text("ended_at_us IS NULL"),
        postgresql_where=text("ended_at_us IS NULL"),
    ),
)

# The frames of one charge point over a moment, see `message_log`.
message_chunks = Table(
    "message_chunks",
    metadata,
    _number(),
    _charge_point(),
    Column("first_at_us", BigInteger, nullable=False),
    Column("last_at_us", BigInteger, nullable=False),
    Column("frames", Text, nullable=False),
    Index("ix_message_chunks_charge_point", "charge_point_id", "id"),
)

deviations = Table(
    "deviations",
    metadata,
    _number(),
    _charge_point(),
    Column("action", Text, nullable=False),
    Column("rule", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("count", BigInteger, nullable=False),
    Column("first_seen_us", BigInteger, nullable=False),
    Column("last_seen_us", BigInteger, nullable=False),
    UniqueConstraint("charge_point_id", "action", "rule", "path", name="uq_deviation"),
)

quarantine = Table(
    "quarantine",
    metadata,
    _number(),
    _charge_point(),
    Column("received_at_us", BigInteger, nullable=False),
    Column("action", Text, nullable=False),
    Column("error_code", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("frame", Text, nullable=False),
    Index("ix_quarantine_charge_point", "charge_point_id", "id"),
)

# Status reports about firmware, diagnostics and logs, newest last.
status_reports = Table(
    "status_reports",
    metadata,
    _number(),
    _charge_point(),
    Column("action", String(64), nullable=False),
    Column("status", Text, nullable=False),
    Column("request_id", BigInteger),
    Column("received_at_us", BigInteger, nullable=False),
    Index("ix_status_reports_charge_point", "charge_point_id", "id"),
)

security_events = Table(
    "security_events",
    metadata,
    _number(),
    _charge_point(nullable=True),  # null: an attempt that named no known charge point
    Column("origin", String(16), nullable=False),  # charge point, central system
    Column("type", Text, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("tech_info", Text),
    Column("received_at_us", BigInteger, nullable=False),
    Column("digest", LargeBinary(8), nullable=False),  # of what it says, which may be too long for an index
    UniqueConstraint("charge_point_id", "at_us", "digest", name="uq_security_event"),
)

certificate_requests = Table(
    "certificate_requests",
    metadata,
    _number(),
    _charge_point(),
    Column("csr", Text, nullable=False),
    Column("answer", String(8), nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
)

data_transfers = Table(
    "data_transfers",
    metadata,
    _number(),
    _charge_point(),
    Column("vendor_id", Text, nullable=False),
    Column("message_id", Text),
    Column("payload", Text),
    Column("status", String(16), nullable=False),
    Column("received_at_us", BigInteger, nullable=False),
    Index("ix_data_transfers_charge_point", "charge_point_id", "id"),
)

users = Table(
    "users",
    metadata,
    _number(),
    Column("name", String(64), nullable=False, unique=True),
    Column("role", String(8), nullable=False),
    Column("password_hash", Text, nullable=False),
    Column("created_at_us", BigInteger, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    _number(),
    Column("name", String(64), nullable=False),
    Column("role", String(8), nullable=False),
    Column("prefix", String(16), nullable=False),
    Column("key_hash", String(64), nullable=False, unique=True),
    Column("created_at_us", BigInteger, nullable=False),
    Column("expires_at_us", BigInteger),
)
