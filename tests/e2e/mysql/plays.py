"""Conversations that must look the same directly and through the guard: every play returns what it has seen.

A play gets a `Way`: how to reach the server. It returns frames, or values made of them, without anything that differs
from one connection to the next (connection ids, nonces). The numbers are those of the wire reference.
"""
import re
import struct

import packets
from packets import BASIC, MULTI, PAYLOAD_MAX, Capability, Command, Extended, PacketClient
from servers import wait_until

MARIADB, MYSQL = "mariadb", "mysql"
PLAYS = {}
FIXTURE = """
CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(50)) ENGINE=InnoDB;
INSERT INTO t VALUES (1, 'one'), (2, 'two');
CREATE PROCEDURE two_results() BEGIN SELECT 1; SELECT 2, 3; END;
CREATE PROCEDURE none() SET @n = 1
"""


class Way:
    """`port` is the server's or the guard's; `piece` cuts what the client sends."""

    def __init__(self, port, piece=0):
        self.port, self.piece = port, piece

    def connect(self, user="app", **keywords):
        return packets.connect(self.port, user, piece=self.piece, **keywords)

    def open(self, capabilities=BASIC, extended=0):
        return PacketClient(self.port, capabilities, extended, self.piece)


def play(*marks):
    """Marks: MARIADB or MYSQL for what only one of them has, "big" for what is too long to be cut into bytes."""
    def keep(function):
        PLAYS[function.__name__] = (function, set(marks))
        return function
    return keep


def frames_of(answers):
    """Frames without what differs in errors about statements: MariaDB goes on counting them from session to session,
    and each server names functions of its own."""
    return [(sequence, re.sub(rb"(handler|statement) \(\d+\)( given to \w+)?", rb"\1", payload))
            for answer in (answers if isinstance(answers, list) else [answers]) for sequence, payload in answer.frames]


def ask_all(client, *texts):
    return [frames_of(client.query(text)) for text in texts]


# Queries

@play()
def queries_of_every_shape(way):
    """44, 45: OK, ERR, result sets; empty ones, NULLs, long values."""
    with way.connect() as client:
        return ask_all(
            client, "SELECT 1", "SELECT NULL, '', 'é', 0x00ff", "SELECT * FROM t WHERE 1 = 0", "SELECT * FROM t",
            "INSERT INTO t VALUES (3, 'three')", "UPDATE t SET name = 'x' WHERE id > 1", "DELETE FROM t WHERE id = 3",
            "SELECT nosuch", "", "/* nothing */", "SELECT REPEAT('a', 251)", "SELECT REPEAT('b', 70000)",
            "CREATE TEMPORARY TABLE c (a INT AUTO_INCREMENT PRIMARY KEY)", "INSERT INTO c VALUES (NULL), (NULL)",
            "SELECT LAST_INSERT_ID()", "INSERT INTO t VALUES (1, 'again')", "SHOW WARNINGS", "SELECT 1 / 0",
            "SHOW WARNINGS", "DO 1", "SET @a = 1", "SELECT @a", "DESCRIBE t", "EXPLAIN SELECT * FROM t", "USE shop",
            "USE nosuch", "SELECT DATABASE()", "BEGIN", "INSERT INTO t VALUES (9, 'nine')", "ROLLBACK",
            "SELECT COUNT(*) FROM t")


@play()
def texts_that_no_server_reads(way):
    """In enforce mode the guard, which cannot read them either, refuses them itself."""
    with way.connect() as client:
        seen = ask_all(client, "SELEC 1", "SELECT 'open", "DROP", "\0", "SELECT 1 FROM FROM")
        for text in ("SELEC", "DROP TABLE", ""):
            seen.append(client.prepare(text).frames)
        return seen + ask_all(client, "SELECT 1")


@play("big")
def answers_over_sixteen_megabytes(way):
    """1, 2: rows and texts that need several packets, exact multiples among them."""
    with way.connect() as client:
        seen = []
        for length in (PAYLOAD_MAX - 10, PAYLOAD_MAX - 4, PAYLOAD_MAX - 5, PAYLOAD_MAX, PAYLOAD_MAX + 1,
                       2 * PAYLOAD_MAX - 4):
            answer = client.ask(f"SELECT REPEAT('x', {length})")
            seen.append([(sequence, len(payload), payload[:20], payload[-5:]) for sequence, payload in answer.frames])
        for length in (PAYLOAD_MAX - 1, PAYLOAD_MAX, PAYLOAD_MAX + 1, 2 * PAYLOAD_MAX):
            text = b"SELECT LENGTH('"
            text += b"y" * (length - 1 - len(text) - 2) + b"')"
            seen.append(frames_of(client.query(text)))
        seen.append(frames_of(client.query("SELECT 1")))
        return seen


@play("big")
def answers_of_many_columns(way):
    """44: more than sixteen bits can count."""
    with way.connect() as client:
        answer = client.ask("SELECT 1" + ", 1" * 0x10000)
        return [len(answer.frames), answer.frames[:2], answer.frames[-3:], *ask_all(client, "SELECT 1")]


@play()
def pipelined_queries(way):
    """5: commands that do not wait for answers."""
    with way.connect() as client:
        texts = ["SELECT 1", "INSERT INTO t VALUES (3, 'c')", "SELECT nosuch", "SELECT * FROM t", "BEGIN",
                 "INSERT INTO t VALUES (4, 'd')", "ROLLBACK", "SELECT COUNT(*) FROM t"]
        client.send(b"".join(packets.frame(bytes([Command.QUERY]) + text.encode()) for text in texts)
                    + packets.frame(bytes([Command.PING])) + packets.frame(bytes([Command.PREPARE]) + b"SELECT ?"))
        return [frames_of(client.read_results()) for _ in texts] + [client.read_packet().frames,
                                                                  client.read_prepared().frames]


@play()
def several_statements(way):
    """14, 16, 40: chains of results, ended by an error or the last one."""
    with way.connect(capabilities=MULTI) as client:
        seen = ask_all(client, "SELECT 1; SELECT 2; INSERT INTO t VALUES (5, 'e'); SELECT * FROM t",
                       "SELECT 1; SELECT nosuch; SELECT 3", "SELECT 1;", "SELECT 1;;", "SELECT ';'; SELECT 2 -- ; x",
                       "BEGIN; INSERT INTO t VALUES (6, 'f'); ROLLBACK; SELECT COUNT(*) FROM t")
    with way.connect() as client:
        return seen + ask_all(client, "SELECT 1; SELECT 2", "SELECT 3")


@play()
def set_option(way):
    """15: multi-statements on and off in mid-session."""
    with way.connect() as client:
        seen = ask_all(client, "SELECT 1; SELECT 2")
        for option in (0, 1):
            client.command(Command.SET_OPTION, struct.pack("<H", option))
            seen.append(client.read_packet().frames)
            seen += ask_all(client, "SELECT 1; SELECT 2")
        client.command(Command.SET_OPTION, struct.pack("<H", 7))
        return seen + [client.read_packet().frames]


@play()
def procedures(way):
    """40: CALL brings an unknown number of results."""
    with way.connect() as client:
        seen = ask_all(client, "CALL two_results()", "CALL nosuch()", "CALL none()", "SELECT 1")
        prepared = client.prepare("CALL two_results()")
        seen.append(prepared.frames)
        for _ in range(2):
            seen.append(frames_of(client.execute(prepared.statement_id)))
        return seen


# Prepared statements

@play()
def prepared_statements(way):
    """32, 54: prepare, execute, reset, close; errors in both; unknown ids."""
    with way.connect() as client:
        seen = []
        for text, parameters in (("SELECT 1", [()]), ("SELECT * FROM t WHERE id = ? OR name = ?", [(1, "two"), (7, None)]),
                                 ("INSERT INTO t VALUES (?, ?)", [(10, "ten"), (10, "again"), (11, None)]),
                                 ("UPDATE t SET name = ? WHERE id = ?", [("x", 1)]), ("SELECT nosuch", []),
                                 ("SELECT ?", [("a" * 300,), (None,)]), ("SET @x = ?", [(5,)]), ("BEGIN", [()]),
                                 ("COMMIT", [()])):
            prepared = client.prepare(text)
            seen.append(prepared.frames)
            if prepared.error:  # MySQL prepares no BEGIN
                continue
            for values in parameters:
                seen.append(frames_of(client.execute(prepared.statement_id, values)))
            client.command(Command.RESET, struct.pack("<I", prepared.statement_id))
            seen.append(frames_of(client.read_packet()))
            client.command(Command.CLOSE, struct.pack("<I", prepared.statement_id))
            seen.append(frames_of(client.execute(prepared.statement_id, parameters[0])))
        seen.append(frames_of(client.execute(4711)))
        client.command(Command.RESET, struct.pack("<I", 4711))
        return seen + [frames_of(client.read_packet())]


@play()
def long_data(way):
    """10, 32: SEND_LONG_DATA has no answer, in good order and in bad."""
    with way.connect() as client:
        prepared = client.prepare("SELECT LENGTH(?), ?")
        for piece in (b"abc", b"d" * 70000, b""):
            client.command(Command.SEND_LONG_DATA, struct.pack("<IH", prepared.statement_id, 0) + piece)
        # Types first; the first parameter's value has been sent already.
        body = struct.pack("<IBI", prepared.statement_id, 0, 1) + b"\0\1" + struct.pack("<HH", 0xFC, 0xFD) + b"\3end"
        client.command(Command.EXECUTE, body)
        seen = [frames_of(client.read_results())]
        client.command(Command.SEND_LONG_DATA, struct.pack("<IH", 4711, 0) + b"nobody")
        seen += ask_all(client, "SELECT 1")
        client.command(Command.CLOSE, struct.pack("<I", 4711))
        return seen + ask_all(client, "SELECT 2")


def _cursor(client):
    prepared = client.prepare("SELECT id, name FROM t ORDER BY id")
    seen = [prepared.frames, frames_of(client.execute(prepared.statement_id, cursor=1))]
    for rows in (1, 1, 5):
        client.command(Command.FETCH, struct.pack("<II", prepared.statement_id, rows))
        seen.append(client.read_fetched().frames)
    seen.append(frames_of(client.execute(prepared.statement_id, cursor=1)))
    client.command(Command.RESET, struct.pack("<I", prepared.statement_id))
    seen.append(client.read_packet().frames)
    client.command(Command.FETCH, struct.pack("<II", prepared.statement_id, 1))
    return seen + [frames_of(client.read_fetched())] + ask_all(client, "SELECT 1")


@play()
def cursors(way):
    """40: a cursor changes the shape of EXECUTE's answer; FETCH brings the rows."""
    with way.connect() as client:
        return _cursor(client)


@play(MARIADB)
def flags_left_behind_by_a_block(way):
    """40: a cursor inside of an executed block is not the client's."""
    with way.connect() as client:
        prepared = client.prepare(
            "BEGIN NOT ATOMIC DECLARE r ROW(a TEXT, b TEXT, c TEXT, d TEXT, e TEXT, f TEXT, g TEXT, h TEXT, i TEXT, j TEXT);"
            " DECLARE c CURSOR FOR SELECT id FROM t PROCEDURE analyse();"
            " OPEN c; FETCH c INTO r; CLOSE c; SELECT 1; SELECT id FROM t; END")
        return [prepared.frames, frames_of(client.execute(prepared.statement_id)),
                frames_of(client.execute(prepared.statement_id)), *ask_all(client, "SELECT 2")]


@play(MARIADB)
def cursors_without_eof(way):
    with way.connect(capabilities=BASIC | Capability.DEPRECATE_EOF) as client:
        prepared = client.prepare("SELECT id FROM t ORDER BY id")
        seen = [frames_of(client.execute(prepared.statement_id))]
        return seen + ask_all(client, "SELECT 1")


@play(MARIADB)
def the_statement_prepared_last(way):
    """37: id -1, alone, repeated, in one write with its PREPARE, after a failed one."""
    with way.connect() as client:
        seen = [client.prepare("SELECT 41").frames]
        seen += [frames_of(client.execute(packets.LAST_PREPARED)) for _ in range(2)]
        client.send(packets.frame(bytes([Command.PREPARE]) + b"SELECT 42")
                    + packets.frame(bytes([Command.EXECUTE]) + packets.execute_body(packets.LAST_PREPARED)))
        seen += [client.read_prepared().frames, frames_of(client.read_results())]
        seen.append(client.prepare("SELECT nosuch").frames)
        return seen + [frames_of(client.execute(packets.LAST_PREPARED))] + ask_all(client, "SELECT 1")


@play(MARIADB)
def bulk_execution(way):
    """32, M12: many rows for one statement."""
    with way.connect(extended=Extended.BULK) as client:
        prepared = client.prepare("INSERT INTO t VALUES (?, ?)")
        rows = b"".join(b"\0" + packets.lenenc(str(number).encode()) + b"\0" + packets.lenenc(b"bulk")
                        for number in range(20, 40))
        body = struct.pack("<IH", prepared.statement_id, 128) + struct.pack("<HH", 0xFD, 0xFD)
        client.command(Command.BULK_EXECUTE, body + rows)
        seen = [prepared.frames, frames_of(client.read_results())]
        client.command(Command.BULK_EXECUTE, body + b"\0\00250\1\0\00251\0\3abc")  # one NULL among them
        seen.append(frames_of(client.read_results()))
        client.command(Command.BULK_EXECUTE, struct.pack("<IH", 4711, 128) + b"\xfd\0\0\1x")
        return seen + [frames_of(client.read_results())] + ask_all(client, "SELECT COUNT(*), MAX(id) FROM t")


@play()
def changed_under_a_prepared_statement(way):
    """54: DDL elsewhere changes the columns of a prepared SELECT *."""
    with way.connect() as client, way.connect("deploy") as other:
        prepared = client.prepare("SELECT * FROM t")
        seen = [frames_of(client.execute(prepared.statement_id))]
        seen.append(frames_of(other.query("ALTER TABLE t ADD COLUMN extra INT DEFAULT 7")))
        return seen + [frames_of(client.execute(prepared.statement_id)) for _ in range(2)]


# Capabilities

@play()
def without_eof(way):
    """13: DEPRECATE_EOF changes the framing of results."""
    with way.connect(capabilities=MULTI | Capability.DEPRECATE_EOF) as client:
        seen = ask_all(client, "SELECT 1; SELECT * FROM t; SELECT nosuch", "CALL two_results()", "INSERT INTO t VALUES (7, '')")
        prepared = client.prepare("SELECT * FROM t WHERE id > ?")
        seen.append(prepared.frames)
        seen.append(frames_of(client.execute(prepared.statement_id, (0,))))
        return seen + ask_all(client, "SELECT REPEAT('x', 70000)")


def tracking_frames(answers):
    """Frames whose OK packets are taken apart: the order in which a server lists what it tracks is its own affair."""
    frames = []
    for sequence, payload in frames_of(answers):
        ok = packets.Ok(payload) if payload[:1] == b"\0" else None
        if ok and ok.status & packets.STATE_CHANGED:
            info, at = packets.read_text(ok.rest, 0)
            block, entries, at = packets.read_text(ok.rest, at)[0], [], 0
            while at < len(block):
                kind, (data, end) = block[at], packets.read_text(block, at + 1)
                entries.append((kind, data))
                at = end
            payload = (ok.affected, ok.insert_id, ok.status, ok.warnings, info, sorted(entries))
        frames.append((sequence, payload))
    return frames


@play()
def session_tracking(way):
    """21: what the client asked for, and nothing else."""
    texts = ["SET autocommit = 0", "SET NAMES latin1", "SET time_zone = '+01:00'", "USE shop", "SET @x = 1", "BEGIN",
             "COMMIT", "SET sql_mode = 'ANSI_QUOTES'", "SET sql_mode = DEFAULT", "SET character_set_client = utf8mb4",
             "SELECT 1", "CALL none()"]
    seen = []
    for extra in (0, Capability.SESSION_TRACK, Capability.SESSION_TRACK | Capability.DEPRECATE_EOF):
        with way.connect(capabilities=BASIC | extra) as client:
            seen += [tracking_frames(client.query(text)) for text in texts]
            client.command(Command.INIT_DB, b"mysql")
            seen.append(tracking_frames(client.read_packet()))
            seen += [tracking_frames(client.query(text)) for text in
                     ("SET session_track_schema = OFF", "USE shop", "SET session_track_state_change = ON",
                      "SET NAMES utf8mb4", "USE mysql")]
    return seen


@play()
def tracked_variables(way):
    """21: a client that chooses the tracked variables sees these and no others."""
    with way.connect(capabilities=BASIC | Capability.SESSION_TRACK) as client:
        return [tracking_frames(client.query(text)) for text in (
            "SET session_track_system_variables = 'lock_wait_timeout'", "SET lock_wait_timeout = 77",
            "SET sql_mode = 'ANSI_QUOTES'", "SET NAMES latin1",
            "SET session_track_system_variables = 'sql_mode,autocommit'", "SET sql_mode = ''", "SET NAMES utf8mb4",
            "SET autocommit = 0", "SET session_track_system_variables = ''", "SET sql_mode = 'ANSI_QUOTES'",
            "SET lock_wait_timeout = 78")]


@play(MARIADB)
def cached_metadata(way):
    """24: the server leaves out column definitions that it has sent before."""
    with way.connect(capabilities=BASIC | Capability.DEPRECATE_EOF, extended=Extended.CACHE_METADATA) as client:
        prepared = client.prepare("SELECT * FROM t")
        return [prepared.frames] + [frames_of(client.execute(prepared.statement_id)) for _ in range(3)] \
            + ask_all(client, "SELECT 1")


@play(MARIADB)
def tracking_in_wide_character_sets(way):
    """46: in databases of such character sets MariaDB writes what it tracks in a way that no client decodes."""
    seen = []
    for character_set in ("ucs2", "utf16", "utf16le", "utf32"):
        for extra in (0, Capability.SESSION_TRACK, Capability.SESSION_TRACK | Capability.DEPRECATE_EOF):
            with way.connect(capabilities=BASIC | extra) as client:
                seen += ask_all(client, f"SET collation_database = {character_set}_bin", "SET time_zone = '+01:00'",
                                "SET sql_mode = 'ANSI_QUOTES'", 'SELECT "a" FROM (SELECT 1 AS a) AS t',
                                "SET session_track_schema = ON", "SET NAMES latin1", "BEGIN", "USE shop")
    return seen


@play(MARIADB)
def extended_metadata(way):
    """11: more about each column."""
    with way.connect(extended=Extended.METADATA) as client:
        return ask_all(client, "SELECT CAST('{}' AS CHAR) AS a, JSON_OBJECT() AS b, ST_GEOMFROMTEXT('POINT(1 1)') AS c",
                       "CREATE TEMPORARY TABLE j (a JSON, b UUID, c INET6)", "SELECT * FROM j")


@play(MYSQL)
def optional_metadata(way):
    """24: MySQL's way of leaving column definitions out."""
    seen = []
    for capabilities in (BASIC, BASIC | Capability.DEPRECATE_EOF):
        with way.connect(capabilities=capabilities | Capability.OPTIONAL_METADATA) as client:
            seen += ask_all(client, "SELECT * FROM t", "SET resultset_metadata = NONE", "SELECT * FROM t", "SELECT 1")
            for text in ("SELECT * FROM t WHERE id = ?", "INSERT INTO t VALUES (?, ?)", "SELECT 5", "DO 1"):
                seen.append(client.prepare(text).frames)
            prepared = client.prepare("SELECT * FROM t WHERE id = ?")
            seen.append(frames_of(client.execute(prepared.statement_id, (1,))))
    return seen


@play(MYSQL)
def query_attributes(way):
    """12: named values before the text."""
    with way.connect(capabilities=BASIC | Capability.QUERY_ATTRIBUTES) as client:
        plain = b"\0\1"
        named = b"\2\1" + b"\0\1" + struct.pack("<H", 0xFD) + packets.lenenc(b"one") + struct.pack("<H", 0xFD) \
            + packets.lenenc(b"drop") + packets.lenenc(b"1") + packets.lenenc(b"DROP TABLE t")
        seen = []
        for prefix in (plain, named):
            client.command(Command.QUERY, prefix + b"SELECT name FROM t")
            seen.append(frames_of(client.read_results()))
        prepared = client.prepare("SELECT ?")
        body = struct.pack("<IBI", prepared.statement_id, 8, 1) + b"\2\0\1" + struct.pack("<H", 0xFD) + b"\0" \
            + struct.pack("<H", 0xFD) + packets.lenenc(b"tag") + packets.lenenc(b"v") + packets.lenenc(b"w")
        client.command(Command.EXECUTE, body)
        return seen + [frames_of(client.read_results())]


@play()
def flags_that_change_meaning(way):
    """17, 22: FOUND_ROWS, INTERACTIVE, NO_SCHEMA, IGNORE_SPACE."""
    seen = []
    for flag in (Capability.FOUND_ROWS, Capability.INTERACTIVE, Capability.NO_SCHEMA, Capability.IGNORE_SPACE):
        with way.connect(capabilities=BASIC | flag) as client:
            seen += ask_all(client, "SET @@interactive_timeout = 99", "UPDATE t SET name = name",
                            "SELECT shop.t.id FROM t", "SELECT COUNT (*) FROM t", "SELECT @@sql_mode, @@wait_timeout")
    return seen


@play()
def character_sets_by_number(way):
    """23, M27: the number in the login is the server's business."""
    seen = []
    for charset in (0, 8, 28, 33, 35, 45, 54, 60, 63, 83, 192, 224, 254, 255):
        with way.open() as client:
            try:
                answer = client.login("app", charset=charset)
                seen.append((charset, answer.error.code if answer.error else None))
                if not answer.error:
                    seen += ask_all(client, "SELECT @@character_set_client, @@collation_connection",
                                    b"SELECT '\xbf\x5c\x5c', HEX('\xc3\xa9')")
            except packets.Closed:
                seen.append((charset, "closed"))
    return seen


@play()
def attributes_of_the_connection(way):
    """20: attributes, long and odd ones."""
    seen = []
    for attributes in ({}, {"program_name": "play", "_os": "x"}, {"k" * 250: "v" * 3000}, {"": "", "é": "ü"}):
        with way.open() as client:
            answer = client.login("app", attributes=attributes)
            seen.append(answer.error.code if answer.error else None)
    return seen


# Sessions

@play()
def failed_logins(way):
    """24, 31: what the server says to those whom it does not let in."""
    seen = []
    for user, password, database in (("app", "wrong", "shop"), ("nobody", "x", "shop"), ("app", "app", "nosuch"),
                                     ("app", "", None), ("", "", None)):
        with way.open() as client:
            answer = client.login(user, password, database)
            seen.append((answer.frames[-1][0], answer.error and answer.error.code, answer.error and answer.error.sqlstate))
    return seen


@play()
def simple_commands(way):
    """32: every other command that an application may send."""
    with way.connect() as client:
        seen = []
        client.command(Command.PING)
        seen.append(client.read_packet().frames)
        for name in (b"mysql", b"nosuch", b"shop", b""):
            client.command(Command.INIT_DB, name)
            seen.append(client.read_packet().frames)
        client.command(Command.STATISTICS)
        seen.append(client.read_packet().frames[0][0])
        client.command(Command.FIELD_LIST, b"t\0%")
        answer = packets.Answer()
        client.read_rows(answer)
        seen.append(answer.frames)
        return seen + ask_all(client, "SELECT 1")


@play()
def reset_connection(way):
    """M13: everything of the session is gone, statements included."""
    with way.connect() as client:
        prepared = client.prepare("SELECT 5")
        seen = ask_all(client, "SET @x = 1", "CREATE TEMPORARY TABLE gone (a INT)", "SET sql_mode = 'ANSI_QUOTES'",
                       "SET NAMES latin1")
        client.command(Command.RESET_CONNECTION)
        seen.append(client.read_packet().frames)
        seen += ask_all(client, "SELECT @x", "SELECT * FROM gone", "SELECT @@sql_mode = 'ANSI_QUOTES'", 'SELECT "id"',
                        "SELECT @@character_set_client")
        return seen + [frames_of(client.execute(prepared.statement_id))]


def change_user(client, user, password=None, database="shop"):
    """COM_CHANGE_USER with the nonce of the greeting; the server switches where that is not enough (25, 30)."""
    password = (user if password is None else password).encode()
    response = packets.scramble(client.greeting.plugin, password, client.greeting.nonce)
    body = user.encode() + b"\0" + bytes([len(response)]) + response + database.encode() + b"\0" + struct.pack("<H", 45) \
        + client.greeting.plugin.encode() + b"\0"
    client.command(Command.CHANGE_USER, body)
    return client.finish_login(password, client.greeting.plugin)


@play()
def change_of_user(way):
    """30: another identity on the same connection."""
    with way.connect() as client:
        prepared = client.prepare("SELECT 5")
        seen = ask_all(client, "SET @x = 1", "CREATE TEMPORARY TABLE gone (a INT)", "SET sql_mode = 'ANSI_QUOTES'")
        answer = change_user(client, "reader")
        seen.append((answer.error, answer.frames[-1]))
        seen += ask_all(client, "SELECT @x", "SELECT * FROM gone", "SELECT @@sql_mode = 'ANSI_QUOTES'",
                        "INSERT INTO t VALUES (8, 'no')", "SELECT COUNT(*) FROM t")
        seen.append(frames_of(client.execute(prepared.statement_id)))
        answer = change_user(client, "app", database="mysql")
        return seen + [(answer.error, answer.frames[-1])] + ask_all(client, "SELECT DATABASE()")


@play()
def failed_change_of_user(way):
    """30: an error, then the end of the connection as the server sees fit."""
    with way.connect() as client:
        answer = change_user(client, "reader", "wrong")
        seen = [(answer.frames[-1][0], answer.error.code)]
        try:
            return seen + ask_all(client, "SELECT CURRENT_USER()")
        except (packets.Closed, ConnectionError):
            return seen + ["closed"]


@play()
def local_file(way):
    """18: the server asks the client for a file; what it then sends is data, whatever it looks like."""
    with way.connect(capabilities=BASIC | Capability.LOCAL_FILES) as client:
        seen = []
        for content in (b"60\tsixty\n61\tsixty-one\n", b"\3DROP TABLE t", b""):
            answer = client.ask("LOAD DATA LOCAL INFILE 'some.csv' INTO TABLE t")
            seen.append(answer.frames)
            sequence = client.sequence
            if content:
                client.send(packets.frame(content, sequence))
                sequence += 1
            client.send(packets.frame(b"", sequence))
            seen.append(frames_of(client.read_results()))
        return seen + ask_all(client, "LOAD DATA /* x */ LOCAL INFILE 'x' INTO TABLE nosuch", "SELECT id FROM t")


@play(MARIADB)
def prepared_local_file(way):
    """18: MariaDB prepares it, too."""
    with way.connect(capabilities=BASIC | Capability.LOCAL_FILES) as client:
        prepared = client.prepare("LOAD DATA LOCAL INFILE 'some.csv' INTO TABLE t")
        seen = [prepared.frames]
        for content in (b"60\tsixty\n", b"61\tsixty-one\n"):
            seen.append(frames_of(client.execute(prepared.statement_id)))
            client.send(packets.frame(content, client.sequence) + packets.frame(b"", client.sequence + 1))
            seen.append(frames_of(client.read_results()))
        return seen + ask_all(client, "SELECT id FROM t")


@play()
def killed_from_elsewhere(way):
    """47, 48, 50: KILL QUERY and KILL with the connection id that the client was given."""
    with way.connect() as client, way.connect() as other:
        victim = client.greeting.connection_id
        seen = [client.value("SELECT CONNECTION_ID()") == str(victim)]
        client.command(Command.QUERY, b"SELECT SLEEP(50)")
        while other.value(f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {victim}"
                          " AND info LIKE 'SELECT SLEEP%'") != "1":
            pass
        seen += ask_all(other, f"KILL QUERY {victim}")
        seen.append(frames_of(client.read_results()))
        seen += ask_all(client, "SELECT 1")
        seen += ask_all(other, f"KILL {victim}")
        return seen + [client.read_to_end()]


@play()
def clients_that_leave_while_they_wait(way):
    """49: the server is told, and ends their wait."""
    with way.connect() as client, way.connect() as other:
        seen = ask_all(other, "SELECT GET_LOCK('play', 0)")
        victim = client.greeting.connection_id
        client.command(Command.QUERY, b"SELECT GET_LOCK('play', 3600)")
        running = f"SELECT COUNT(*) FROM information_schema.processlist WHERE id = {victim}"
        wait_until(lambda: other.value(running + " AND state = 'User lock'") == "1", "the client waits")
        client.close()
        wait_until(lambda: other.value(running) == "0", "its session has ended")
        return seen


@play()
def farewells(way):
    """49: QUIT has no answer; a closed half ends the session."""
    seen = []
    with way.connect() as client:
        client.command(Command.QUIT)
        seen.append(client.read_to_end())
    with way.connect() as client:
        client.send(packets.frame(bytes([Command.QUERY]) + b"SELECT 1") + packets.frame(bytes([Command.QUIT])))
        seen += [frames_of(client.read_results()), client.read_to_end()]
    return seen


@play()
def commands_that_nobody_knows(way):
    """33, 36, M15, M16: the server answers 1047 to each of them."""
    with way.connect() as client:
        seen = []
        for byte in (0x00, 0x0B, 0x0F, 0x10, 0x14, 0x1D, 0x40, 0x7F, 0xFE):
            client.send(packets.frame(bytes([byte]) + b"anything"))
            answer = client.read_packet()
            seen.append((byte, answer.frames[0][0], answer.error.code, answer.error.sqlstate))
        return seen + ask_all(client, "SELECT 1")
