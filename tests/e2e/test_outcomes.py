"""What becomes of a statement when the server ends the session: exact where the server's last words make it so."""
import contextlib
import threading

import psycopg2
import pytest

from guard_clients import connect, value
from servers import wait_until


def outcome_of(guard, text):
    """The outcomes of the one statement that holds `text`, in order; waits for the first."""
    def found():
        lines = guard.audit_lines()
        seqs = [line["seq"] for line in lines if line["event"] == "statement" and text in line["statement"]]
        outcomes = [line for line in lines if line["event"] == "outcome" and line.get("of") in seqs]
        return outcomes if outcomes and len(seqs) == 1 else None
    return wait_until(found, f"the outcome of {text}")


def tables(postgres, database):
    return {row[0] for row in postgres.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace",
                                             database)}


def terminate_while_it_waits(postgres, connection, database, sql):
    """Runs `sql` in a thread, ends its backend once it waits for a lock, and gives the error that the client saw."""
    pid = value(connection, "SELECT pg_backend_pid()")
    errors = []

    def run():
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
        except psycopg2.Error as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(lambda: postgres.query(f"SELECT 1 FROM pg_locks WHERE pid = {pid} AND NOT granted", "postgres"),
               "the statement waits for its lock")
    postgres.query(f"SELECT pg_terminate_backend({pid})", "postgres")
    thread.join(timeout=60)
    assert len(errors) == 1 and errors[0].pgcode in ("57P01", None), (database, errors)


@pytest.mark.parametrize("sql", [
    "ALTER TABLE locked ADD COLUMN added int",
    "CREATE TABLE beside (a int); ALTER TABLE locked ADD COLUMN added int; COMMIT",
    "BEGIN; CREATE TABLE beside (a int); ALTER TABLE locked ADD COLUMN added int; COMMIT",
])
def test_backend_that_is_terminated_in_a_statement_has_rolled_it_back(postgres, enforcing, database, sql):
    postgres.query("CREATE TABLE locked (a int); ALTER TABLE locked OWNER TO deploy", database)
    with contextlib.closing(postgres.connect(database)) as holder, holder.cursor() as cursor:
        cursor.execute("LOCK TABLE locked")
        with contextlib.closing(connect(enforcing, database, "deploy")) as connection:
            marked = sql.replace("added", f"added_{database}").replace("beside", f"beside_{database}")
            terminate_while_it_waits(postgres, connection, database, marked)
    for text in [f"added_{database}", f"beside_{database}"]:
        if text in marked:
            assert [line["outcome"] for line in outcome_of(enforcing, text)] == ["rolled_back"]
    assert outcome_of(enforcing, f"added_{database}")[0]["sqlstate"] == "57P01"
    assert tables(postgres, database) == {"locked"}


def test_transaction_that_was_idle_for_too_long_is_rolled_back(postgres, enforcing, database):
    with contextlib.closing(connect(enforcing, database, "deploy")) as connection:
        pid = value(connection, "SELECT pg_backend_pid()")
        with connection.cursor() as cursor:
            cursor.execute("SET idle_in_transaction_session_timeout = '200ms'")
            cursor.execute(f"BEGIN; CREATE TABLE idle_{database} (a int)")
        wait_until(lambda: not postgres.query(f"SELECT 1 FROM pg_stat_activity WHERE pid = {pid}", "postgres"),
                   "the server has ended the session")
        with pytest.raises(psycopg2.OperationalError):
            value(connection, "COMMIT")
    assert [line["outcome"] for line in outcome_of(enforcing, f"idle_{database}")] == ["rolled_back"]
    assert tables(postgres, database) == set()
