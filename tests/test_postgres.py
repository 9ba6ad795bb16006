"""The PostgreSQL of the tests: fresh databases, and nothing left behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
from tests.postgres import PostgresServer

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[1]
START_AND_WAIT = """
from tests.postgres import running_postgres
with running_postgres() as server:
    print(server.url("postgres"), flush=True)
    input()
"""


def test_each_database_starts_empty(postgres: PostgresServer, postgres_url: str) -> None:
    with psycopg.connect(postgres_url) as connection:
        connection.execute("CREATE TABLE charge_points (identity TEXT)")

    other = postgres.create_database()

    with psycopg.connect(postgres.url(other)) as connection:
        tables = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    postgres.drop_database(other)
    assert tables == (0,)


def test_a_database_can_be_a_copy_of_another(postgres: PostgresServer) -> None:
    template = postgres.create_database()
    with psycopg.connect(postgres.url(template)) as connection:
        connection.execute("CREATE TABLE charge_points AS SELECT 'CP-1' AS identity")

    copy = postgres.create_database(template=template)

    with psycopg.connect(postgres.url(copy)) as connection:
        assert connection.execute("SELECT identity FROM charge_points").fetchone() == ("CP-1",)
    postgres.drop_database(copy)
    postgres.drop_database(template)


def test_the_server_ends_when_the_test_run_is_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", START_AND_WAIT],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        text=True,
    ) as run:
        assert run.stdout is not None
        url = run.stdout.readline().strip()
        with psycopg.connect(url) as connection:
            run.kill()

            # The server takes its leave of the connection; the query would last for an hour.
            with pytest.raises(psycopg.OperationalError, match="terminat"):
                connection.execute("SELECT pg_sleep(3600)")
