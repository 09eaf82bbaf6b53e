"""The PostgreSQL that other tests rely on, and the way to it that can fail."""

from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from proxy import Proxy


def test_what_was_committed_outlives_a_kill(postgres, database):
    with psycopg.connect(database) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        connection.execute("INSERT INTO kept VALUES (7)")
    with psycopg.connect(database) as open_one:
        postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            open_one.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database)

    postgres.start()

    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT number FROM kept").fetchall() == [(7,)]


def test_each_database_is_new_and_its_server_runs_again(postgres, database):
    postgres.kill()

    other = postgres.fresh_database()

    assert other != database
    with psycopg.connect(other) as connection:
        assert connection.execute("SELECT count(*) FROM pg_stat_user_tables").fetchone() == (0,)


def test_a_proxy_stalls_goes_on_and_cuts(postgres, database):
    with Proxy(postgres.port) as way:
        address = database.replace(str(postgres.port), str(way.port))
        with psycopg.connect(address, autocommit=True) as connection, ThreadPoolExecutor(1) as pool:
            way.stall()
            asked = pool.submit(connection.execute, "SELECT 1")
            with pytest.raises(psycopg.OperationalError, match="timeout"):
                psycopg.connect(address, connect_timeout=2)
            assert not asked.done()
            way.go_on()
            assert asked.result().fetchone() == (1,)
            way.cut()
            with pytest.raises(psycopg.OperationalError):
                connection.execute("SELECT 3")
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(address)
        way.go_on()
        psycopg.connect(address).close()
