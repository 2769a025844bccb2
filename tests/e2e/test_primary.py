"""upstream.target: primary with a real primary, a streaming standby and a promotion."""
import contextlib
import subprocess

import psycopg2
import pytest

from guard_clients import connect, value
from servers import PostgresServer, free_port, postgres_program, run_guard_command, wait_until


class Standby(PostgresServer):
    """A streaming standby of `primary`; everything but its beginning is like any other server's."""

    def __init__(self, directory, primary):  # noqa: the parent makes a cluster of its own, this one copies it
        self.directory = directory
        self.data = directory / "data"
        self.log_file = directory / "postgres.log"
        self.port = free_port()
        self.as_postgres = primary.as_postgres
        self.process = None
        self.administrator = None
        directory.mkdir()
        if self.as_postgres:
            subprocess.run(["chown", "postgres", str(directory)], check=True)
        self._run([postgres_program("pg_basebackup"), "-D", str(self.data), "-R", "-c", "fast", "--no-sync", "-d",
                   f"host=127.0.0.1 port={primary.port} user=postgres password=postgres"])
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as config:
            config.write(f"port = {self.port}\nunix_socket_directories = '{directory}'\n")
        self.start()

    def promote(self):
        self.query("SELECT pg_promote()", "postgres")
        wait_until(lambda: self.query("SELECT pg_is_in_recovery()", "postgres") == [(False,)], "the promotion")


@pytest.fixture
def pair(scratch, request):
    directory = scratch / f"pair-{request.node.name[:40].replace('[', '-').replace(']', '')}"
    directory.mkdir()
    directory.chmod(0o755)
    primary = PostgresServer(directory / "primary")
    primary.query("CREATE ROLE schemaguard LOGIN PASSWORD 'schemaguard'", "postgres")
    standby = Standby(directory / "standby", primary)
    wait_until(lambda: primary.query("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'", "postgres"),
               "the standby follows")
    yield primary, standby
    standby.stop()
    primary.stop()


def upstream(*ports, target="primary"):
    return {"upstream": {"addresses": [f"127.0.0.1:{port}" for port in ports], "tls": "disable", "target": target}}


def with_login(scratch):
    password = scratch / "primary-password"
    password.write_text("schemaguard\n", encoding="ascii")
    return {"guard_login": {"user": "schemaguard", "password_file": str(password)}}


def port_behind(guard):
    with contextlib.closing(connect(guard)) as connection:
        return int(value(connection, "SHOW port"))


def tries(guard):
    """The port of the server that a session reaches, or the error that it meets."""
    try:
        return port_behind(guard)
    except psycopg2.OperationalError as error:
        return str(error)


def test_the_guards_login_finds_the_primary_and_follows_a_promotion(scratch, guard_factory, pair):
    primary, standby = pair
    guard = guard_factory("enforce", server={**upstream(standby.port, primary.port), **with_login(scratch)})
    wait_until(lambda: f"the primary is 127.0.0.1:{primary.port}" in guard.log(), "the guard has found the primary")
    assert {port_behind(guard) for _ in range(5)} == {primary.port}
    primary.stop()
    standby.promote()
    wait_until(lambda: tries(guard) == standby.port, "sessions reach the new primary")
    wait_until(lambda: f"the primary is 127.0.0.1:{standby.port}" in guard.log(), "the guard has seen the promotion")
    assert {port_behind(guard) for _ in range(5)} == {standby.port}


def test_a_session_that_meets_a_standby_is_told_and_the_next_one_is_not(guard_factory, pair):
    primary, standby = pair
    guard = guard_factory("enforce", server=upstream(standby.port, primary.port))
    with pytest.raises(psycopg2.OperationalError) as met:
        connect(guard)
    text = str(met.value)
    assert f"127.0.0.1:{standby.port} is a standby" in text and "Connect again" in text
    assert {port_behind(guard) for _ in range(5)} == {primary.port}
    # libpq takes the answer as "not now" and goes on to its next host by itself.
    with contextlib.closing(psycopg2.connect(host="127.0.0.1,127.0.0.1", port=f"{guard.port},{guard.port}",
                                             dbname="shop", user="app", password="app")) as connection:
        assert int(value(connection, "SHOW port")) == primary.port


def test_any_server_will_do_by_default(guard_factory, pair):
    primary, standby = pair
    guard = guard_factory("enforce", server=upstream(standby.port, primary.port, target="any"))
    assert port_behind(guard) == standby.port


def test_one_address_that_is_a_standby(guard_factory, pair):
    _, standby = pair
    guard = guard_factory("enforce", server=upstream(standby.port))
    assert "is a standby" in tries(guard)
    standby.promote()
    assert tries(guard) == standby.port


def test_check_config_says_how_the_primary_is_found(scratch, guard_factory, pair):
    primary, standby = pair
    asking = guard_factory("enforce", server={**upstream(primary.port, standby.port), **with_login(scratch)})
    trying = guard_factory("enforce", server=upstream(primary.port, standby.port))
    said = run_guard_command("check-config", asking.config_file, check=0).stdout
    assert "guard_login asks every address which one is the primary" in said
    said = run_guard_command("check-config", trying.config_file, check=0).stdout
    assert "target: primary without guard_login" in said and "known standbys last" in said
