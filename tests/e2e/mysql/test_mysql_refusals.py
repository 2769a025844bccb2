"""Refusals on the wire: the whole packet, before any byte of it goes on; afterwards everything is as it was."""
import socket
import struct

import pytest

import packets
from packets import BASIC, IN_TRANSACTION, LAST_PREPARED, MULTI, PAYLOAD_MAX, Capability, Command, Extended, connect
from plays import change_user
from refusals import assert_refused, assert_usable, refuse
from servers import wait_until

ADD = "ALTER TABLE t ADD COLUMN extra INT"


@pytest.fixture
def client(enforcing, shop):
    with connect(enforcing.port) as connection:
        yield connection


@pytest.fixture
def multi(enforcing, shop):
    with connect(enforcing.port, capabilities=MULTI) as connection:
        yield connection


@pytest.fixture(autouse=True)
def nothing_has_changed(shop):
    """Whatever a test tries: its tables are as they were, or the test says what else it expects."""
    expected = {"tables": {"t"}, "columns": ["id", "name"]}
    yield expected
    assert shop.tables() == expected["tables"]
    if "t" in expected["tables"]:
        assert shop.columns("t") == expected["columns"]


def test_refusal_names_object_reason_and_reference(client):
    message = refuse(client, ADD).error.message
    assert "ALTER TABLE" in message and "t blocked" in message and "rule builtin/schema" in message, message


def test_migrator_may(enforcing, nothing_has_changed):
    with connect(enforcing.port, "deploy") as client:
        assert not client.ask(ADD).error
        assert not client.ask("CREATE TABLE made (a INT)").error
    nothing_has_changed.update(tables={"t", "made"}, columns=["id", "name", "extra"])


def test_transaction_is_untouched(client, shop):
    """43: even a failing ALTER would commit it."""
    assert client.ask("BEGIN").status & IN_TRANSACTION
    assert client.ask("INSERT INTO t VALUES (3, 'open')").status & IN_TRANSACTION
    refuse(client, ADD)
    client.command(Command.PREPARE, ADD.encode())
    assert_refused(client.read_packet())
    assert client.ask("DO 1").status & IN_TRANSACTION
    assert shop.query("SELECT COUNT(*) FROM t", "shop") == [(2,)]
    client.ask("ROLLBACK")
    assert client.value("SELECT COUNT(*) FROM t") == "2"


def test_several_statements_are_refused_together(multi, shop):
    """14, 42, M1: nothing before the refused one runs either."""
    for text in (f"INSERT INTO t VALUES (3, 'x'); {ADD}", f"{ADD}; SELECT 1", f"SELECT 1; SELECT 2; {ADD}; SELECT 3",
                 f"BEGIN; {ADD}; COMMIT", f"SELECT 1;{ADD};"):
        refuse(multi, text)
    assert multi.value("SELECT COUNT(*) FROM t") == "2"


def test_several_statements_without_the_flag(client):
    """14, 16: a syntax error for the server, whatever the guard says of it."""
    answer = client.ask(f"SELECT 1; {ADD}")
    assert answer.error and answer.error.code in (1142, 1064)
    assert_usable(client)


def test_flag_set_in_mid_session(client):
    """15, M2."""
    client.command(Command.SET_OPTION, struct.pack("<H", 0))
    assert not client.read_packet().error
    assert len(client.query("SELECT 1; SELECT 2")) == 2
    refuse(client, f"SELECT 1; {ADD}")


def test_pipelined_commands_are_judged_one_by_one(client):
    """5, M21: answers come in order, refusals in their places."""
    texts = ["SELECT 1", ADD, "SELECT 2", "DROP TABLE t", "SELECT SLEEP(0.2)", ADD, "SELECT 3"]
    client.send(b"".join(packets.frame(bytes([Command.QUERY]) + text.encode()) for text in texts))
    for text in texts:
        answer = client.read_result()
        if text.startswith("SELECT"):
            assert not answer.error, (text, answer)
        else:
            assert_refused(answer)
    assert_usable(client)


@pytest.mark.parametrize("piece", [1, 3, 100])
def test_refusal_whatever_the_cut(enforcing, piece):
    with connect(enforcing.port, piece=piece) as client:
        refuse(client, ADD)
        client.send(packets.frame(bytes([Command.QUERY]) + b"SELECT 1")
                    + packets.frame(bytes([Command.QUERY]) + ADD.encode()))
        assert not client.read_result().error
        assert_refused(client.read_result())


# Long packets

@pytest.mark.parametrize("before", [PAYLOAD_MAX - 5, PAYLOAD_MAX - 1, PAYLOAD_MAX + 3, 2 * PAYLOAD_MAX])
def test_statement_across_the_cut(client, before):
    """1, M18: the verb lies in the second physical packet, or on both sides of the cut."""
    comment = b"/*" + b"x" * (before - 5) + b"*/"
    client.command(Command.QUERY, comment + ADD.encode())
    answer = client.read_packet()
    assert answer.error, answer
    length = 1 + len(comment) + len(ADD)
    assert answer.frames[-1][0] == length // PAYLOAD_MAX + 1
    assert_usable(client)


def test_refusal_waits_for_the_end_of_the_chain(client):
    """2: exactly 16777215 bytes need an empty packet behind them."""
    text = ADD.encode() + b" " * (PAYLOAD_MAX - 1 - len(ADD))
    client.command(Command.QUERY, text)
    assert_refused(client.read_packet(), sequence=2)
    assert_usable(client)


def test_long_harmless_text_behind_a_refusal(client):
    refuse(client, ADD)
    assert client.value("SELECT LENGTH('" + "y" * (PAYLOAD_MAX + 10) + "')") == str(PAYLOAD_MAX + 10)
    refuse(client, ADD)


# Prepared statements

DEFINITIONS = [
    ADD, "CREATE TABLE n (a INT)", "DROP TABLE t", "RENAME TABLE t TO n", "CREATE INDEX i ON t (name)",
    "DROP DATABASE shop", "CREATE DATABASE n", "CREATE VIEW n AS SELECT 1", "CREATE PROCEDURE n() SELECT 1",
    "CREATE TRIGGER n BEFORE INSERT ON t FOR EACH ROW SET @a = 1", "CREATE EVENT n ON SCHEDULE EVERY 1 DAY DO SELECT 1",
    "CREATE USER n", "GRANT SELECT ON shop.* TO reader", "SET GLOBAL max_connections = 10",
]


@pytest.mark.parametrize("text", DEFINITIONS)
def test_prepared_definition(client, text):
    """39, M7: refused at its PREPARE."""
    client.command(Command.PREPARE, text.encode())
    assert_refused(client.read_packet())
    assert_usable(client)


def test_last_prepared_after_a_refused_prepare(client, shop):
    """37, 38: id -1 must not run an older statement."""
    older = client.prepare("INSERT INTO t VALUES (3, 'older')")
    for _ in range(2):
        client.send(packets.frame(bytes([Command.PREPARE]) + ADD.encode())
                    + packets.frame(bytes([Command.EXECUTE]) + packets.execute_body(LAST_PREPARED)))
        assert_refused(client.read_packet())
        assert client.read_result().error.code == 1243
    assert client.execute(LAST_PREPARED)[0].error.code == 1243
    assert shop.query("SELECT COUNT(*) FROM t", "shop") == [(2,)]
    assert not client.execute(older.statement_id)[0].error
    assert client.execute(LAST_PREPARED)[0].error.code == 1243
    client.prepare("SELECT 7")
    answer = client.execute(LAST_PREPARED)[0]
    assert not answer.error if shop.is_mariadb else answer.error.code == 1243
    assert_usable(client)


def test_pipelined_prepares_keep_their_texts(client):
    """38, M7: a queue of them, refused ones between."""
    texts = ["SELECT 1, ?", ADD, "SELECT 2", "DROP TABLE t", "SELECT nosuch", "SELECT 3"]
    client.send(b"".join(packets.frame(bytes([Command.PREPARE]) + text.encode()) for text in texts))
    prepared = []
    for text in texts:
        answer = client.read_prepared()
        if text in (ADD, "DROP TABLE t"):
            assert_refused(answer)
        prepared.append(answer)
    assert [answer.parameters for answer in prepared] == [1, 0, 0, 0, 0, 0]
    assert client.execute(prepared[5].statement_id)[0].rows != client.execute(prepared[2].statement_id)[0].rows
    assert_usable(client)


@pytest.mark.parametrize("texts", [
    ("SET @q = 'ALTER TABLE t ADD COLUMN extra INT'", "PREPARE p FROM @q"),
    ("PREPARE p FROM 'ALTER TABLE t ADD COLUMN extra INT'",),
    ("SET @q = CONCAT('AL', 'TER TABLE t ADD COLUMN extra INT')", "PREPARE p FROM @q"),
])
def test_prepared_in_text(client, texts):
    """M9."""
    for text in texts[:-1]:
        assert not client.ask(text).error
    refuse(client, texts[-1])
    assert client.ask("EXECUTE p").error


def test_bulk_execution_after_a_refused_prepare(enforcing, shop):
    """M12."""
    if not shop.is_mariadb:
        return
    with connect(enforcing.port, extended=Extended.BULK) as client:
        client.prepare("INSERT INTO t VALUES (?, ?)")
        client.send(packets.frame(bytes([Command.PREPARE]) + ADD.encode())
                    + packets.frame(bytes([Command.BULK_EXECUTE]) + struct.pack("<IH", LAST_PREPARED, 128)
                                    + struct.pack("<HH", 0xFD, 0xFD) + b"\0\0013\0\1x"))
        assert_refused(client.read_packet())
        assert client.read_result().error.code == 1243
        assert client.value("SELECT COUNT(*) FROM t") == "2"


# Who is asking

def test_identity_follows_the_change_of_user(client, nothing_has_changed):
    """30, M13: the migrator's rights come and go with the login."""
    refuse(client, ADD)
    assert not change_user(client, "deploy").error
    assert not client.ask(ADD).error
    nothing_has_changed["columns"] = ["id", "name", "extra"]
    assert not change_user(client, "app").error
    refuse(client, "ALTER TABLE t DROP COLUMN extra")
    assert client.ask("SELECT 1; SELECT 2").error  # the login's flags hold


def test_failed_change_of_user_changes_nothing_or_all(enforcing, nothing_has_changed):
    """30: MariaDB lets the session go on as who it was; then the guard must know who that is."""
    with connect(enforcing.port) as client:
        assert change_user(client, "deploy", "wrong").error.code == 1045
        try:
            assert client.value("SELECT CURRENT_USER()") == "app@%"
            refuse(client, ADD)
        except (packets.Closed, ConnectionError):
            pass  # MySQL ends the connection
    with connect(enforcing.port, "deploy") as client:
        assert change_user(client, "app", "wrong").error.code == 1045
        try:
            assert client.value("SELECT CURRENT_USER()") == "deploy@%"
            assert not client.ask("CREATE TABLE made (a INT)").error
            nothing_has_changed["tables"] = {"t", "made"}
        except (packets.Closed, ConnectionError):
            pass


def test_commands_pipelined_behind_a_change_of_user(enforcing, shop):
    """M13: what was sent before the login's answer is judged as the new user's, or stopped."""
    with connect(enforcing.port, "deploy") as client:
        response = packets.scramble(client.greeting.plugin, b"app", client.greeting.nonce)
        body = b"app\0" + bytes([len(response)]) + response + b"shop\0" + struct.pack("<H", 45) \
            + client.greeting.plugin.encode() + b"\0"
        client.send(packets.frame(bytes([Command.CHANGE_USER]) + body)
                    + packets.frame(bytes([Command.QUERY]) + b"CREATE TABLE n (a INT)"))
        client.socket.shutdown(socket.SHUT_WR)
        client.read_to_end()


def test_connection_reset_keeps_the_user(client):
    client.command(Command.RESET_CONNECTION)
    assert not client.read_packet().error
    refuse(client, ADD)


def test_default_database_by_command(client):
    """M14: the name in a refusal is the one that the server would use."""
    client.command(Command.INIT_DB, b"mysql")
    assert not client.read_packet().error
    assert "mysql.made" in refuse(client, "CREATE TABLE made (a INT)").error.message


# Commands without SQL

@pytest.mark.parametrize("command, body", [
    (Command.CREATE_DB, b"made"), (Command.DROP_DB, b"shop"),  # 33, M15
    (Command.SHUTDOWN, b"\0"), (Command.BINLOG_DUMP, b"\4\0\0\0\0\0\1\0\0\0"),  # 34, M17
    (Command.REGISTER_SLAVE, b"\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"),
    (Command.BINLOG_DUMP_GTID, b"\0\0\1\0\0\0\0\0\0\0\4\0\0\0\0\0\0\0\0\0\0\0"), (Command.TABLE_DUMP, b"\4shop\1t"),
    (Command.CLONE, b""), (Command.GROUP_REPLICATION, b""),
])
def test_command_that_no_application_needs(client, command, body, shop):
    """33-35: refused, and no byte ever switches the reading off."""
    client.command(command, body)
    answer = client.read_packet()
    assert answer.error and answer.error.code in (1047, 1142, 1227), answer
    assert answer.frames[0][0] == 1
    refuse(client, ADD)
    assert "made" not in {name for (name,) in shop.query("SHOW DATABASES")}


@pytest.mark.parametrize("byte", [0x00, 0x0B, 0x0F, 0x10, 0x13, 0x14, 0x1D, 0x22, 0x40, 0x7F, 0xE0, 0xF9, 0xFE, 0xFF])
def test_unknown_command(enforcing, observing, shop, byte):
    """36, M16: answered here, in every mode."""
    for guard in (enforcing, observing):
        with connect(guard.port) as client:
            client.send(packets.frame(bytes([byte]) + b"CREATE TABLE n (a INT)"))
            answer = client.read_packet()
            assert answer.error and answer.error.code in (1047, 1142), answer
            assert answer.frames[0][0] == 1
            assert_usable(client)


@pytest.mark.parametrize("text", [
    "LOAD DATA LOCAL INFILE 'x' INTO TABLE t", "load data concurrent local infile 'x' into table t",
    "/* x */ LOAD/**/DATA LOW_PRIORITY LOCAL INFILE 'x' INTO TABLE t",
])
def test_local_file_is_off(enforcing, shop, text):
    """18."""
    with connect(enforcing.port, capabilities=BASIC | Capability.LOCAL_FILES) as client:
        answer = client.ask(text)
        assert answer.file_wanted is None and answer.error, answer
        assert_usable(client)


def test_command_behind_a_local_file_is_judged(mysql_guards, shop):
    """18: the guard knows when the file has ended."""
    guard = mysql_guards("observe")
    with connect(guard.port, capabilities=BASIC | Capability.LOCAL_FILES) as client:
        answer = client.ask("LOAD DATA LOCAL INFILE 'x' INTO TABLE t")
        assert answer.file_wanted == "x"
        client.send(packets.frame(b"\3CREATE TABLE n (a INT)\n", 2) + packets.frame(b"5\tfive\n", 3) + packets.frame(b"", 4)
                    + packets.frame(bytes([Command.QUERY]) + b"CREATE TABLE IF NOT EXISTS t (a INT)"))
        client.read_results()
        assert not client.read_result().error
        recorded = wait_until(lambda: [line for line in guard.audit_events("statement") if "schema" in line["class"]],
                              "the audit holds the statement")
        assert len(recorded) == 1, recorded


# The lexer's state

def test_stale_status_flags(multi, shop):
    """46: after CALL the status says NO_BACKSLASH_ESCAPES and the session knows better."""
    shop.query("CREATE PROCEDURE p() SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "shop")
    multi.query("CALL p()")
    refuse(multi, r"SELECT '\'', 'x' ; DROP TABLE t; -- '")


def test_settings_change_the_reading_of_what_follows(multi):
    """M3, M4, 3.3: within one packet."""
    refuse(multi, r"SET sql_mode = 'NO_BACKSLASH_ESCAPES'; SELECT '\'; DROP TABLE t; -- '")
    refuse(multi, b"SET NAMES gbk; SELECT '\xaa\\'; DROP TABLE t; -- '")
    refuse(multi, "SET sql_mode = 'ANSI_QUOTES'; SELECT \"x'\"; DROP TABLE t; -- '\"")


def test_settings_of_earlier_packets(multi):
    """M3, M4: by literal and by expression."""
    for setting in ("SET sql_mode = 'NO_BACKSLASH_ESCAPES'", "SET @@sql_mode = CONCAT('NO_BACKSLASH', '_ESCAPES')"):
        assert not multi.ask("SET sql_mode = DEFAULT").error
        assert not multi.ask(setting).error
        refuse(multi, r"SELECT '\'; DROP TABLE t; -- '")
    assert not multi.ask("SET sql_mode = DEFAULT").error
    assert multi.value(r"SELECT '\'; DROP TABLE t; -- '") == "'; DROP TABLE t; -- "


def test_character_set_of_the_login(enforcing, shop):
    """23, M27: 28 is gbk."""
    with connect(enforcing.port, capabilities=MULTI, charset=28) as client:
        refuse(client, b"SELECT '\xaa\\'; DROP TABLE t; -- '")
    with connect(enforcing.port, capabilities=MULTI) as client:
        assert not client.ask(b"SELECT '\xaa\\'; DROP TABLE t; -- '").error


def test_warnings_are_those_of_the_server(client):
    """Documented: a refusal leaves the server's own list alone."""
    client.ask("SELECT 1 / 0")
    client.query("INSERT IGNORE INTO t VALUES (1, 'again')")
    refuse_only = client.query(ADD)
    assert_refused(refuse_only[0])
    assert len(client.ask("SHOW WARNINGS").rows) == 1
