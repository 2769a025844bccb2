"""What psql, pgbench and pg_dump of PostgreSQL 17 and 18 say on the wire that older ones do not. Tests that need such a
program exist only when PG_BIN has it."""
import os
import signal
import subprocess

import pytest

import servers
from test_tls import certificates, encrypted_postgres, run_psql, start_guard  # noqa: F401  (fixtures)

PROTOCOLS = {"3.0": "max_protocol_version=3.0", "3.2": "min_protocol_version=3.2", "latest": "max_protocol_version=latest"}


def cancelled_psql(port, settings):
    """Interrupts psql while the server sleeps, as a person at the keyboard would; what psql says then."""
    environment = dict(os.environ, PGPASSWORD="app", PGCONNECT_TIMEOUT="30", PGAPPNAME="to be cancelled")
    return subprocess.Popen(["psql", "-XAtc", "SELECT pg_sleep(60)", f"host=127.0.0.1 port={port} user=app dbname=shop {settings}"],
                            env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_can_be_cancelled(server, port, settings):
    psql = cancelled_psql(port, settings)
    servers.wait_until(lambda: server.query("SELECT 1 FROM pg_stat_activity WHERE application_name = 'to be cancelled'"
                                            " AND wait_event = 'PgSleep'", "postgres", "postgres"), "the server sleeps")
    psql.send_signal(signal.SIGINT)
    _, errors = psql.communicate(timeout=servers.DEADLINE_SECONDS)
    assert "canceling statement due to user request" in errors


def test_cancelling(postgres, enforcing):
    assert_can_be_cancelled(postgres, enforcing.port, "")


if servers.major_version() >= 17:

    def test_direct_tls(guard_factory, postgres, certificates):  # noqa: F811
        guard = start_guard(guard_factory, postgres, certificates, "require", "disable")
        settings = f"sslmode=verify-full sslrootcert={certificates['guard'][1]} sslnegotiation=direct"
        assert run_psql(guard.port, settings, "SELECT 1").stdout == "1\n"
        refused = run_psql(guard.port, settings, "CREATE TABLE no_such (a int)")
        assert "schemaguard: CREATE TABLE" in refused.stderr
        assert_can_be_cancelled(postgres, guard.port, settings)

    def test_direct_tls_on_both_legs(guard_factory, encrypted_postgres, certificates):  # noqa: F811
        guard = start_guard(guard_factory, encrypted_postgres, certificates, "allow", "require")
        result = run_psql(guard.port, "sslmode=require sslnegotiation=direct channel_binding=disable")
        assert result.stdout == "t\n", result.stderr

    def test_direct_tls_needs_a_listener_with_tls(enforcing):
        result = run_psql(enforcing.port, "sslmode=require sslnegotiation=direct")
        assert result.returncode != 0 and "SSL" in result.stderr
        assert run_psql(enforcing.port, "", "SELECT 1").stdout == "1\n"


if servers.major_version() >= 18:

    @pytest.mark.parametrize("version", PROTOCOLS)
    def test_protocol_versions(version, postgres, enforcing):
        def facts(port):
            result = run_psql(port, PROTOCOLS[version], "\\conninfo")
            return [line for line in result.stdout.splitlines() if line.startswith(("Protocol Version", "Password Used"))]

        assert facts(enforcing.port) == facts(postgres.port) and len(facts(postgres.port)) == 2
        refused = run_psql(enforcing.port, PROTOCOLS[version], "CREATE TABLE no_such (a int)")
        assert "schemaguard: CREATE TABLE" in refused.stderr

    @pytest.mark.parametrize("version", PROTOCOLS)
    def test_cancelling_in_every_protocol_version(version, postgres, enforcing):
        assert_can_be_cancelled(postgres, enforcing.port, PROTOCOLS[version])

    def test_the_reported_search_path_is_followed(postgres, guard_factory):
        """Version 18 reports search_path, also when it comes from the role and not from the session."""
        guard = guard_factory("observe")
        postgres.query("ALTER ROLE app IN DATABASE shop SET search_path = tucked_away, public")
        try:
            postgres.query("CREATE SCHEMA tucked_away AUTHORIZATION app")
            assert run_psql(guard.port, "", "CREATE TABLE found_there (a int)").returncode == 0
            assert postgres.query("SELECT to_regclass('tucked_away.found_there') IS NOT NULL") == [(True,)]
            guard.stop()
            assert any(line.get("search_path") == ["tucked_away", "public"] for line in guard.audit_lines()), guard.audit_lines()
        finally:
            postgres.query("ALTER ROLE app IN DATABASE shop RESET search_path")
            postgres.query("DROP SCHEMA tucked_away CASCADE")
