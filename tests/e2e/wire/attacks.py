"""Attacks on the guard, as conversations: each changes the catalog without a guard, and must not through it.

Found by asking where guard and server could come to believe different things: what a name means now, how a text is
read, which statement a name stands for, which request an answer belongs to.
"""
from conversation import SETTLED
from protocol import (COPY_DONE, FLUSH, SYNC, bind, close, copy_data, copy_fail, describe, execute, frame, function_call, one_shot,
                      parse, query)

ALTER = "ALTER TABLE victim ADD intruding int"
SHADOW = "CREATE TEMP TABLE victim (a int)"
# One string under the reading of today, two statements under the old one.
TRICK = "SELECT '\\''; ALTER TABLE victim ADD intruding int; --'"
SET_CONFIG = 2078
LONG = "é" * 40


def settled(*texts):
    """Each text as a Query of its own, answered before the next is sent."""
    return [step for text in texts for step in (query(text), SETTLED)]


def latin(message):
    return message.decode().encode("latin-1")


def latin_parse(sql, name):
    body = name.encode("latin-1") + b"\0" + sql.encode() + b"\0\0\0"
    return frame("P", body)


def latin_bind(portal, name):
    return frame("B", portal.encode("latin-1") + b"\0" + name.encode("latin-1") + b"\0" + b"\0" * 6)


def latin_execute(portal):
    return frame("E", portal.encode("latin-1") + b"\0" + b"\0" * 4)


def latin_query(sql):
    return frame("Q", sql.encode("latin-1") + b"\0")


# Which object a name means.
SHADOWS = {
    "temporary table gone at commit": settled("BEGIN", SHADOW + " ON COMMIT DROP", "COMMIT", ALTER),
    "temporary table gone at the end of its message": settled(SHADOW + " ON COMMIT DROP", ALTER),
    "temporary table gone at a commit in the text": [query(f"BEGIN; {SHADOW} ON COMMIT DROP; COMMIT; {ALTER}")],
    "temporary table gone at the end of a batch": [one_shot(SHADOW + " ON COMMIT DROP"), SYNC, one_shot(ALTER), SYNC],
    "temporary table gone at commit and chain": settled("BEGIN", SHADOW + " ON COMMIT DROP", "COMMIT AND CHAIN", ALTER, "COMMIT"),
    "discard temp": settled(SHADOW, "DISCARD TEMP", ALTER),
    "discard temporary": settled(SHADOW, "DISCARD TEMPORARY", ALTER),
    "discard all": settled(SHADOW, "DISCARD ALL", ALTER),
    "dropped": settled(SHADOW, "DROP TABLE victim", ALTER),
    "dropped in the same text": settled(SHADOW, f"DROP TABLE victim; {ALTER}"),
    "dropped twice in one text": settled(SHADOW, "DROP TABLE IF EXISTS victim; DROP TABLE IF EXISTS victim CASCADE"),
    "dropped by its full name": settled(SHADOW, "DROP TABLE pg_temp.victim", ALTER),
    "dropped in one batch": [*settled(SHADOW), one_shot("DROP TABLE victim"), one_shot(ALTER), SYNC],
    "dropped by a DO block": settled(SHADOW, "DO $$BEGIN DROP TABLE victim; END$$", ALTER),
    "dropped by EXECUTE of a wire statement": [*settled(SHADOW), parse("DROP TABLE victim", "s"), SYNC, SETTLED,
                                               *settled("EXECUTE s", ALTER)],
    "dropped twice by EXECUTE": [*settled(SHADOW), parse("DROP TABLE IF EXISTS victim CASCADE", "s"), SYNC, SETTLED,
                                 *settled("EXECUTE s; EXECUTE s")],
    "dropped twice by portals": [*settled(SHADOW), parse("DROP TABLE victim CASCADE", "s"), SYNC, SETTLED, bind("p", "s"), bind("q", "s"),
                                 execute("p"), execute("q"), SYNC],
    "prepared for the temporary one": [*settled(SHADOW), parse(ALTER, "s"), SYNC, *settled("DROP TABLE victim"), bind("", "s"), execute(),
                                       SYNC],
    "portal of the temporary one": [*settled("BEGIN", SHADOW), parse(ALTER, "s"), bind("p", "s"), SYNC, *settled("DROP TABLE victim"),
                                    execute("p"), SYNC, query("COMMIT")],
    "pg_temp last": settled("SET search_path = public, pg_temp", SHADOW, ALTER),
    "pg_temp last, later": settled(SHADOW, "SET search_path = public, pg_temp", ALTER),
    "pg_temp last, quoted": settled(SHADOW, "SET search_path = 'public', \"pg_temp\"", ALTER),
    "pg_temp last, by its number": settled(SHADOW, "SELECT set_config('search_path', 'public, ' || pg_my_temp_schema()::regnamespace, false)",
                                           ALTER),
    "pg_temp last, set_config": settled(SHADOW, "SELECT set_config('search_path', 'public, pg_temp', false)", ALTER),
    "pg_temp last, hidden in an expression": settled(SHADOW, "SELECT set_config('search'||'_path', 'public, pg'||'_temp', false)", ALTER),
    "pg_temp last, update of pg_settings": settled(
        SHADOW, "UPDATE pg_settings SET setting = 'public, pg_temp' WHERE name = 'search_path'", ALTER),
    "pg_temp last, local": settled("BEGIN", SHADOW, "SET LOCAL search_path = public, pg_temp", ALTER, "COMMIT"),
    "pg_temp last, back by rollback": settled(SHADOW, "SET search_path = public, pg_temp", "BEGIN", "SET search_path = public", "ROLLBACK",
                                              ALTER),
    "pg_temp last, back by savepoint": settled(SHADOW, "BEGIN", "SET search_path = public, pg_temp", "SAVEPOINT s", "SET search_path = public",
                                               "ROLLBACK TO s", ALTER, "COMMIT"),
    "renamed away": settled(SHADOW, "ALTER TABLE victim RENAME TO something", ALTER),
    "renamed in and dropped": settled("CREATE TEMP TABLE something (a int)", "ALTER TABLE something RENAME TO victim", "DROP TABLE victim", ALTER),
    "never there": [*settled("SELECT 1"), query("CREATE TEMP TABLE victim AS SELECT 1/0 AS a"), query(ALTER)],
    "rolled back": settled("BEGIN", SHADOW, "ROLLBACK", ALTER),
    "rolled back and chained": settled("BEGIN", SHADOW, "ROLLBACK AND CHAIN", ALTER, "COMMIT"),
    "rolled back to a savepoint": settled("BEGIN", "SAVEPOINT s", SHADOW, "ROLLBACK TO s", ALTER, "COMMIT"),
    "rolled back to the older of two savepoints": settled("BEGIN", "SAVEPOINT s", SHADOW, "SAVEPOINT s", "RELEASE s", "ROLLBACK TO s", ALTER,
                                                          "COMMIT"),
    "rolled back by an error": settled("BEGIN", SHADOW, "SELECT 1/0", "COMMIT", ALTER),
    "rolled back by an error behind it": settled(f"{SHADOW}; SELECT 1/0", ALTER),
    "rolled back by a later error of the batch": [one_shot(SHADOW), one_shot("SELECT 1/0"), SYNC, SETTLED, query(ALTER)],
    "rolled back by the commit itself": settled("BEGIN", SHADOW, "INSERT INTO deferred VALUES (1)", "COMMIT", ALTER),
    "rolled back by PREPARE TRANSACTION": settled("BEGIN", SHADOW, "PREPARE TRANSACTION 'never'", ALTER),
    "view of a temporary table": settled("CREATE TEMP TABLE base (a int)", "CREATE TEMP VIEW victim_view AS SELECT a FROM base",
                                         "DROP TABLE base CASCADE", "DROP VIEW victim_view"),
    "view of a temporary column": settled("CREATE TEMP TABLE base (a int, b int)", "CREATE TEMP VIEW victim_view AS SELECT a FROM base",
                                          "ALTER TABLE base DROP COLUMN a CASCADE", "DROP VIEW victim_view"),
    "index of a temporary table": settled("CREATE TEMP TABLE base (a int)", "CREATE INDEX victim_index ON base (a)", "DROP TABLE base",
                                          "DROP INDEX victim_index"),
    "index of a temporary column": settled("CREATE TEMP TABLE base (a int, b int)", "CREATE INDEX victim_index ON base (a)",
                                           "ALTER TABLE base DROP COLUMN a", "DROP INDEX victim_index"),
    "index renamed by its table": settled("CREATE TEMP TABLE base (a int)", "CREATE INDEX victim_index ON base (a)",
                                          "ALTER INDEX victim_index RENAME TO other_index", "DROP INDEX victim_index"),
    "index renamed as a table": settled("CREATE TEMP TABLE base (a int)", "CREATE INDEX victim_index ON base (a)",
                                        "ALTER TABLE victim_index RENAME TO other_index", "DROP INDEX victim_index"),
    "index of a table renamed and dropped": settled("CREATE TEMP TABLE base (a int)", "CREATE INDEX victim_index ON base (a)",
                                                    "ALTER TABLE base RENAME TO top", "DROP TABLE top", "DROP INDEX victim_index"),
    "sequence that goes with its column": settled("CREATE TEMP TABLE base (a int, b int)", "CREATE TEMP SEQUENCE victim_sequence OWNED BY base.a",
                                                  "ALTER TABLE base DROP COLUMN a", "DROP SEQUENCE victim_sequence"),
    "sequence that goes with its table": settled("CREATE TEMP TABLE base (a int, b int)", "CREATE TEMP SEQUENCE victim_sequence",
                                                 "ALTER SEQUENCE victim_sequence OWNED BY base.a", "DROP TABLE base",
                                                 "DROP SEQUENCE victim_sequence"),
    "partition that goes with its parent": settled("CREATE TEMP TABLE base (a int) PARTITION BY LIST (a)",
                                                   "CREATE TEMP TABLE victim PARTITION OF base DEFAULT", "DROP TABLE base", ALTER),
    "partition attached later": settled("CREATE TEMP TABLE base (a int) PARTITION BY LIST (a)", SHADOW,
                                        "ALTER TABLE base ATTACH PARTITION victim DEFAULT", "DROP TABLE base", ALTER),
    "index renamed by a constraint": settled("CREATE TEMP TABLE base (a int)", "CREATE UNIQUE INDEX victim_index ON base (a)",
                                             "ALTER TABLE base ADD CONSTRAINT other UNIQUE USING INDEX victim_index",
                                             "DROP INDEX victim_index"),
    "view of a temporary key": settled("CREATE TEMP TABLE base (a int PRIMARY KEY, b int)",
                                       "CREATE TEMP VIEW victim_view AS SELECT a, b FROM base GROUP BY a",
                                       "ALTER TABLE base DROP CONSTRAINT base_pkey CASCADE", "DROP VIEW victim_view"),
    "child that goes with its parent": settled("CREATE TEMP TABLE base (a int)", "CREATE TEMP TABLE victim () INHERITS (base)",
                                               "DROP TABLE base CASCADE", ALTER),
    "a type, not a relation": settled("CREATE TEMP TABLE victim_type (a int)", "DROP TYPE public.victim_type"),
    "temporary schema dropped": settled(SHADOW, "DROP TABLE victim", "SET search_path = pg_temp, public", ALTER),
    "longer than a name": settled("CREATE TEMP TABLE " + "v" * 63 + " (a int)", "DROP TABLE " + "v" * 70,
                                  "ALTER TABLE " + "v" * 64 + " ADD intruding int"),
    "quoted in another case": settled('CREATE TEMP TABLE "VICTIM" (a int)', ALTER),
    "other kind of object": settled("CREATE TEMP TABLE victim_function (a int)", "DROP FUNCTION victim_function"),
}

# How a text is read. The role `legacy` logs in with backslash escapes on, `sjis` with an unsafe client_encoding.
SJIS_TRICK = "SELECT E'表'; ALTER TABLE victim ADD intruding int; --'".encode("shift_jis")
LEGACY_READINGS = {
    "plain": settled(TRICK),
    "on in a transaction that is rolled back": [*settled("BEGIN", "SET standard_conforming_strings = on"), query("ROLLBACK"), query(TRICK)],
    "on for a transaction only": [*settled("BEGIN", "SET LOCAL standard_conforming_strings = on"), query("COMMIT"), query(TRICK)],
    "on behind a savepoint": [*settled("BEGIN", "SAVEPOINT s", "SET standard_conforming_strings = on"), query("ROLLBACK TO s"), query(TRICK),
                              query("COMMIT")],
    "on, then an error": [*settled("BEGIN", "SAVEPOINT s", "SET standard_conforming_strings = on", "SELECT 1/0"), query("ROLLBACK TO s"),
                          query(TRICK), query("COMMIT")],
    "on in a failed transaction that is committed": [*settled("BEGIN", "SET standard_conforming_strings = on", "SELECT 1/0"), query("COMMIT"),
                                                     query(TRICK)],
    "on, then reset": [*settled("SET standard_conforming_strings = on"), query("RESET standard_conforming_strings"), query(TRICK)],
    "on, then reset all": [*settled("SET standard_conforming_strings = on"), query("RESET ALL"), query(TRICK)],
    "on, then discard all": [*settled("SET standard_conforming_strings = on"), query("DISCARD ALL"), query(TRICK)],
    "on, then to default": [*settled("SET standard_conforming_strings = on"), query("SET standard_conforming_strings TO DEFAULT"), query(TRICK)],
    "on, then back in the extended protocol": [*settled("BEGIN", "SET standard_conforming_strings = on"), one_shot("ROLLBACK"), SYNC,
                                               query(TRICK)],
    "on, rolled back by an execute of a known statement": [parse("ROLLBACK", "r"), SYNC, *settled("BEGIN", "SET standard_conforming_strings = on"),
                                                           bind("", "r"), execute(), SYNC, query(TRICK)],
    "on, taken back by an error, ended in the same text": [*settled("BEGIN", "SET standard_conforming_strings = on"), query("SELECT 1/0"),
                                                           query("ROLLBACK; " + TRICK)],
    "on, rolled back by the failing end of the message": [*settled("BEGIN", "SET standard_conforming_strings = on"),
                                                          query("SELECT 1/0"), query("ROLLBACK"), query(TRICK)],
}
MODERN_READINGS = {
    "pipelined set_config": [query("SELECT set_config('standard'||'_conforming_strings', 'o'||'ff', false)"), query(TRICK)],
    "pipelined set_config in a batch": [one_shot("SELECT set_config('standard'||'_conforming_strings', 'o'||'ff', false)"), one_shot("SELECT 1"),
                                        SYNC, query(TRICK)],
    "set_config with parameters": [parse("SELECT set_config($1, $2, false)"), bind("", "", ["standard_conforming_strings", "off"]), execute(),
                                   SYNC, query(TRICK)],
    "set_config over a function call": [function_call(SET_CONFIG, ["standard_conforming_strings", "off", "f"]), query(TRICK)],
    "update of pg_settings": [query("UPDATE pg_settings SET setting = 'off' WHERE name = 'standard_conforming_strings'"), query(TRICK)],
    "set_config in RETURNING": [query("INSERT INTO deferred SELECT 7 WHERE false; SELECT set_config(n, 'off', false) FROM "
                                      "(VALUES ('standard_conforming_strings')) AS names (n)"), query(TRICK)],
    "several settings, one write": [query("SET standard_conforming_strings = off"), query(TRICK)],
    "behind a Flush": [one_shot("SELECT set_config('standard'||'_conforming_strings', 'o'||'ff', false)"), FLUSH, query(TRICK)],
    "encoding, then trick": [query("SET client_encoding = 'SJIS'"), frame("Q", SJIS_TRICK + b"\0")],
    "encoding by names": [query("SET NAMES 'SJIS'"), frame("Q", SJIS_TRICK + b"\0")],
    "encoding by set_config": [query("SELECT set_config('client'||'_encoding', 'SJ'||'IS', false)"), frame("Q", SJIS_TRICK + b"\0")],
}
SJIS_READINGS = {
    "plain": [frame("Q", SJIS_TRICK + b"\0")],
    "safe in a transaction that is rolled back": [*settled("BEGIN", "SET client_encoding = 'UTF8'"), query("ROLLBACK"),
                                                  frame("Q", SJIS_TRICK + b"\0")],
    "safe, then reset": [*settled("SET client_encoding = 'UTF8'"), query("RESET client_encoding"), frame("Q", SJIS_TRICK + b"\0")],
    "safe, then discard all": [*settled("SET client_encoding = 'LATIN1'"), query("DISCARD ALL"), frame("Q", SJIS_TRICK + b"\0")],
}

# Which statement a name stands for.
NAMES = {
    "alike in 63 bytes": [*settled(SHADOW), parse(ALTER, "n" * 63 + "a"), SYNC, *settled("DROP TABLE victim"), bind("", "n" * 63 + "b"), execute(),
                          SYNC],
    "alike after conversion to the server's encoding": [
        *settled(SHADOW, "SET client_encoding = 'LATIN1'"), latin_parse(ALTER, LONG + "a"), SYNC, *settled("DROP TABLE victim"),
        latin_bind("", LONG + "b"), execute(), SYNC],
    "portals alike after conversion": [
        *settled("BEGIN", SHADOW, "SET client_encoding = 'LATIN1'"), parse(ALTER, "s"), latin_bind(LONG + "a", "s"), SYNC,
        *settled("DROP TABLE victim"), latin_execute(LONG + "b"), SYNC, query("COMMIT")],
    "clipped in SQL after conversion": [
        *settled(SHADOW, "SET client_encoding = 'LATIN1'"), latin_parse(ALTER, "é" * 31), SYNC, *settled("DROP TABLE victim"),
        latin_query(f'EXECUTE "{LONG}"')],
    "escaped in SQL": [*settled(SHADOW), parse(ALTER, "sé"), SYNC, *settled("DROP TABLE victim", 'EXECUTE U&"s\\00e9"')],
    "defined again behind a close": [*settled(SHADOW), parse(ALTER, "s"), SYNC, *settled("DROP TABLE victim"), close("S", "t"), bind("", "s"),
                                     execute(), SYNC],
    "kept by a failed new definition": [*settled(SHADOW), parse(ALTER, "s"), SYNC, *settled("DROP TABLE victim"), parse("SELECT 1", "s"), SYNC,
                                        bind("", "s"), execute(), SYNC],
    "kept by a failed new SQL definition": [*settled(SHADOW), parse(ALTER, "s"), SYNC,
                                            *settled("DROP TABLE victim", "PREPARE s AS SELECT 1"), bind("", "s"), execute(), SYNC],
    "kept by a deallocate that was rolled back": [*settled(SHADOW), parse(ALTER, "s"), SYNC,
                                                  *settled("DROP TABLE victim", "DEALLOCATE s; SELECT 1/0"), parse(ALTER, "s"), SYNC, SETTLED,
                                                  query("SELECT 1"), bind("", "s"), execute(), SYNC],
    "kept by a close that was skipped": [*settled(SHADOW), parse(ALTER, "s"), SYNC, *settled("DROP TABLE victim"), parse("SELECT FROM WHERE"),
                                         close("S", "s"), SYNC, bind("", "s"), execute(), SYNC],
    "described, not defined": [*settled(SHADOW), parse(ALTER, "s"), describe("S", "s"), SYNC, *settled("DROP TABLE victim"), bind("", "s"), FLUSH,
                               execute(), FLUSH, SYNC],
    "unnamed statement kept over an empty batch": [*settled(SHADOW), parse(ALTER), SYNC, SETTLED, parse("DROP TABLE victim", "d"),
                                                   bind("", "d"), execute(), SYNC, SETTLED, bind(), execute(), SYNC],
    "portal of an SQL cursor's name": [*settled("BEGIN", SHADOW), parse(ALTER, "s"), bind("c", "s"), SYNC,
                                       *settled("DROP TABLE victim", "DECLARE d CURSOR FOR SELECT 1", "CLOSE d"), execute("c"), SYNC,
                                       query("COMMIT")],
}

# Which request an answer belongs to, and where a message ends. Each ends with the change that must not get through.
FLOW = {
    "behind ten thousand messages": [*[parse("SELECT 1") + close("S") for _ in range(5000)], SYNC, query(ALTER)],
    "behind stray syncs and copies": [copy_data("x"), SYNC, COPY_DONE, SYNC, copy_fail(), SYNC, FLUSH, query(ALTER)],
    "after a failed copy": [query("COPY victim FROM STDIN"), copy_data("none\n"), copy_data("1\n"), COPY_DONE, query(ALTER)],
    "after a copy given up": [query("COPY victim FROM STDIN"), copy_fail(), query(ALTER)],
    "after two copies in one text": [query("DELETE FROM victim; COPY victim FROM STDIN; COPY victim FROM STDIN; DELETE FROM victim"), COPY_DONE,
                                     COPY_DONE, query(ALTER)],
    "after an extended copy with syncs inside": [parse("COPY victim FROM STDIN"), bind(), execute(), SYNC, SYNC, FLUSH, COPY_DONE, SYNC,
                                                 query(ALTER)],
    "after a sync that the copy may have swallowed": [parse("COPY victim FROM STDIN"), bind(), execute(), copy_data("none\n"), SYNC, SETTLED,
                                                      query(ALTER)],
    "after a statement with an enormous name": [parse("SELECT 1", "n" * 60_000), close("S", "n" * 63), SYNC, query(ALTER)],
    "with an enormous name": [parse(ALTER, "n" * 60_000), bind("p" * 60_000, "n" * 60_000), execute("p" * 8_000), SYNC],
    "behind a megabyte of comment": [query("/*" + "-" * 1_000_000 + "*/" + ALTER)],
    "behind a megabyte of rows": [query("INSERT INTO deferred SELECT 1 WHERE false; SELECT '" + "x" * 1_000_000 + "'; " + ALTER)],
    "behind deeply nested comments": [query("/*" * 20_000 + "*/" * 20_000 + ALTER)],
    "behind fifty thousand statements": [query(";SELECT 1" * 50_000 + ";" + ALTER)],
    "behind fifty thousand semicolons": [query(";" * 50_000 + ALTER)],
    "with an argument list behind": [parse(ALTER, types=[23] * 100), bind("", "", ["1"] * 100), execute(), SYNC],
    "in a batch that never ends": [one_shot(ALTER), FLUSH, query("COMMIT")],
    "after an error in the skipped stretch": [parse("SELECT FROM WHERE"), bind(), query("SELECT 1"), SYNC, query(ALTER)],
    "as a role of the migrator": settled("SET ROLE app", ALTER),
    "with the migrator's name": settled("SET application_name = 'deploy'", "/* migration:42 by deploy */ " + ALTER),
    "after the role of a rolled back savepoint": settled("BEGIN", "SAVEPOINT s", "SET ROLE app", "ROLLBACK TO s", ALTER, "COMMIT"),
}
