"""Schema changes whose answer nobody has seen, on MySQL and MariaDB: settled by a look at the catalog."""
import contextlib
import itertools
import threading

import pymysql
import pytest

from protected_server import start_server
from servers import run_guard_command, wait_until
from severing_relay import SeveringRelay

_numbers = itertools.count(1)
SIGHT = "PROCESS, SHOW VIEW, REFERENCES, TRIGGER, EVENT, EXECUTE"
# Every test has names of its own: what is still unknown of a name is remembered, and makes the next loss unknown, too.
PREPARATION = """
CREATE TABLE old_# (a INT, gone INT, named INT, KEY kept (a), CONSTRAINT positive CHECK (a > 0)) ENGINE=InnoDB;
CREATE TABLE dropped_# (a INT); CREATE TABLE other_# (a INT); CREATE VIEW seen_# AS SELECT 1 AS one;
CREATE PROCEDURE called_#() SELECT 1; CREATE TRIGGER tick_# BEFORE INSERT ON other_# FOR EACH ROW SET NEW.a = 1
"""


def guard_login(scratch, user="schemaguard"):
    password = scratch / f"{user}-password"
    password.write_text(f"{user}\n", encoding="ascii")
    return {"guard_login": {"user": user, "password_file": str(password)}}


def create_login(server, user, privileges):
    server.query(f"CREATE USER {user}@'%' IDENTIFIED BY '{user}'; GRANT {privileges} ON *.* TO {user}@'%'")


@pytest.fixture(scope="module")
def relay(server):
    made = SeveringRelay(server.port)
    yield made
    made.close()


@pytest.fixture(scope="module")
def looking(scratch, server, mysql_guards, relay):
    """A guard with a login of its own, in front of a server that a relay may cut off."""
    create_login(server, "schemaguard", SIGHT)
    server.fresh_database()
    return mysql_guards("enforce", upstream=relay.port, server=guard_login(scratch))


@pytest.fixture
def named(server, looking):
    """Fills in the number of this test's own objects, which it makes."""
    number = str(next(_numbers))
    server.query(PREPARATION.replace("#", number), "shop")
    return lambda text: text.replace("#", number)


def run_until_cut(server, guard, text):
    """The statement has a mark, and the connection breaks at it."""
    with contextlib.closing(server.connect_as("deploy", guard.port)) as connection, connection.cursor() as cursor:
        with pytest.raises(pymysql.OperationalError):
            cursor.execute(text)


def outcomes_of(guard, text, count=2):
    text = text.split(" AS SELECT")[0].split(" SELECT")[0]  # literals of queries are not kept
    def found():
        lines = guard.audit_lines()
        seqs = [line["seq"] for line in lines if line["event"] == "statement" and text in line["statement"]]
        assert len(seqs) <= 1, text
        outcomes = [line for line in lines if line["event"] == "outcome" and line.get("of") in seqs]
        return outcomes if len(outcomes) >= count else None
    return wait_until(found, f"{count} outcomes of {text}")


def settled(guard, text):
    first, second = outcomes_of(guard, text)
    assert first["outcome"] == "unknown" and "reason" not in first, first
    assert second["reason"] == ("not_settled" if second["outcome"] == "unknown" else "settled_by_catalog"), second
    return second["outcome"], second["detail"].get("evidence") or second["detail"]["cause"]


def wait_until_looked(relay):
    """The guard looks again and again, one connection after the other: one look at least is over then."""
    before = relay.accepted
    wait_until(lambda: relay.accepted >= before + 2, "the guard has looked")


CREATES = [
    "CREATE TABLE made_# (a INT)",
    "CREATE TABLE shop.made_# AS SELECT 1 AS one",
    "ALTER TABLE old_# ADD COLUMN added INT",
    "ALTER TABLE old_# RENAME COLUMN named TO renamed",
    "ALTER TABLE old_# CHANGE named changed BIGINT",
    "ALTER TABLE old_# ADD CONSTRAINT big CHECK (a > 10)",
    "ALTER TABLE old_# ADD PRIMARY KEY (a)",
    "ALTER TABLE old_# ADD INDEX found (named), DROP COLUMN gone",
    "CREATE UNIQUE INDEX found ON old_# (a)",
    "RENAME TABLE dropped_# TO elsewhere_#",
    "ALTER TABLE dropped_# RENAME TO elsewhere_#",
    "CREATE PROCEDURE proc_#() SELECT 1",
    "CREATE FUNCTION func_#() RETURNS INT DETERMINISTIC RETURN 1",
    "CREATE TRIGGER trig_# BEFORE INSERT ON old_# FOR EACH ROW SET NEW.a = 1",
]
DROPS = [
    "DROP TABLE dropped_#",
    "DROP TABLE IF EXISTS dropped_#",
    "DROP TABLE dropped_#, other_#",
    "ALTER TABLE old_# DROP COLUMN gone",
    "ALTER TABLE old_# DROP INDEX kept",
    "ALTER TABLE old_# DROP CONSTRAINT positive",
    "DROP VIEW seen_#",
    "DROP PROCEDURE called_#",
    "DROP TRIGGER tick_#",
]


@pytest.mark.parametrize("change", [*CREATES, *DROPS, "CREATE VIEW view_# AS SELECT 2 AS two", "CREATE DATABASE base_#"])
def test_change_that_never_arrived_is_settled(server, looking, named, change):
    run_until_cut(server, looking, named(change) + " /* cut:before */")
    outcome, evidence = settled(looking, named(change))
    assert outcome == "rolled_back", evidence


@pytest.mark.parametrize("change", CREATES)
def test_change_with_a_date_is_settled_though_its_answer_is_lost(server, looking, named, change):
    run_until_cut(server, looking, named(change) + " /* cut:after */")
    outcome, evidence = settled(looking, named(change))
    assert outcome == "committed" and "dates from after the statement" in evidence, evidence


@pytest.mark.parametrize("change", ["DROP TABLE dropped_#", "ALTER TABLE old_# DROP COLUMN gone",
                                    "CREATE VIEW view_# AS SELECT 2 AS two"])
def test_what_may_have_been_so_before_stays_unknown(server, looking, named, change):
    run_until_cut(server, looking, named(change) + " /* cut:after */")
    assert settled(looking, named(change)) == ("unknown", "what the catalog shows proves nothing")


@pytest.mark.parametrize("change, evidence", [
    ("ALTER TABLE old_# ADD COLUMN added INT", "column shop.old_#.added is there, and was not while the statement ran"),
    ("ALTER TABLE old_# DROP COLUMN gone", "column shop.old_#.gone is not there, and was while the statement ran"),
    ("DROP TABLE old_#", "table shop.old_# is not there, and was while the statement ran"),
    ("DROP TABLE other_#, old_#", "table shop.other_# is not there, and was while the statement ran; "
                                  "table shop.old_# is not there, and was while the statement ran"),
])
def test_change_at_work_is_looked_at_before_and_after(server, relay, looking, named, change, evidence):
    """The connection breaks while the server waits for a lock; it goes on all the same."""
    with contextlib.closing(server.connect_as("root")) as holder, holder.cursor() as cursor:
        cursor.execute(named("BEGIN; SELECT * FROM old_#"))
        run_until_cut(server, looking, named(change) + " /* cut:during */")
        wait_until_looked(relay)
        cursor.execute("COMMIT")
    assert settled(looking, named(change)) == ("committed", named(evidence))


def test_drop_of_several_that_is_half_done_stays_unknown(server, looking, named):
    """What the server would leave when it crashed between the two."""
    server.query(named("DROP TABLE other_#"), "shop")
    run_until_cut(server, looking, named("DROP TABLE dropped_#, other_#") + " /* cut:before */")
    assert settled(looking, named("DROP TABLE dropped_#, other_#")) == (
        "unknown", named("the statement may be half done: table shop.dropped_# is there; table shop.other_# is not there"))


def test_change_that_the_catalog_does_not_show_stays_unknown(server, looking, named):
    run_until_cut(server, looking, named("ALTER TABLE old_# COMMENT 'new'") + " /* cut:after */")
    assert settled(looking, named("ALTER TABLE old_# COMMENT")) == ("unknown", "no change that the catalog could prove")


def test_two_losses_on_one_table_leave_each_other_unknown(server, relay, looking, named):
    texts = [named("ALTER TABLE old_# ADD COLUMN one INT"), named("ALTER TABLE shop.old_# ADD COLUMN two INT")]
    with contextlib.closing(server.connect_as("root")) as holder, holder.cursor() as cursor:
        cursor.execute(named("BEGIN; SELECT * FROM old_#"))
        for text in texts:
            run_until_cut(server, looking, text + " /* cut:during */")
        wait_until_looked(relay)
        cursor.execute("COMMIT")
    for text in texts:
        assert settled(looking, text) == ("unknown", "what the catalog shows proves nothing")
    assert {"one", "two"} < set(server.columns(named("old_#")))


def test_login_without_sight_says_what_it_lacks(scratch, server, mysql_guards, relay, named):
    create_login(server, "blind", "SHOW VIEW")
    guard = mysql_guards("enforce", upstream=relay.port, server=guard_login(scratch, "blind"))
    run_until_cut(server, guard, named("ALTER TABLE old_# ADD COLUMN unseen INT") + " /* cut:after */")
    assert settled(guard, named("ALTER TABLE old_# ADD COLUMN unseen")) == (
        "unknown", "the guard's login may not see enough: grant it PROCESS, REFERENCES ON *.*")


def test_server_that_was_killed_at_work_is_waited_for(scratch, mysql_guards):
    server = start_server(scratch / "mysql-settlement-server")
    try:
        create_login(server, "schemaguard", SIGHT)
        server.query("CREATE TABLE crashed (a INT) ENGINE=InnoDB; CREATE TABLE fell LIKE crashed; "
                     "CREATE TABLE held LIKE crashed", "shop")
        guard = mysql_guards("enforce", upstream=server.port, server=guard_login(scratch))
        errors = []

        def change(text):
            with contextlib.closing(server.connect_as("deploy", guard.port)) as connection, connection.cursor() as cursor:
                try:
                    cursor.execute(text)
                except pymysql.OperationalError as error:
                    errors.append(error)

        texts = ["ALTER TABLE crashed ADD COLUMN b INT", "DROP TABLE fell, held",
                 "CREATE TABLE slow AS SELECT SLEEP(600) AS a"]
        with contextlib.closing(server.connect_as("root")) as holder, holder.cursor() as cursor:
            cursor.execute("BEGIN; SELECT * FROM crashed, held")
            threads = [threading.Thread(target=change, args=(text,)) for text in texts]
            for number, thread in enumerate(threads, 1):
                thread.start()
                wait_until(lambda: server.query("SELECT COUNT(*) FROM information_schema.processlist WHERE user = "
                                                "'deploy' AND info IS NOT NULL")[0][0] == number, "all are at work")
            server.crash()
            for thread in threads:
                thread.join(timeout=60)
        assert len(errors) == 3, errors
        server.start()
        for text in texts:
            assert settled(guard, text)[0] == "rolled_back"
        assert server.tables() == {"crashed", "fell", "held"} and server.columns("crashed") == ["a"]
        run_guard_command("audit", "verify", guard.audit_file, check=0)
    finally:
        server.stop()
