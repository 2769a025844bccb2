"""Every known way to slip a schema change past a guard: refused in enforce mode, and the catalog proves it.

Each case is first played directly, to prove that it does what it says, on a server of its own.
"""
import contextlib
import itertools
import pathlib

import psycopg2
import pytest

import corpus
import servers
import wire

CASES = corpus.read_cases(pathlib.Path(__file__).parent / "bypasses", servers.major_version())
SNEAKED_FILE = pathlib.Path("/tmp/schemaguard_sneaked")
_numbers = itertools.count(1)

SCENE = """
    CREATE SCHEMA other;
    CREATE TABLE existing (a int, b text);
    CREATE TABLE empty_table (a int);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE referencing (id int REFERENCES parent);
    CREATE TABLE partitioned (a int) PARTITION BY RANGE (a);
    CREATE TABLE partition_of PARTITION OF partitioned FOR VALUES FROM (10) TO (20);
    CREATE FUNCTION event_function() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
    GRANT ALL ON SCHEMA public, other TO PUBLIC;
    GRANT ALL ON ALL TABLES IN SCHEMA public TO PUBLIC"""
CLEAN_UP = ["DROP ROLE IF EXISTS sneaked_role", "DROP DATABASE IF EXISTS sneaked_database", "ALTER ROLE reader NOCREATEDB",
            "REVOKE pg_read_all_data FROM reader", "ALTER DATABASE template1 RESET ALL", "ALTER ROLE reader RESET ALL",
            "ALTER SYSTEM RESET log_min_messages",
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = 'sneaked_slot'"]


def set_scene(server):
    """boss is a superuser that is no migrator: whatever stops it, it is not the server."""
    server.query("CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'boss'", "postgres")
    server.create_database("bypass_template")
    server.query(SCENE, "bypass_template")
    return server


@pytest.fixture(scope="module")
def guarded_server(postgres):
    return set_scene(postgres)


@pytest.fixture(scope="module")
def direct_server(scratch):
    server = set_scene(servers.PostgresServer(scratch / "direct"))
    yield server
    server.stop()


def fresh_database(server):
    name = f"bypass_{next(_numbers)}"
    server.query(f"CREATE DATABASE {name} TEMPLATE bypass_template", "postgres")
    return name


def drop(server, name):
    with contextlib.suppress(psycopg2.Error):  # a subscription would keep its database
        server.query("DROP SUBSCRIPTION IF EXISTS sneaked", name)
    server.drop_database(name)


class Untouched:
    """A database that case after case has left as it was; replaced as soon as one has not, or needed a setup."""

    def __init__(self, server):
        self.server = server
        self.name = self.connection = None

    def renew(self):
        if self.connection:
            self.connection.close()
            drop(self.server, self.name)
        self.name = fresh_database(self.server)
        self.connection = self.server.connect(self.name)
        self.connection.autocommit = True
        self.state = corpus.fingerprint(self.server, self.connection)

    def _is_alone(self):
        return not self.server.query(f"SELECT 1 FROM pg_stat_activity WHERE datname = '{self.name}' AND usename = 'boss'", "postgres")

    @contextlib.contextmanager
    def lend(self, case):
        if case.setup or self.connection is None:
            self.renew()
        if case.setup:
            self.server.query(case.setup, self.name)
            self.state = corpus.fingerprint(self.server, self.connection)
        changed = []
        yield self.name, changed
        servers.wait_until(self._is_alone, "the case's session is gone, and its temporary objects with it")
        changed += corpus.changed_catalogs(self.state, corpus.fingerprint(self.server, self.connection))
        if case.setup or changed:
            self.renew()


@pytest.fixture(scope="module")
def untouched(guarded_server):
    lender = Untouched(guarded_server)
    yield lender
    if lender.connection:
        lender.connection.close()


def play(case, port, server, database, extended=False):
    answers = []
    with wire.Connection(port, database, "boss") as connection:
        for message in case.bytes_of(server.port, database):
            if not connection.alive:
                break
            if extended:
                answers += connection.extended(message.decode("latin-1"))
            else:
                answers += connection.simple(message)
    return answers


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_case_is_real(case, direct_server):
    database = fresh_database(direct_server)
    if case.setup:
        direct_server.query(case.setup, database)
    answers = play(case, direct_server.port, direct_server, database)
    drop(direct_server, database)
    for statement in CLEAN_UP:
        with contextlib.suppress(psycopg2.Error):
            direct_server.query(statement, "postgres")
    SNEAKED_FILE.unlink(missing_ok=True)
    errors = [answer for answer in answers if answer.sqlstate]
    assert bool(errors) == case.fails_directly, errors


def assert_refused_without_a_trace(case, untouched, guard, extended):
    with untouched.lend(case) as (database, changed):
        answers = play(case, guard.port, untouched.server, database, extended)
    assert any(answer.refused and answer.sqlstate == "42501" for answer in answers), answers
    assert changed == []
    assert not SNEAKED_FILE.exists()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_case_is_refused_and_changes_nothing(case, untouched, enforcing):
    assert_refused_without_a_trace(case, untouched, enforcing, extended=False)


SINGLE = [case for case in CASES if not any(";" in message.rstrip().rstrip(";") for message in case.messages)
          and "{" not in "".join(case.messages)]


@pytest.mark.parametrize("case", SINGLE, ids=lambda case: case.title)
def test_case_is_refused_in_the_extended_protocol(case, untouched, enforcing):
    assert_refused_without_a_trace(case, untouched, enforcing, extended=True)
