"""Outcomes that are unknown because the connection broke around the COMMIT: settled by a look at the catalog."""
import contextlib
import threading

import psycopg2
import pytest

from guard_clients import connect, metric
from servers import PostgresServer, run_guard_command, wait_until
from severing_relay import SeveringRelay
from test_outcomes import tables


@pytest.fixture(scope="module")
def looking(scratch, postgres, guard_factory):
    """A guard with a login of its own, in front of a server that a relay may cut off."""
    postgres.query("CREATE ROLE schemaguard LOGIN PASSWORD 'schemaguard'", "postgres")
    relay = SeveringRelay(postgres.port)
    yield guard_factory("enforce", upstream=relay.port, server=guard_login(scratch))
    relay.close()


def guard_login(scratch):
    password = scratch / "settlement-password"
    password.write_text("schemaguard\n", encoding="ascii")
    return {"guard_login": {"user": "schemaguard", "password_file": str(password)}}


def run_until_cut(guard, database, *texts):
    """Sends simple queries one by one; the last one has a mark and the connection breaks at it."""
    connection = connect(guard, database, "deploy")
    with contextlib.closing(connection), connection.cursor() as cursor:
        for text in texts[:-1]:
            cursor.execute(text)
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute(texts[-1])


def outcomes_of(guard, database, text, count=2):
    """The outcome records of the statement with `text` in `database`, once there are `count` of them."""
    def found():
        lines = guard.audit_lines()
        seqs = [line["seq"] for line in lines
                if line["event"] == "statement" and line["database"] == database and text in line["statement"]]
        assert len(seqs) <= 1, text
        outcomes = [line for line in lines if line["event"] == "outcome" and line.get("of") in seqs]
        return outcomes if len(outcomes) >= count else None
    return wait_until(found, f"{count} outcomes of {text}")


def settled(guard, database, text):
    first, second = outcomes_of(guard, database, text)
    assert first["outcome"] == "unknown" and "reason" not in first, first
    assert second["reason"] == ("not_settled" if second["outcome"] == "unknown" else "settled_by_catalog"), second
    return second["outcome"]


PREPARATION = """
CREATE SCHEMA app;
CREATE TABLE app.old (a int, gone int, named int, CONSTRAINT positive CHECK (a > 0));
CREATE TABLE app.dropped (a int);
CREATE TYPE app.colour AS ENUM ('red');
CREATE VIEW app.seen AS SELECT 1 AS one;
GRANT ALL ON SCHEMA app, public TO deploy;
ALTER TABLE app.old OWNER TO deploy; ALTER TABLE app.dropped OWNER TO deploy;
ALTER TYPE app.colour OWNER TO deploy; ALTER VIEW app.seen OWNER TO deploy; ALTER SCHEMA app OWNER TO deploy;
"""


@pytest.mark.parametrize("change", [
    "CREATE TABLE made (a int)",
    "CREATE TABLE app.made (a int)",
    "DROP TABLE app.dropped",
    "ALTER TABLE app.old ADD COLUMN added int",
    "ALTER TABLE app.old DROP COLUMN gone",
    "ALTER TABLE app.old RENAME COLUMN named TO renamed",
    "ALTER TABLE app.old ADD CONSTRAINT big CHECK (a > 10)",
    "ALTER TABLE app.old DROP CONSTRAINT positive",
    "ALTER TABLE app.old RENAME TO young",
    "ALTER TABLE app.dropped SET SCHEMA public",
    "CREATE INDEX found ON app.old (a)",
    "CREATE VIEW app.view AS SELECT 2 AS two",
    "DROP VIEW app.seen",
    "CREATE SCHEMA another",
    "CREATE TYPE app.size AS ENUM ('s')",
    "ALTER TYPE app.colour ADD VALUE 'green'",
    "ALTER TYPE app.colour RENAME VALUE 'red' TO 'crimson'",
    "CREATE SEQUENCE app.counter",
    "CREATE DOMAIN app.natural AS int CHECK (VALUE > 0)",
    "CREATE POLICY mine ON app.old",
    "CREATE TRIGGER tick BEFORE INSERT ON app.old FOR EACH ROW EXECUTE FUNCTION suppress_redundant_updates_trigger()",
])
@pytest.mark.parametrize("moment, outcome", [("after", "committed"), ("before", "rolled_back")])
def test_lost_commit_is_settled(postgres, looking, database, change, moment, outcome):
    postgres.query(PREPARATION + f'GRANT ALL ON DATABASE "{database}" TO deploy', database)
    run_until_cut(looking, database, "BEGIN", change, f"COMMIT /* cut:{moment} */")
    assert settled(looking, database, change) == outcome


@pytest.mark.parametrize("change", ["CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
                                    "ALTER TABLE app.old ALTER a SET NOT NULL"])
def test_rollback_is_proved_where_a_commit_cannot_be(postgres, looking, database, change):
    postgres.query(PREPARATION, database)
    run_until_cut(looking, database, "BEGIN", change, "COMMIT /* cut:before */")
    assert settled(looking, database, change) == "rolled_back"


def test_one_proof_settles_the_whole_transaction(postgres, looking, database):
    run_until_cut(looking, database, "BEGIN; CREATE TABLE one (a int); COMMENT ON TABLE one IS 'first'; "
                  "ALTER TABLE one ALTER a TYPE bigint", "COMMIT /* cut:after */")
    for text in ("CREATE TABLE one", "COMMENT ON TABLE one", "ALTER TABLE one"):
        assert settled(looking, database, text) == "committed"
    evidence = outcomes_of(looking, database, "COMMENT ON TABLE one")[1]["detail"]["evidence"]
    assert evidence == "relation one is there"
    shown = run_guard_command("audit", "show", looking.audit_file, "--database", database, "--outcome", "committed",
                              check=0).stdout
    statements = [line for line in shown.splitlines() if "  statement  " in line]
    assert len(statements) == 3 and all("  committed  " in line for line in statements), shown
    history = run_guard_command("audit", "who", "one", looking.audit_file, check=0).stdout
    assert "committed" in history
    run_guard_command("audit", "verify", looking.audit_file, check=0)


def test_statement_that_was_never_answered_is_settled_by_absence_only(postgres, looking, database):
    run_until_cut(looking, database, "CREATE TABLE sent /* cut:before */ (a int)")
    assert settled(looking, database, "CREATE TABLE sent") == "rolled_back"
    run_until_cut(looking, database, "CREATE TABLE arrived /* cut:after */ (a int)")
    assert settled(looking, database, "CREATE TABLE arrived") == "unknown"
    assert tables(postgres, database) == {"arrived"}


def test_work_of_another_session_on_the_same_object_leaves_it_unknown(postgres, looking, database):
    connection = connect(looking, database, "deploy")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("BEGIN; CREATE TABLE contested (a int)")
        with contextlib.closing(connect(looking, database, "deploy")) as other, other.cursor() as second:
            second.execute("DROP TABLE IF EXISTS contested")
        with pytest.raises(psycopg2.OperationalError):
            cursor.execute("COMMIT /* cut:after */")
    assert settled(looking, database, "CREATE TABLE contested") == "unknown"


def test_search_path_leads_the_look(postgres, looking, database):
    postgres.query(PREPARATION, database)
    run_until_cut(looking, database, "SET search_path = app", "BEGIN; CREATE TABLE made (a int)",
                  "COMMIT /* cut:after */")
    assert settled(looking, database, "CREATE TABLE made") == "committed"
    postgres.query("ALTER ROLE deploy SET search_path = app, public", "postgres")
    try:
        run_until_cut(looking, database, "BEGIN; CREATE TABLE stored (a int)", "COMMIT /* cut:after */")
        assert settled(looking, database, "CREATE TABLE stored") == "committed"
        run_until_cut(looking, database, "BEGIN; DROP TABLE dropped", "COMMIT /* cut:after */")
        assert settled(looking, database, "DROP TABLE dropped") == "unknown", "two schemas: which one?"
    finally:
        postgres.query("ALTER ROLE deploy RESET search_path", "postgres")


def test_event_trigger_takes_the_force_of_absence(postgres, looking, database):
    postgres.query("CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'; "
                   "CREATE EVENT TRIGGER watcher ON ddl_command_end EXECUTE FUNCTION nothing()", database)
    run_until_cut(looking, database, "BEGIN; CREATE TABLE watched (a int)", "COMMIT /* cut:before */")
    assert settled(looking, database, "CREATE TABLE watched") == "unknown"


def end_elsewhere(guard, database, text):
    with contextlib.closing(connect(guard, database, "deploy")) as other, other.cursor() as cursor:
        cursor.execute(text)


def test_lost_prepare_is_found_prepared_and_ended_by_somebody_else(looking, database):
    run_until_cut(looking, database, "BEGIN; CREATE TABLE two_phase (a int)",
                  f"PREPARE TRANSACTION 'lost {database}' /* cut:after */")
    records = outcomes_of(looking, database, "CREATE TABLE two_phase")
    assert [line["outcome"] for line in records] == ["unknown", "prepared"]
    assert records[1]["detail"] == {"gid": f"lost {database}"}
    end_elsewhere(looking, database, f"COMMIT PREPARED 'lost {database}'")
    assert outcomes_of(looking, database, "CREATE TABLE two_phase", 3)[2]["outcome"] == "committed"


def test_prepare_that_never_arrived_is_a_rollback(looking, database):
    run_until_cut(looking, database, "BEGIN; CREATE TABLE two_phase (a int)",
                  f"PREPARE TRANSACTION 'never {database}' /* cut:before */")
    assert settled(looking, database, "CREATE TABLE two_phase") == "rolled_back"


@pytest.mark.parametrize("moment, verb, outcome", [("after", "COMMIT", "committed"), ("after", "ROLLBACK", "rolled_back")])
def test_lost_end_of_a_prepared_transaction_is_settled(looking, database, moment, verb, outcome):
    end_elsewhere(looking, database, f"BEGIN; CREATE TABLE two_phase (a int); PREPARE TRANSACTION 'end {database}'")
    run_until_cut(looking, database, f"{verb} PREPARED 'end {database}' /* cut:{moment} */")
    records = outcomes_of(looking, database, "CREATE TABLE two_phase")
    assert [line["outcome"] for line in records] == ["prepared", outcome]
    assert records[1]["reason"] == "settled_by_catalog"


def test_end_that_never_arrived_leaves_it_prepared(looking, database):
    end_elsewhere(looking, database, f"BEGIN; CREATE TABLE two_phase (a int); PREPARE TRANSACTION 'kept {database}'")
    run_until_cut(looking, database, f"COMMIT PREPARED 'kept {database}' /* cut:before */")
    end_elsewhere(looking, database, f"ROLLBACK PREPARED 'kept {database}'")
    assert [line["outcome"] for line in outcomes_of(looking, database, "CREATE TABLE two_phase")] == [
        "prepared", "rolled_back"]


def test_prepared_transaction_outlives_the_guard(looking, database):
    end_elsewhere(looking, database, f"BEGIN; CREATE TABLE two_phase (a int); PREPARE TRANSACTION 'kept {database}'")
    assert [line["outcome"] for line in outcomes_of(looking, database, "CREATE TABLE two_phase", 1)] == ["prepared"]
    looking.kill()
    looking.start()
    end_elsewhere(looking, database, f"COMMIT PREPARED 'kept {database}'")
    assert [line["outcome"] for line in outcomes_of(looking, database, "CREATE TABLE two_phase")] == [
        "prepared", "committed"]
    run_guard_command("audit", "verify", looking.audit_file, check=0)


def test_end_of_a_prepared_transaction_from_elsewhere_is_recorded(postgres, looking, database):
    with contextlib.closing(postgres.connect(database, "deploy")) as direct:
        direct.autocommit = True
        with direct.cursor() as cursor:
            cursor.execute(f"BEGIN; CREATE TABLE two_phase (a int); PREPARE TRANSACTION 'strange {database}'")
    end_elsewhere(looking, database, f"COMMIT PREPARED 'strange {database}'")
    def found():
        return [line for line in looking.audit_events("outcome") if line.get("reason") == "unknown_prepared_transaction"
                and line["detail"] == {"gid": f"strange {database}"}]
    assert wait_until(found, "a record of the end")[0]["outcome"] == "committed"


def test_server_that_is_down_is_waited_for(scratch, guard_factory):
    server = PostgresServer(scratch / "settlement-server")
    server.query("CREATE ROLE schemaguard LOGIN PASSWORD 'schemaguard'", "postgres")
    guard = guard_factory("enforce", upstream=server.port, server=guard_login(scratch))
    connection = connect(guard, "shop", "deploy")
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute("CREATE TABLE waited (a int)")
        cursor.execute("CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS "
                       "'BEGIN PERFORM pg_sleep(600); RETURN NULL; END'")
        cursor.execute("CREATE CONSTRAINT TRIGGER late AFTER INSERT ON waited DEFERRABLE INITIALLY DEFERRED "
                       "FOR EACH ROW EXECUTE FUNCTION slow()")
        cursor.execute("BEGIN; INSERT INTO waited VALUES (1); CREATE TABLE in_commit (a int)")
        connection_is_lost_in_commit(server, cursor)
    wait_until(lambda: metric(guard, "schemaguard_outcomes_waiting") == 1, "the guard knows what it has to find out")
    server.start()
    assert settled(guard, "shop", "CREATE TABLE in_commit") == "rolled_back"
    wait_until(lambda: metric(guard, "schemaguard_outcomes_waiting") == 0, "nothing is left to find out")
    server.stop()


def connection_is_lost_in_commit(server, cursor):
    """The server crashes while a deferred trigger keeps the COMMIT busy."""
    errors = []

    def commit():
        try:
            cursor.execute("COMMIT")
        except psycopg2.Error as error:
            errors.append(error)

    thread = threading.Thread(target=commit)
    thread.start()
    wait_until(lambda: server.query("SELECT 1 FROM pg_stat_activity WHERE query = 'COMMIT' AND wait_event = 'PgSleep'",
                                    "postgres"), "the COMMIT waits in its trigger")
    server.crash()
    thread.join(timeout=60)
    assert len(errors) == 1
