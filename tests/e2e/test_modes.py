"""What each mode promises, seen from a client, from the server and from the audit."""
import re
import resource
import signal

import psycopg2
import pytest

import servers
import wire

ALTER = "ALTER TABLE guarded ADD COLUMN extra int"


def columns(postgres, database):
    return [row[0] for row in postgres.query("SELECT attname FROM pg_attribute WHERE attrelid = 'guarded'::regclass "
                                             "AND attnum > 0 AND NOT attisdropped ORDER BY attnum", database)]


@pytest.fixture
def guarded(postgres, database):
    postgres.query("CREATE TABLE guarded (n int)", database, "app")
    postgres.query("GRANT app TO deploy", "postgres")
    return database


def records_of(guard, database, count=None):
    """The statements of one database; waits for `count` of them: nothing waits for the file but in enforce mode."""
    def find():
        found = [record for record in guard.audit_events("statement") if record.get("database") == database]
        return found if count is None or len(found) >= count else None
    return servers.wait_until(find, f"{count} records") if count else find()


def wait_for_outcome(guard, statement):
    def find():
        return [record for record in guard.audit_events("outcome") if record["of"] == statement["seq"]]
    return servers.wait_until(find, f"the outcome of {statement}")[0]


def test_enforce_refuses_with_reason_hint_and_reference(postgres, enforcing, guarded):
    with wire.Connection(enforcing.port, guarded, "app") as connection:
        (answer,) = connection.simple(ALTER)
        assert answer.sqlstate == "42501"
        assert re.match(r"schemaguard: ALTER TABLE (public\.)?guarded blocked: .* \(rule builtin/schema, ref shop/\d+\)$",
                        answer.message)
        assert "migration" in answer.hint
        assert connection.simple("SELECT 1")[0].rows == [["1"]]
    assert columns(postgres, guarded) == ["n"]
    (record,) = records_of(enforcing, guarded, 1)
    assert record["verdict"] == record["would"] == "block"
    assert record["outcome"] == "refused" and record["reason"] == "not_sanctioned" and record["user"] == "app"
    assert record["class"] == ["schema"] and record["command"] == "ALTER TABLE"
    assert [change["kind"] for change in record["changes"]] == ["add_column"]
    assert f"ref {record['ref']})" in answer.message


def test_a_migrator_passes_and_the_audit_knows_the_outcome(postgres, enforcing, guarded):
    with wire.Connection(enforcing.port, guarded, "deploy") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
        connection.simple("BEGIN")
        connection.simple("ALTER TABLE guarded ADD COLUMN gone int")
        connection.simple("ROLLBACK")
    assert columns(postgres, guarded) == ["n", "extra"]
    kept, gone = records_of(enforcing, guarded, 2)
    assert kept["verdict"] == "allow" and kept["sanctioned"] is True
    assert wait_for_outcome(enforcing, kept)["outcome"] == "committed"
    assert wait_for_outcome(enforcing, gone)["outcome"] == "rolled_back"


def test_the_migration_listener_makes_a_migrator(postgres, guard_factory, guarded):
    door = servers.free_port()
    guard = guard_factory("enforce", migrators=[], server={"migration_listen": f"127.0.0.1:{door}"})
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].refused
    with wire.Connection(door, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"


def test_a_migrator_from_elsewhere_is_none(guard_factory, guarded):
    guard = guard_factory("enforce", migrators=[{"user": "deploy", "from": ["192.0.2.0/24"]}])
    with wire.Connection(guard.port, guarded, "deploy") as connection:
        assert connection.simple(ALTER)[0].refused


def test_observe_forwards_and_notes(postgres, observing, guarded):
    with wire.Connection(observing.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
        assert connection.notices == []
    (record,) = records_of(observing, guarded, 1)
    assert record["verdict"] == "allow" and record["would"] == "block"
    assert wait_for_outcome(observing, record)["outcome"] == "committed"


def test_warn_forwards_and_says_so(postgres, guard_factory, guarded):
    guard = guard_factory("warn")
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
        assert len(connection.notices) == 1
        assert connection.notices[0].startswith("WARNING:  schemaguard: ALTER TABLE")
        assert connection.extended("COMMENT ON TABLE guarded IS 'x'")[0].tag == "COMMENT"
        assert len(connection.notices) > 1 and all("schemaguard: " in notice for notice in connection.notices)
    assert [record["would"] for record in records_of(guard, guarded, 2)] == ["block", "block"]


def test_off_judges_and_records_nothing(postgres, guard_factory, guarded):
    guard = guard_factory("off")
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
    assert records_of(guard, guarded) == []


def test_each_database_may_have_its_own_mode(postgres, guard_factory, guarded):
    guard = guard_factory("enforce", server={"databases": {"fresh_*": {"mode": "observe"}}})
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
    with wire.Connection(guard.port, "shop", "app") as connection:
        assert connection.simple("CREATE TABLE no_such (a int)")[0].refused


def test_the_mode_can_be_changed_for_a_while(postgres, guard_factory, guarded):
    guard = guard_factory("enforce")
    servers.run_guard_command("mode", "observe", "--database", f"shop/{guarded}", "--for", "3s", "--reason", "a false alarm",
                              "--config", guard.config_file, check=0)
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
        servers.wait_until(lambda: connection.simple("ALTER TABLE guarded ADD COLUMN IF NOT EXISTS again int")[0].refused,
                           "enforce mode returns by itself")
    changes = [record for record in guard.audit_events("policy") if "a false alarm" in str(record)]
    assert changes


# ---- observe mode refuses nothing that can be relayed

def test_observe_relays_replication(postgres, observing):
    with wire.Connection(observing.port, "shop", "postgres", "replication=database") as connection:
        assert len(connection.simple("IDENTIFY_SYSTEM")[0].rows) == 1
        assert connection.simple("SHOW server_version")[0].rows


def test_enforce_refuses_replication_unless_listed(postgres, guard_factory, enforcing):
    connection = wire.Connection(enforcing.port, "shop", "postgres", "replication=database")
    assert not connection.connected and "schemaguard" in connection.error
    connection.close()
    listed = guard_factory("enforce", server={"replication_users": ["postgres"]})
    with wire.Connection(listed.port, "shop", "postgres", "replication=database") as connection:
        assert len(connection.simple("IDENTIFY_SYSTEM")[0].rows) == 1


@pytest.mark.parametrize("options", ["client_encoding=SJIS", "options='-c standard_conforming_strings=off'",
                                     "options='-c search_path=other -c work_mem=8MB --enable-seqscan=off'",
                                     "options='-c session_replication_role=replica'", "application_name='; DROP TABLE x'"])
def test_observe_relays_unusual_startup_keys(options, observing, postgres):
    with wire.Connection(observing.port, "shop", "postgres", options) as connection:
        assert connection.simple("SELECT 1")[0].rows == [["1"]]


@pytest.mark.parametrize("options", ["options='-c standard_conforming_strings=off'", "options=--standard-conforming-strings=off",
                                     "options='-c session_replication_role=replica'", "options='-cRole=deploy'",
                                     "options='-c session_authorization=deploy'"])
def test_enforce_refuses_startup_keys_that_change_the_reading_or_the_actor(options, enforcing, postgres):
    connection = wire.Connection(enforcing.port, "shop", "postgres", options)
    refused = not connection.connected and "schemaguard" in connection.error
    if connection.connected:  # tracked instead of refused: then no trick may work
        if "strings" in options:
            assert connection.simple("SELECT '\\''; CREATE TABLE sneaked (a int); --'")[0].refused
        assert connection.simple("CREATE TABLE sneaked (a int)")[0].refused
    else:
        assert refused, connection.error
    connection.close()
    assert postgres.query("SELECT to_regclass('sneaked')") == [(None,)]


@pytest.mark.parametrize("options", ["options='-c search_path=public -c statement_timeout=5000'", "options='-c geqo=off'",
                                     "client_encoding=UTF8", "client_encoding=LATIN1", "application_name=psql",
                                     "options='-c default_transaction_read_only=on -c TimeZone=UTC -c DateStyle=ISO'"])
def test_enforce_lets_ordinary_startup_keys_pass(options, enforcing, postgres):
    with wire.Connection(enforcing.port, "shop", "app", options) as connection:
        assert connection.simple("SELECT 1")[0].rows == [["1"]]


def test_observe_relays_text_that_cannot_be_read(observing, postgres, database):
    with wire.Connection(observing.port, database, "app") as connection:
        assert connection.simple("SELECT E'a' --c\n'b'")[0].rows == [["ab"]]
        assert connection.simple("SELECT 0x1F")[0].sqlstate in ("", "42601")
        assert connection.simple("SET client_encoding = 'SJIS'")[0].tag == "SET"
        assert connection.simple(b"SELECT length('\x95\x5c')")[0].rows == [["1"]]
        assert connection.simple("REPACK everything")[0].sqlstate == "42601"
        assert connection.alive


class LimitedGuard(servers.Guard):
    """A guard whose files may not grow beyond a few pages: its audit disk is full."""

    def start(self):
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # inherited: a write then fails instead of killing
            resource.setrlimit(resource.RLIMIT_FSIZE, (48 * 1024, 48 * 1024))

        self.write_config()
        with open(self.log_file, "ab") as log:
            import subprocess
            self.process = subprocess.Popen([servers.BINARY, "run", "--config", str(self.config_file)], stdout=log,
                                            stderr=log, stdin=subprocess.DEVNULL, preexec_fn=limit)
        servers.wait_until(self._is_ready, "the guard accepts connections")
        return self


def fill_the_disk(connection):
    for number in range(400):
        answer = connection.simple(f"COMMENT ON TABLE guarded IS '{'x' * 500} {number}'")[0]
        if answer.sqlstate:
            return answer
    return None


@pytest.fixture
def limited_guard(scratch, postgres):
    guards = []

    def start(mode):
        guards.append(LimitedGuard(scratch / f"limited-{mode}", postgres.port, mode=mode))
        return guards[-1].start()

    yield start
    for guard in guards:
        guard.stop()


def test_a_full_audit_disk_stops_audited_statements_only(limited_guard, postgres, guarded):
    guard = limited_guard("enforce")
    with wire.Connection(guard.port, guarded, "deploy") as connection:
        answer = fill_the_disk(connection)
        assert answer is not None and answer.message.startswith("schemaguard: ") and "audit" in answer.message
        assert connection.simple("SELECT 1")[0].rows == [["1"]]
        assert connection.simple("INSERT INTO guarded VALUES (1)")[0].tag == "INSERT 0 1"
        assert connection.simple("CREATE TEMP TABLE passing (a int)")[0].tag == "CREATE TABLE"
        # A smaller record may still fit behind the one that did not.
        assert any(connection.simple("COMMENT ON TABLE guarded IS 'x'")[0].sqlstate for _ in range(50))
        assert connection.simple(ALTER)[0].sqlstate
    assert columns(postgres, guarded) == ["n"]


def test_a_full_audit_disk_stops_nothing_in_observe_mode(limited_guard, postgres, guarded):
    guard = limited_guard("observe")
    with wire.Connection(guard.port, guarded, "app") as connection:
        assert fill_the_disk(connection) is None
        assert connection.simple(ALTER)[0].tag == "ALTER TABLE"
    assert columns(postgres, guarded) == ["n", "extra"]


def test_the_restore_of_a_dump_leaves_no_half_behind(postgres, enforcing, guarded):
    """A refused CREATE TABLE must not be followed by its data landing in the live table of that name."""
    with wire.Connection(enforcing.port, guarded, "app") as connection:
        assert connection.simple("CREATE TABLE guarded (n int)")[0].refused
        answers = connection.simple("COPY guarded FROM STDIN")
        assert answers[-1].refused or answers[-1].sqlstate == "42501"
        assert connection.simple("INSERT INTO guarded VALUES (1)")[0].refused
        assert connection.simple("SELECT 1")[0].rows == [["1"]]
    assert postgres.query("SELECT count(*) FROM guarded", guarded) == [(0,)]
    with psycopg2.connect(host="127.0.0.1", port=enforcing.port, dbname=guarded, user="app", password="app") as other:
        other.cursor().execute("INSERT INTO guarded VALUES (2)")
