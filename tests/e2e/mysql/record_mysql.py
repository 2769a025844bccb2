"""Records what a real MySQL says, for the tests that run without one: whole logins and sessions, packet by packet, into
tests/proxy/mysql/recorded_sessions.corpus, and replies of every shape into tests/parser/mysql/mysql_replies.corpus.

    MYSQL_BIN=/folder/with/mysqld python3 tests/e2e/mysql/record_mysql.py

A session's lines: ">" what the client sends, "<" what the server answers, "=" its answer to the statement that the guard
sends behind a login; "tls" stands where the handshake on both legs is. The recorded client talks to the server directly
and wants nothing that the guard does not decode.
"""
import pathlib
import struct
import sys
import tempfile

import packets
from packets import BASIC, MULTI, Capability, Command, PacketClient
from plays import FIXTURE
from protected_server import MYSQL_BIN, start_server

REPOSITORY = pathlib.Path(__file__).resolve().parents[3]
SESSIONS = REPOSITORY / "tests/proxy/mysql/recorded_sessions.corpus"
REPLIES = REPOSITORY / "tests/parser/mysql/mysql_replies.corpus"
# The bit that tells MySQL's clients from MariaDB's is LONG_PASSWORD.
WANTED = MULTI | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF | Capability.QUERY_ATTRIBUTES
TRACKING = ("SET @@session.session_track_system_variables = CONCAT(@@session.session_track_system_variables,"
            " ',sql_mode'), @@session.sql_mode = @@session.sql_mode, @@session.character_set_client ="
            " @@session.character_set_client")
NO_ATTRIBUTES = b"\0\1"


class RecordingClient(PacketClient):
    def __init__(self, port, capabilities=WANTED):
        super().__init__(port, capabilities)
        self.lines = []

    def send(self, data):
        super().send(data)
        while data:
            length = 4 + int.from_bytes(data[:3], "little")
            self.lines.append("> " + data[:length].hex())
            data = data[length:]

    def read_frame(self):
        sequence, payload = super().read_frame()
        self.lines.append("< " + packets.frame(payload, sequence).hex())
        return sequence, payload

    def start_tls(self, *arguments):
        super().start_tls(*arguments)
        self.lines.append("tls")

    def text(self, text, attributes=NO_ATTRIBUTES):
        self.command(Command.QUERY, (attributes if self.capabilities & Capability.QUERY_ATTRIBUTES else b"")
                     + packets.encoded(text))
        return self.read_results()

    def tracks(self):
        """What the guard does behind a login; its question is not a part of the session."""
        at = len(self.lines)
        self.text(TRACKING)
        self.lines[at:] = [line.replace("<", "=", 1) for line in self.lines[at:] if line.startswith("<")]


def change_user(client, user):
    password = user.encode()
    response = packets.scramble(client.greeting.plugin, password, client.greeting.nonce)
    client.command(Command.CHANGE_USER, user.encode() + b"\0" + bytes([len(response)]) + response + b"shop\0"
                   + struct.pack("<H", 45) + client.greeting.plugin.encode() + b"\0")
    assert not client.finish_login(password, client.greeting.plugin).error
    client.tracks()


ATTRIBUTES = (b"\2\1" + b"\0\1" + struct.pack("<H", 0xFD) + packets.lenenc(b"one") + struct.pack("<H", 0xFD)
              + packets.lenenc(b"drop") + packets.lenenc(b"1") + packets.lenenc(b"DROP TABLE t"))


def works(client):
    """An hour of work in a minute: every kind of answer, behind the login."""
    for text in ("SELECT 1", "SELECT * FROM t; INSERT INTO t VALUES (3, 'x'); SELECT nosuch", "SET autocommit = 0",
                 "SET time_zone = '+01:00', autocommit = 1", "USE mysql", "USE shop", "BEGIN",
                 "INSERT INTO t VALUES (4, 'y')", "ROLLBACK", "CALL two_results()", "CREATE TABLE made (a INT)",
                 "DROP TABLE made", "SELECT nosuch", "SELECT 1 / 0", "SHOW WARNINGS", ""):
        client.text(text)
    client.text("SELECT name FROM t", ATTRIBUTES)
    prepared = client.prepare("SELECT * FROM t WHERE id = ?")
    client.execute(prepared.statement_id, (1,))
    client.command(Command.CLOSE, struct.pack("<I", prepared.statement_id))
    for command, body in ((Command.PING, b""), (Command.INIT_DB, b"mysql"), (Command.INIT_DB, b"nosuch"),
                          (Command.INIT_DB, b"shop"), (Command.SET_OPTION, b"\1\0")):
        client.command(command, body)
        client.read_packet()
    client.command(Command.RESET_CONNECTION)
    client.read_packet()
    client.tracks()
    client.text("SELECT 1")
    change_user(client, "deploy")
    client.text("SELECT CURRENT_USER()")
    client.command(Command.QUIT)


def forget_passwords(server):
    """The next login of each account is a full one."""
    server.query("FLUSH PRIVILEGES")


def record_sessions(server):
    recorded = []

    def login(name, user="deploy", cold=False, before=None, **keywords):
        if cold:
            forget_passwords(server)
        with RecordingClient(server.port) as client:
            answer = client.login(user, **keywords)
            if not answer.error:
                client.tracks()
                (before or (lambda it: it.text("SELECT CURRENT_USER()")))(client)
            recorded.append([f": {name}", *client.lines])

    login("full login without TLS, the password under the server's key", cold=True)
    login("fast login without TLS")
    login("full login inside TLS, the password in the clear", cold=True, tls=True)
    login("fast login inside TLS", tls=True)
    login("plugin of the past, switched by the server", plugin="mysql_native_password")
    login("plugin of the past inside TLS", plugin="mysql_native_password", tls=True)
    login("account without a password", user="root", password="")
    login("attributes of the connection", attributes={"program_name": "recorder", "_client_name": "packets"})
    login("no database", database=None)
    login("wrong password", password="wrong")
    login("wrong password inside TLS", password="wrong", tls=True)
    login("nobody", user="nobody")
    login("no such database", database="nosuch")
    server.fresh_database()
    server.query(FIXTURE, "shop")
    login("a day's work", before=works)
    server.fresh_database()
    server.query(FIXTURE, "shop")
    login("a day's work inside TLS", before=works, tls=True)
    return recorded


# Replies by their shape

def reply_commands(client):
    """(name, shape, how the last packet ends it, what to do) of every reply."""
    def text(sql, attributes=NO_ATTRIBUTES):
        return lambda: client.text(sql, attributes)

    def simple(command, body=b""):
        return lambda: (client.command(command, body), client.read_packet())

    def results(command, body):
        return lambda: (client.command(command, body), client.read_results())

    for name, sql in (("select", "SELECT * FROM t"), ("select nothing", "SELECT * FROM t WHERE 1 = 0"),
                      ("nulls", "SELECT NULL, '', REPEAT('x', 300)"), ("update", "UPDATE t SET name = 'z' WHERE id = 2"),
                      ("set", "SET autocommit = 1"), ("use", "USE shop"), ("begin", "BEGIN"), ("inside", "SELECT 1"),
                      ("commit", "COMMIT"), ("call", "CALL two_results()"), ("call without results", "CALL none()"),
                      ("several", "SELECT 1; DO 1; SELECT 2"), ("explain", "EXPLAIN SELECT 1"),
                      ("ddl", "CREATE TABLE made (a INT)"), ("drop", "DROP TABLE made"), ("warnings", "SHOW WARNINGS")):
        yield name, "result", "end", text(sql)
    for name, sql in (("syntax error", "SELEC 1"), ("several, failing", "SELECT 1; SELECT nosuch; SELECT 2"),
                      ("empty", ""), ("error in the rows", "SELECT (SELECT id FROM t) FROM t")):
        yield name, "result", "error", text(sql)
    if client.capabilities & Capability.QUERY_ATTRIBUTES:
        yield "attributes", "result", "end", text("SELECT name FROM t", ATTRIBUTES)
    yield "ping", "ok", "end", simple(Command.PING)
    yield "init db", "ok", "end", simple(Command.INIT_DB, b"shop")
    yield "init db, failing", "ok", "error", simple(Command.INIT_DB, b"nosuch")
    yield "set option", "end_of_file", "end", simple(Command.SET_OPTION, b"\0\0")
    yield "set option, failing", "end_of_file", "error", simple(Command.SET_OPTION, b"\7\0")
    yield "debug", "end_of_file", "end", simple(Command.DEBUG)
    yield "statistics", "string", "end", simple(Command.STATISTICS)
    yield "field list", "field_list", "end", lambda: (client.command(Command.FIELD_LIST, b"t\0%"),
                                                      client.read_rows(packets.Answer()))
    yield "refresh", "ok", "error", simple(Command.REFRESH, b"\1")

    def prepare(sql):
        return lambda: client.prepare(sql)

    for name, sql in (("prepare", "SELECT * FROM t WHERE id = ?"), ("prepare without parameters", "SELECT 1"),
                      ("prepare without columns", "INSERT INTO t VALUES (?, ?)"), ("prepare of neither", "DO 1")):
        yield name, "prepare", "end", prepare(sql)
    yield "prepare, failing", "prepare", "error", prepare("SELECT nosuch")
    for name, sql, values, end in (("execute", "SELECT * FROM t WHERE id >= ?", (1,), "end"),
                                   ("execute a change", "UPDATE t SET name = ?", ("w",), "end"),
                                   ("execute a call", "CALL two_results()", (), "end"),
                                   ("execute, failing", "INSERT INTO t VALUES (?, 'again')", (1,), "error")):
        statement = client.prepare(sql).statement_id
        yield name, "execute", end, lambda statement=statement, values=values: client.execute(statement, values)
    cursor = client.prepare("SELECT id FROM t ORDER BY id").statement_id
    yield "execute with a cursor", "execute", "cursor", lambda: client.execute(cursor, cursor=1)
    for number in (1, 2):
        yield f"fetch {number}", "fetch", "end", lambda: (client.command(Command.FETCH, struct.pack("<II", cursor, 1)),
                                                          client.read_fetched())
    yield "reset statement", "ok", "end", simple(Command.RESET, struct.pack("<I", cursor))
    yield "fetch without a cursor", "fetch", "error", lambda: (
        client.command(Command.FETCH, struct.pack("<II", cursor, 1)), client.read_fetched())
    yield "unknown statement", "execute", "error", results(Command.EXECUTE, packets.execute_body(4711))
    yield "reset connection", "ok", "end", simple(Command.RESET_CONNECTION)
    yield "change user", "authentication", "end", lambda: change_user_only(client, "deploy")
    yield "change user, failing", "authentication", "error", lambda: change_user_only(client, "deploy", b"wrong")


def change_user_only(client, user, password=None):
    password = password or user.encode()
    response = packets.scramble(client.greeting.plugin, password, client.greeting.nonce)
    client.command(Command.CHANGE_USER, user.encode() + b"\0" + bytes([len(response)]) + response + b"shop\0"
                   + struct.pack("<H", 45) + client.greeting.plugin.encode() + b"\0")
    client.finish_login(password, client.greeting.plugin)


def record_replies(server):
    recorded = []
    for kind, capabilities in (("eof", MULTI), ("no eof", MULTI | Capability.DEPRECATE_EOF),
                               ("tracking", MULTI | Capability.SESSION_TRACK), ("all", WANTED),
                               ("optional metadata", WANTED | Capability.OPTIONAL_METADATA)):
        server.fresh_database()
        server.query(FIXTURE, "shop")
        with RecordingClient(server.port, capabilities) as client:
            assert not client.login("deploy").error
            if capabilities & Capability.OPTIONAL_METADATA:
                client.text("SET resultset_metadata = NONE")
            client.text("SET @@session.session_track_state_change = ON, session_track_transaction_info = 'CHARACTERISTICS'")
            for name, shape, end, play in reply_commands(client):
                del client.lines[:]
                play()
                answers = [line[2:] for line in client.lines if line.startswith("<")]
                if shape == "prepare" and end == "end" and len(answers) == 1:
                    end = "prepared"  # no definitions, or none that are sent
                recorded.append([f": {kind}, {name} | {shape} | {int(capabilities | Capability.CONNECT_WITH_DB):x} | 0 | {end}",
                                 *answers])
    return recorded


def write(file, what, version, recorded):
    lines = [f"# {what} of MySQL {version}, as they came: one packet a line, header included.", *sum(recorded, [])]
    file.write_text("\n".join(lines) + "\n", encoding="ascii")


def main():
    assert MYSQL_BIN, "MYSQL_BIN names the folder with mysqld"
    with tempfile.TemporaryDirectory() as directory:
        pathlib.Path(directory).chmod(0o755)
        server = start_server(pathlib.Path(directory) / "server")
        try:
            server.query(FIXTURE, "shop")
            write(SESSIONS, "Logins and sessions", server.version, record_sessions(server))
            write(REPLIES, "Replies", server.version, record_replies(server))
        finally:
            server.stop()


if __name__ == "__main__":
    sys.exit(main())
