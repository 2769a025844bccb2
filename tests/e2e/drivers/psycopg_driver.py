"""Plays with psycopg2: `psycopg_driver.py PORT DATABASE transparent|refused`, one line a result on standard output."""
import io
import select
import sys

import psycopg2
import psycopg2.extras

port, database, play = int(sys.argv[1]), sys.argv[2], sys.argv[3]


def connect():
    return psycopg2.connect(host="127.0.0.1", port=port, dbname=database, user="app", password="app",
                            application_name="psycopg-play")


def say(name, result):
    print(f"{name}: {result}")


def attempt(cursor, sql, parameters=None):
    try:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.statusmessage
    except psycopg2.Error as error:
        return error.pgcode


def transparent():
    connection = connect()
    cursor = connection.cursor()
    say("version", connection.server_version)
    say("encoding", connection.encoding)
    say("parameters", [connection.get_parameter_status(name) for name in
                       ("server_version", "client_encoding", "DateStyle", "TimeZone", "standard_conforming_strings",
                        "integer_datetimes", "application_name", "is_superuser", "session_authorization")])
    say("create", attempt(cursor, "CREATE TABLE played (id serial PRIMARY KEY, name text, at date, blob bytea)"))
    say("insert", attempt(cursor, "INSERT INTO played (name, at, blob) VALUES (%s, %s, %s) RETURNING id",
                          ("o'clock \\ é", "2024-02-29", psycopg2.Binary(bytes(range(256))))))
    say("values", psycopg2.extras.execute_values(cursor, "INSERT INTO played (name) VALUES %s RETURNING id",
                                                 [(f"row {n}",) for n in range(250)], fetch=True)[-1])
    psycopg2.extras.execute_batch(cursor, "UPDATE played SET name = name || %s WHERE id = %s",
                                  [("!", n) for n in range(1, 200)])
    say("batch", cursor.statusmessage)
    connection.commit()
    say("select", attempt(cursor, "SELECT id, name, at, blob::text FROM played ORDER BY id LIMIT 3"))
    say("binary", bytes(attempt(cursor, "SELECT blob FROM played WHERE id = 1")[0][0]) == bytes(range(256)))
    say("error", attempt(cursor, "SELECT nosuch"))
    say("failed", attempt(cursor, "SELECT 1"))
    connection.rollback()
    cursor.copy_expert("COPY played (name) FROM stdin", io.StringIO("copied one\ncopied two\n" * 2000))
    say("copy in", cursor.rowcount)
    out = io.StringIO()
    cursor.copy_expert("COPY (SELECT name FROM played ORDER BY id) TO stdout", out)
    say("copy out", (len(out.getvalue()), out.getvalue()[-30:]))
    try:
        cursor.copy_expert("COPY played (id) FROM stdin", io.StringIO("not a number\n"))
    except psycopg2.Error as error:
        say("copy error", error.pgcode)
    connection.rollback()
    named = connection.cursor("server_side")
    named.itersize = 100
    named.execute("SELECT generate_series(1, 1000)")
    say("named cursor", sum(row[0] for row in named))
    named.close()
    large = connection.lobject(0, "wb")
    large.write(b"large object " * 10000)
    number = large.oid
    large.close()
    connection.commit()
    large = connection.lobject(number, "rb")
    large.seek(13 * 9999)
    say("large object", (large.read(), large.tell()))
    large.unlink()
    connection.commit()
    listener = connect()
    listener.autocommit = True
    listener.cursor().execute("LISTEN played")
    cursor.execute("NOTIFY played, 'hello'")
    connection.commit()
    select.select([listener], [], [], 10)
    listener.poll()
    say("notify", [(one.channel, one.payload) for one in listener.notifies])
    connection.autocommit = True
    cursor.execute("DO $$ BEGIN RAISE NOTICE 'noted'; END $$")
    say("notices", connection.notices[-1:])
    say("cancel", cancel(connection))
    say("after cancel", attempt(cursor, "SELECT 1"))
    connection.autocommit = False
    connection.tpc_begin(connection.xid(1, "global", "branch"))
    cursor.execute("INSERT INTO played (name) VALUES ('two-phase')")
    connection.tpc_prepare()
    connection.tpc_rollback()
    connection.set_session(isolation_level="SERIALIZABLE", readonly=True)
    say("read only", attempt(cursor, "DELETE FROM played"))
    connection.rollback()
    connection.set_client_encoding("LATIN1")
    say("latin1", attempt(cursor, "SELECT 'é'"))
    connection.close()
    listener.close()


def cancel(connection):
    """Cancels a running statement from another thread's point of view: libpq opens a second connection for it."""
    import threading
    cursor = connection.cursor()
    blocker = connect()
    blocker.autocommit = True

    def cancel_when_running():
        watcher = blocker.cursor()
        while True:
            watcher.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = %s AND wait_event = 'PgSleep'",
                            (connection.get_backend_pid(),))
            if watcher.fetchone()[0]:
                connection.cancel()
                return

    thread = threading.Thread(target=cancel_when_running)
    thread.start()
    result = attempt(cursor, "SELECT pg_sleep(60)")
    thread.join()
    blocker.close()
    return result


def refused():
    connection = connect()
    connection.autocommit = True
    cursor = connection.cursor()
    say("before", attempt(cursor, "SELECT 1")[0][0])
    say("alter", attempt(cursor, "ALTER TABLE guarded ADD COLUMN extra int"))
    say("after", attempt(cursor, "SELECT 2")[0][0])
    say("batch", attempt(cursor, "INSERT INTO guarded VALUES (1); ALTER TABLE guarded ADD COLUMN extra int"))
    say("count after batch", attempt(cursor, "SELECT count(*) FROM guarded")[0][0])
    connection.autocommit = False
    attempt(cursor, "INSERT INTO guarded VALUES (2)")
    say("in transaction", attempt(cursor, "ALTER TABLE guarded ADD COLUMN extra int"))
    say("in failed", attempt(cursor, "SELECT 3"))
    connection.rollback()
    say("count after rollback", attempt(cursor, "SELECT count(*) FROM guarded")[0][0])
    connection.rollback()
    try:
        cursor.execute("ALTER TABLE guarded ADD COLUMN extra int")
    except psycopg2.Error as error:
        say("message", error.diag.message_primary)
        say("detail", bool(error.diag.message_detail))
        say("hint", bool(error.diag.message_hint))
    connection.close()


{"transparent": transparent, "refused": refused}[play]()
