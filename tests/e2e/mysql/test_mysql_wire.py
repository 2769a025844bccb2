"""Framing and flow on the wire, live: limits, packets out of order, progress reports, compression, files, endings, slow
readers. The numbers are those of the wire reference."""
import contextlib
import os
import select
import signal
import socket
import struct
import subprocess
import zlib

import pytest

import packets
from packets import BASIC, PAYLOAD_MAX, Capability, Command, Extended, connect
from plays import FIXTURE, PLAYS, Way, change_user
from protected_server import client_program
from refusals import assert_refused, assert_usable, refuse
from servers import wait_until

MEBIBYTE = 1 << 20


@pytest.fixture(autouse=True)
def table(server):
    server.fresh_database()
    server.query(FIXTURE, "shop")


# Limits

@contextlib.contextmanager
def global_setting(server, name, value):
    before = server.query(f"SELECT @@GLOBAL.{name}")[0][0]
    server.query(f"SET GLOBAL {name} = {value}")
    try:
        yield
    finally:
        server.query(f"SET GLOBAL {name} = {before}")


def last_words(port, length):
    """What a server says to a packet that is too large for it, and whether it goes on."""
    with connect(port) as client:
        with contextlib.suppress(OSError):
            client.command(Command.QUERY, b"SELECT LENGTH('" + b"x" * length + b"')")
        try:
            answer = client.read_packet()
        except packets.Closed:
            return "closed"
        return answer.frames, answer.error and answer.error.code, client.read_to_end()


def test_packet_that_is_too_large_for_the_server(observing, enforcing, server):
    """3, 52: the server's own error, in its place, and the end that the server puts to it."""
    with global_setting(server, "max_allowed_packet", MEBIBYTE):
        directly = last_words(server.port, 2 * MEBIBYTE)
        assert directly[1] == 1153
        assert last_words(observing.port, 2 * MEBIBYTE) == directly == last_words(enforcing.port, 2 * MEBIBYTE)
        # So long that the server may close before it has been read: then either end may lose its words.
        assert last_words(enforcing.port, 2 * PAYLOAD_MAX) in ("closed", last_words(server.port, 2 * PAYLOAD_MAX), directly)
    with connect(enforcing.port) as client:
        assert_usable(client)


def test_text_that_is_too_long_for_the_guard(mysql_guards, server):
    """2, 3, 52: drained and refused, whatever it holds; the connection goes on."""
    guard = mysql_guards("enforce", config={"limits": {"message_bytes_max": "1MiB", "held_bytes_max": "64MiB"}})
    with connect(guard.port) as client:
        for length in (MEBIBYTE, PAYLOAD_MAX - 1, PAYLOAD_MAX, PAYLOAD_MAX + 1):
            for command in (Command.QUERY, Command.PREPARE):
                client.command(command, b"SELECT '".ljust(length - 2, b"x") + b"'")
                answer = client.read_packet()
                assert_refused(answer, sequence=length // PAYLOAD_MAX + 1)
                assert "message_bytes_max" in answer.error.message
        assert client.value("SELECT LENGTH('" + "y" * (MEBIBYTE - 100) + "')") == str(MEBIBYTE - 100)


def test_length_that_is_never_filled(enforcing):
    """2, 20: sixteen megabytes are announced, few come: nothing is set aside for the rest, and others go on."""
    with contextlib.ExitStack() as stack:
        before = resident_bytes(enforcing)
        for _ in range(50):
            client = stack.enter_context(connect(enforcing.port))
            client.send(b"\xff\xff\xff\0" + bytes([Command.QUERY]) + b"SELECT 1 -- ")
        other = stack.enter_context(connect(enforcing.port))
        assert_usable(other)
        assert resident_bytes(enforcing) - before < 50 * MEBIBYTE


# Packets out of order

@pytest.mark.parametrize("sequence", [1, 5, 255])
def test_wrong_number_of_a_command(enforcing, observing, server, sequence):
    """4, M20: as the server itself has it: ERR 1156 with number 0, then the end; nothing has run."""
    seen = []
    for port in (server.port, observing.port, enforcing.port):
        with connect(port) as client:
            client.command(Command.QUERY, b"INSERT INTO t VALUES (77, 'x')", sequence)
            seen.append(client.read_to_end())
    assert seen[0] == seen[1] == seen[2]
    assert packets.ServerError(seen[0][4:]).code == 1156 and seen[0][3] == 0
    assert server.query("SELECT COUNT(*) FROM t WHERE id = 77", "shop") == [(0,)]


def test_wrong_number_within_a_chain(enforcing, server):
    """2, 4, M20: the tail of a long text is not taken up under another number."""
    for sequence in (0, 2, 3):
        with connect(enforcing.port) as client:
            with contextlib.suppress(OSError):
                client.send(packets.frame((bytes([Command.QUERY]) + b"/*").ljust(PAYLOAD_MAX, b"x"))
                            + packets.frame(b"*/ INSERT INTO t VALUES (77, 'x')", sequence))
            assert packets.ServerError(client.read_to_end()[4:]).code == 1156
    assert server.query("SELECT COUNT(*) FROM t WHERE id = 77", "shop") == [(0,)]


# What was not negotiated, and what was

def test_compression_is_not_offered(enforcing, observing, server):
    """6, 7, M22: nor is it done for those who ask for it all the same; a frame of it is no command."""
    compression = Capability.COMPRESS | Capability.ZSTD
    plain = packets.frame(bytes([Command.QUERY]) + b"INSERT INTO t VALUES (77, 'x')")
    for guard in (enforcing, observing):
        for body, length in ((zlib.compress(plain), len(plain)), (plain, 0)):
            with connect(guard.port, capabilities=BASIC | compression) as client:
                assert not client.greeting.capabilities & compression
                assert_usable(client)
                client.send(struct.pack("<I", len(body))[:3] + b"\0" + struct.pack("<I", length)[:3] + body)
                assert client.read_packet().error.code == 1047
    assert server.query("SELECT COUNT(*) FROM t WHERE id = 77", "shop") == [(0,)]
    out = subprocess.run([client_program("mariadb"), "--no-defaults", "--host=127.0.0.1", f"--port={enforcing.port}",
                          "--user=app", "--password=app", "--compress", "--batch", "--skip-column-names",
                          "--execute=SHOW STATUS LIKE 'Compression'"], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0 and "OFF" in out.stdout, out


def test_progress_reports(enforcing, server):
    """41: MariaDB's reports come in front of the answer and end nothing, in the order in which they were sent."""
    if not server.is_mariadb:
        return
    with connect(enforcing.port, "deploy", extended=Extended.PROGRESS) as client:
        assert not client.ask("SET progress_report_time = 1").error
        client.ask("INSERT INTO t SELECT id + 10, name FROM t")
        for _ in range(10):  # a faster machine needs more rows
            answer = client.ask("ALTER TABLE t ADD COLUMN digest VARCHAR(200) DEFAULT"
                                " (SHA2(REPEAT(CHAR(64 + id % 20), 40000000), 512)), ALGORITHM = COPY")
            assert not answer.error, answer
            if answer.progress_reports:
                break
            client.query("ALTER TABLE t DROP COLUMN digest")
            client.query("INSERT INTO t SELECT id + (SELECT MAX(id) FROM t), name FROM t")
        assert answer.progress_reports
        assert_usable(client)
    with connect(enforcing.port, "deploy") as client:  # who has not asked gets none
        client.ask("SET progress_report_time = 1")
        answer = client.ask("ALTER TABLE t FORCE, ALGORITHM = COPY")
        assert not answer.error and len(answer.frames) == 1


@pytest.mark.parametrize("name", ["local_file", "prepared_local_file"])
def test_local_files_where_they_are_allowed(mysql_guards, server, name):
    """18: in enforce mode, by configuration: as they are directly."""
    if name == "prepared_local_file" and not server.is_mariadb:
        return
    guard = mysql_guards("enforce", server={"local_infile": "allow"})
    expected = PLAYS[name][0](Way(server.port))
    server.fresh_database()
    server.query(FIXTURE, "shop")
    assert PLAYS[name][0](Way(guard.port)) == expected


def test_tracking_is_forced_again(enforcing, server):
    """21, 30, M13: behind everything that takes it back; each time a text is read as the server reads it."""
    with connect(enforcing.port, capabilities=packets.MULTI) as client:
        def is_forced():
            tracked = client.value("SELECT @@session_track_system_variables")
            assert "sql_mode" in tracked and "character_set_client" in tracked, tracked
            assert not client.ask("SET @@sql_mode = CONCAT('NO_BACKSLASH', '_ESCAPES')").error
            refuse(client, r"SELECT '\'; DROP TABLE t; -- '")
            assert not client.ask("SET sql_mode = DEFAULT").error
            assert client.value(r"SELECT '\'; DROP TABLE t; -- '") == "'; DROP TABLE t; -- "
            return tracked

        is_forced()
        client.command(Command.RESET_CONNECTION)
        assert not client.read_packet().error
        is_forced()
        assert not change_user(client, "app").error
        is_forced()
        assert not client.ask("SET session_track_system_variables = 'autocommit'").error
        assert "autocommit" in is_forced()
        assert not client.ask("SET session_track_system_variables = DEFAULT").error
        is_forced()


# Endings

MANY_ROWS = "SELECT REPEAT('x', 100000) FROM information_schema.collations a, information_schema.collations b LIMIT {}"


def test_session_is_killed_in_the_middle_of_a_result(enforcing, server):
    """47, 50: the client sees the end and no part of anything else; its neighbour sees nothing of it."""
    with connect(enforcing.port) as client, connect(enforcing.port) as other:
        client.command(Command.QUERY, MANY_ROWS.format(2000).encode())
        client.read_frame()
        server.query(f"KILL {client.greeting.connection_id}")
        received = client.read_to_end()
        assert 0 < len(received) < 200_000_000
        assert_usable(other)
    wait_until(lambda: server.sessions("app") == 0, "the server's side is gone")


def test_client_leaves_in_the_middle_of_a_result(enforcing, server):
    """49, 51: the statement ends, neither leg leaks."""
    with connect(enforcing.port) as client:
        client.command(Command.QUERY, MANY_ROWS.format(2000).encode())
        client.read_frame()
    wait_until(lambda: server.sessions("app") == 0, "the server's side is gone")


def test_client_that_has_only_finished_sending(enforcing, server):
    """49: a closed half is no farewell to the answers that are due."""
    seen = []
    for port in (server.port, enforcing.port):
        with connect(port) as client:
            client.send(packets.frame(bytes([Command.QUERY]) + b"SELECT SLEEP(0.2)")
                        + packets.frame(bytes([Command.PING])))
            client.socket.shutdown(socket.SHUT_WR)
            assert client.read_result().values() == [["0"]]
            assert not client.read_packet().error
            seen.append(client.read_to_end())  # MySQL has last words
    assert seen[0] == seen[1]


# Slow readers

def resident_bytes(guard):
    with open(f"/proc/{guard.process.pid}/statm", encoding="ascii") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def send_until_full(client, data, most):
    """Sends `data` over and over until the other side takes no more; the bytes that went out."""
    client.socket.setblocking(False)
    sent = 0
    try:
        while sent < most and select.select([], [client.socket], [], 1)[1]:
            with contextlib.suppress(BlockingIOError):
                sent += client.socket.send(data[sent % len(data):])
    finally:
        client.socket.settimeout(packets.SECONDS_MAX)
    return sent


def test_client_that_does_not_read(enforcing):
    """51: the server waits, not the guard's memory; its neighbours on the same worker go on; nothing is lost."""
    with connect(enforcing.port) as slow, connect(enforcing.port) as other:
        before = resident_bytes(enforcing)
        slow.command(Command.QUERY, MANY_ROWS.format(1000).encode())
        slow.read_frame()
        for _ in range(200):
            assert_usable(other)
        assert other.ask(MANY_ROWS.format(100)).rows == [packets.lenenc(b"x" * 100_000)] * 100
        assert resident_bytes(enforcing) - before < 32 * MEBIBYTE
        rows = 0
        while True:
            _, payload = slow.read_frame()
            if payload[:1] == b"\xfe" and len(payload) < 9 and rows:
                break
            rows += len(payload) > 100_000
        assert rows == 1000
        assert_usable(slow)


def test_client_that_sends_and_does_not_read(enforcing):
    """5, 51: commands without end, answers that nobody takes: the guard stops reading."""
    text = packets.frame(bytes([Command.QUERY]) + b"SELECT REPEAT('y', 20000) -- " + b"z" * 20_000)
    with connect(enforcing.port) as client, connect(enforcing.port) as other:
        before = resident_bytes(enforcing)
        sent = send_until_full(client, text, 200 * MEBIBYTE)
        assert sent < 200 * MEBIBYTE
        assert resident_bytes(enforcing) - before < 64 * MEBIBYTE
        assert_usable(other)
        for _ in range(sent // len(text)):
            assert len(client.read_result().rows) == 1
        if sent % len(text):
            client.send(text[sent % len(text):])
            assert len(client.read_result().rows) == 1
        assert_usable(client)


def test_server_that_does_not_read(enforcing, server):
    """10, 51: SEND_LONG_DATA has no answer to wait for; a server that stands still holds the client up, not the guard."""
    with connect(enforcing.port) as client:
        statement = client.prepare("SELECT LENGTH(?)").statement_id
        piece = packets.frame(bytes([Command.SEND_LONG_DATA]) + struct.pack("<IH", statement, 0) + b"l" * 60_000)
        before = resident_bytes(enforcing)
        os.kill(server.process.pid, signal.SIGSTOP)
        try:
            sent = send_until_full(client, piece, 60 * MEBIBYTE)
            assert sent < 60 * MEBIBYTE
            assert resident_bytes(enforcing) - before < 32 * MEBIBYTE
        finally:
            os.kill(server.process.pid, signal.SIGCONT)
        count = sent // len(piece)
        if sent % len(piece):
            client.send(piece[sent % len(piece):])
            count += 1
        client.command(Command.EXECUTE, struct.pack("<IBI", statement, 0, 1) + b"\0\1" + struct.pack("<H", 0xFC))
        answer = client.read_results()[0]
        assert not answer.error and int.from_bytes(answer.rows[0][2:], "little") == count * 60_000
        assert_usable(client)
