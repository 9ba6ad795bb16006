"""The revisions of the schema, applied by alembic."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Engine

REVISIONS = ("0001",)
HEAD = REVISIONS[-1]


def upgrade(engine: Engine) -> None:
    """Bring a database to the newest revision, in one transaction per revision."""
    # A start on a database that is up to date needs none of this.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
