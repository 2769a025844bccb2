"""Where a refused statement can stand: positions, the surroundings they are put into, and random conversations.

Every statement around the refused one is one that an application may send. `work` is a table with a number and a
note; what is in it at the end tells what was committed.
"""
import itertools

from conversation import SETTLED, refused_bind, refused_execute, refused_function_call, refused_parse, refused_query
from protocol import COPY_DONE, FLUSH, SYNC, bind, close, copy_data, copy_fail, describe, execute, one_shot, parse, query

DDL = (
    "ALTER TABLE work ADD COLUMN intruding int",
    "CREATE INDEX intruder ON work (number)",
    "CREATE VIEW intruder AS SELECT 1 AS a",
    "CREATE FUNCTION intruder() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "COMMENT ON TABLE work IS 'intruder'",
    "SELECT 1 AS a INTO intruder",
    "CREATE SCHEMA intruder",
    "ALTER TABLE work RENAME COLUMN note TO intruder",
    "DO $$BEGIN EXECUTE 'create schema ' || 'intruder'; END$$",
    "/* nothing */ ALTER TABLE work /* but */ DROP note",
    "EXPLAIN ANALYZE CREATE TABLE intruder AS SELECT 1 AS a",
    "PREPARE intruder AS SELECT 1 AS a INTO intruder",
    "GRANT SELECT ON work TO reader",
    "SET session_replication_role = replica",
    "COPY work TO PROGRAM 'cat'",
)
BACKEND_PID = 2026  # pg_backend_pid(): harmless, but called by number
COPY_IN = "COPY work (number) FROM STDIN"
COPY_OUT = "COPY (SELECT number FROM work ORDER BY number) TO STDOUT"

_numbers = itertools.count(1)


def insert(number):
    return f"INSERT INTO work (number) VALUES ({number})"


SHADOW = [query("CREATE TEMP TABLE shadow (a int)"), SETTLED, parse("ALTER TABLE shadow ADD b int", "shadowing"), SYNC,
          SETTLED]

# name: (messages, complete). Complete ones end with a ReadyForQuery; the others are open batches that need a Sync.
POSITIONS = {
    "simple": lambda ddl: [refused_query(ddl)],
    "simple with a semicolon and a comment": lambda ddl: [refused_query(ddl, ";; -- first\n", "; /* last */ ;")],
    "first of several": lambda ddl: [refused_query(ddl, "", f"; {insert(101)}; SELECT 1")],
    "in the middle of several": lambda ddl: [refused_query(ddl, f"{insert(102)}; ", f"; {insert(103)}")],
    "last of several": lambda ddl: [refused_query(ddl, f"{insert(104)}; SELECT 2; ")],
    "behind a COMMIT in the text": lambda ddl: [refused_query(ddl, f"BEGIN; {insert(105)}; COMMIT; ")],
    "in front of a COPY in the text": lambda ddl: [refused_query(ddl, "", f"; {COPY_IN}"), copy_data("106\n"), COPY_DONE],
    "behind a COPY in the text": lambda ddl: [refused_query(ddl, f"{COPY_IN}; "), copy_data("107\n"), COPY_DONE],
    "two queries": lambda ddl: [query(insert(108)), refused_query(ddl), query(insert(109))],
    "two refused queries": lambda ddl: [refused_query(ddl), refused_query(ddl), query("SELECT 3")],
    "unnamed statement": lambda ddl: [refused_parse(ddl), bind(), describe("P"), execute(), SYNC],
    "named statement and portal": lambda ddl: [refused_parse(ddl, "one"), describe("S", "one"), bind("door", "one"),
                                               execute("door"), close("P", "door"), close("S", "one"), SYNC],
    "parse only": lambda ddl: [refused_parse(ddl, "one"), SYNC, bind("", "one"), execute(), SYNC],
    "describe only": lambda ddl: [refused_parse(ddl), describe("S"), SYNC],
    "with flushes": lambda ddl: [parse(insert(110)), FLUSH, bind(), execute(), FLUSH, refused_parse(ddl), FLUSH, bind(),
                                 FLUSH, execute(), FLUSH, SYNC],
    "last of a batch": lambda ddl: [one_shot(insert(111)), one_shot("SELECT 4"), refused_parse(ddl), bind(), execute(), SYNC],
    "first of a batch": lambda ddl: [refused_parse(ddl), bind(), execute(), one_shot(insert(112)), one_shot("SELECT 5"), SYNC],
    "in the middle of three batches": lambda ddl: [one_shot(insert(113)), SYNC, one_shot(insert(114)), refused_parse(ddl),
                                                   bind(), execute(), one_shot(insert(115)), SYNC, one_shot(insert(116)),
                                                   SYNC],
    "query inside the skipped stretch": lambda ddl: [refused_parse(ddl), query(insert(117)), bind(), execute(), SYNC],
    "refused query inside the skipped stretch": lambda ddl: [parse("select from where"), refused_query(ddl), SYNC],
    "refused parse inside the skipped stretch": lambda ddl: [parse("select from where"), refused_parse(ddl), bind(),
                                                             execute(), SYNC],
    "new parse of the unnamed": lambda ddl: [parse(insert(118)), SYNC, refused_parse(ddl), SYNC, bind(), execute(), SYNC],
    "new parse of the unnamed in one batch": lambda ddl: [parse(insert(119)), refused_parse(ddl), bind(), execute(), SYNC,
                                                          bind(), execute(), SYNC],
    "new parse of a used name": lambda ddl: [parse(insert(120), "used"), SYNC, refused_parse(ddl, "used"), SYNC,
                                             bind("", "used"), execute(), SYNC, close("S", "used"), SYNC],
    "new parse of a closed name": lambda ddl: [parse(insert(121), "used"), SYNC, close("S", "used"),
                                               refused_parse(ddl, "used"), SYNC, bind("", "used"), execute(), SYNC],
    "query in an unfinished batch": lambda ddl: [one_shot(insert(122)), refused_query(ddl), SYNC],
    "several syncs": lambda ddl: [SYNC, refused_parse(ddl), SYNC, SYNC, bind(), SYNC],
    "function call": lambda _: [refused_function_call(BACKEND_PID)],
    "function call in an unfinished batch": lambda _: [one_shot(insert(123)), refused_function_call(BACKEND_PID), SYNC],
    "row limit and suspended portal": lambda ddl: [parse("SELECT generate_series(1, 5)"), bind(), execute("", 2),
                                                   refused_parse(ddl, "two"), execute("", 2), SYNC],
}
# These come after a settled prologue and are about names whose meaning changes between Parse, Bind and Execute.
LATER_POSITIONS = {
    "bind": lambda: [*SHADOW, query("DROP TABLE shadow"), SETTLED, refused_bind("", "shadowing"), describe("P"), execute(),
                     SYNC, close("S", "shadowing"), SYNC],
    "bind in a batch": lambda: [*SHADOW, query("DROP TABLE shadow"), SETTLED, one_shot(insert(131)),
                                refused_bind("later", "shadowing"), execute("later"), one_shot(insert(132)), SYNC],
    "execute": lambda: [query("BEGIN"), *SHADOW, bind("door", "shadowing"), SYNC, SETTLED, query("DROP TABLE shadow"), SETTLED,
                        refused_execute("door"), SYNC, query("COMMIT")],
    "execute in a batch": lambda: [query("BEGIN"), *SHADOW, bind("door", "shadowing"), SYNC, SETTLED,
                                   query("DROP TABLE shadow"), SETTLED, one_shot(insert(133)), refused_execute("door"),
                                   one_shot(insert(134)), SYNC, query("COMMIT")],
}

# name: (before, after)
SURROUNDINGS = {
    "alone": ([], []),
    "between queries": ([query(insert(1))], [query(insert(2))]),
    "in a transaction that is committed": ([query("BEGIN"), query(insert(3))], [query(insert(4)), query("COMMIT"), query(insert(5))]),
    "in a transaction that is rolled back": ([query("BEGIN"), query(insert(6))], [query("ROLLBACK")]),
    "in a transaction that is left open": ([query("BEGIN"), query(insert(7))], []),
    "in a failed transaction": ([query("BEGIN"), query(insert(8)), query("SELECT 1/0")], [query("SELECT 6"), query("COMMIT")]),
    "in a transaction of the extended protocol": ([one_shot("BEGIN"), one_shot(insert(9)), SYNC],
                                                  [one_shot(insert(10)), one_shot("COMMIT"), SYNC, one_shot("COMMIT"), SYNC]),
    "in a transaction that goes on after the commit": ([query("BEGIN"), query(insert(11))],
                                                       [query("COMMIT AND CHAIN"), query(insert(12)), query("COMMIT")]),
    "behind a savepoint to which it is rolled back": (
        [query("BEGIN"), query(insert(13)), query("SAVEPOINT s"), query(insert(14))],
        [query("ROLLBACK TO s"), query(insert(15)), query("COMMIT")]),
    "behind a savepoint that is released": ([query("BEGIN"), query(insert(16)), query("SAVEPOINT s")],
                                            [query("RELEASE s"), query("COMMIT")]),
    "between savepoints": (
        [query("BEGIN"), query("SAVEPOINT a"), query(insert(17)), query("SAVEPOINT b"), query("RELEASE b")],
        [query("SAVEPOINT c"), query("ROLLBACK TO a"), query(insert(18)), query("COMMIT")]),
    "in an implicit transaction": ([one_shot(insert(19)), FLUSH], [one_shot(insert(20)), SYNC]),
    "behind a COPY to the server": ([query(COPY_IN), copy_data("21\n"), copy_data("22\n"), COPY_DONE], [query(COPY_OUT)]),
    "behind a COPY that failed": ([query(COPY_IN), copy_data("none\n"), copy_data("23\n"), COPY_DONE], []),
    "behind a COPY that was given up": ([query("BEGIN"), query(COPY_IN), copy_data("24\n"), copy_fail()], [query("COMMIT")]),
    "behind an extended COPY": ([parse(COPY_IN), bind(), execute(), copy_data("25\n"), COPY_DONE, SYNC], [query(insert(26))]),
    "behind an extended COPY without a Sync": ([parse(COPY_IN), bind(), execute(), copy_data("27\n"), COPY_DONE], [SYNC]),
    "in front of a COPY": ([], [query(COPY_IN), copy_data("28\n"), COPY_DONE, parse(COPY_OUT), bind(), execute(), SYNC]),
    "with stray COPY messages": ([copy_data("x"), COPY_DONE], [copy_data("29\n"), COPY_DONE, copy_fail()]),
    "with notices and settings": ([query("SET application_name = 'one'"), query("ROLLBACK"), query("SET LOCAL DateStyle = 'SQL'")],
                                  [query("SET DateStyle = 'German'"), query("RESET DateStyle"), query("COMMIT")]),
}
EPILOGUE = [SYNC, query("SELECT count(*), sum(number) FROM work"), one_shot("SELECT now() = statement_timestamp()"), SYNC]


def surrounded(position, surrounding):
    before, after = SURROUNDINGS[surrounding]
    return [*before, *position, *after, *EPILOGUE]


# Random conversations.


def _random_text(generator, number):
    return generator.choice((
        insert(number), insert(number), insert(number), "SELECT 1", "SELECT 1/0", "BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT s",
        "ROLLBACK TO s", "RELEASE s", "", f"{insert(number)}; SELECT 2", f"{insert(number)}; SELECT 1/0",
        f"BEGIN; {insert(number)}; COMMIT; SELECT 3", "COMMIT AND CHAIN", "SET application_name = 'a'", COPY_OUT, "SELECT FROM WHERE",
        "SELECT generate_series(1, 4)", "SHOW work_mem", "LISTEN here", "NOTIFY here", "SET LOCAL work_mem = '1MB'"))


def _random_copy(generator, number):
    start = [query(COPY_IN)] if generator.random() < 0.5 else [parse(COPY_IN), bind(), execute()]
    rows = [copy_data(generator.choice((f"{number}\n", f"{number}\n", f"{number}\nnone\n"))) for _ in range(generator.randint(0, 2))]
    end = [copy_fail()] if generator.random() < 0.3 else [COPY_DONE]
    return start + rows + end + ([SYNC] if len(start) == 3 else [])


def _random_refusal(generator):
    ddl = generator.choice(DDL)
    name = generator.choice(("", "", "a", "b"))
    return generator.choice((
        [refused_query(ddl)],
        [refused_query(ddl, f"{insert(900 + generator.randint(0, 50))}; ", "; SELECT 4")],
        [refused_parse(ddl, name), bind("", name), execute()],
        [refused_parse(ddl, name)],
        [refused_parse(ddl, name), SYNC, bind("", name), execute(), SYNC],
        [refused_function_call(BACKEND_PID)],
    ))


def random_conversation(generator):
    conversation, refusals = [], generator.randint(1, 3)
    length = generator.randint(4, 14)
    places = {generator.randrange(length) for _ in range(refusals)}
    for place in range(length):
        number = 1000 + place
        if place in places:
            conversation += _random_refusal(generator)
        statement, portal = generator.choice(("", "", "a", "b")), generator.choice(("", "", "p"))
        conversation += generator.choice((
            lambda: [query(_random_text(generator, number))],
            lambda: [query(_random_text(generator, number))],
            lambda: [one_shot(_random_text(generator, number), statement, portal)],
            lambda: [one_shot(_random_text(generator, number), statement, portal), SYNC],
            lambda: [parse(_random_text(generator, number), statement)],
            lambda: [bind(portal, statement), execute(portal, generator.choice((0, 0, 2)))],
            lambda: [describe("S", statement)],
            lambda: [describe("P", portal)],
            lambda: [close(generator.choice("SP"), statement)],
            lambda: [SYNC],
            lambda: [FLUSH],
            lambda: [COPY_DONE],
            lambda: _random_copy(generator, number),
        ))()
    return [*conversation, *EPILOGUE]
