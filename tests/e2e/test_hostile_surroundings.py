"""A hostile server, balancer, neighbour or operator: the guard survives, stays small and idle, and serves the next one."""
import contextlib
import os
import signal
import socket
import struct
import threading

import pytest

import wire
from guard_clients import admin, health, resident_bytes
from servers import wait_until

HUGE = 0x3FFFFFFF


def message(kind, body=b"", length=None):
    return kind + struct.pack("!I", (len(body) + 4 if length is None else length) & 0xFFFFFFFF) + body


def number(value):
    return struct.pack("!I", value)


def status(name, value):
    return message(b"S", name + b"\0" + value + b"\0")


def error(severity, code=b"XX000"):
    return message(b"E", b"S" + severity + b"\0V" + severity + b"\0C" + code + b"\0Mboom\0\0")


def startup(**parameters):
    body = b"".join(name.encode() + b"\0" + value.encode() + b"\0" for name, value in parameters.items()) + b"\0"
    return struct.pack("!II", len(body) + 8, 3 << 16) + body


OK = message(b"R", number(0))
KEY = message(b"K", number(4242) + number(777))
READY = message(b"Z", b"I")
STATUS = status(b"server_version", b"15.0") + status(b"client_encoding", b"UTF8") + status(b"standard_conforming_strings", b"on")
LOGIN = OK + STATUS + KEY + READY
DONE = message(b"C", b"SELECT 1\0")
ROWS = message(b"T", b"\0\1a\0" + number(0) + b"\0\0" + number(23) + b"\0\4" + number(HUGE) + b"\0\0")
SELECT = message(b"Q", b"SELECT 1\0")
CREATE = message(b"Q", b"CREATE TABLE refused (a int)\0")
COPY = message(b"Q", b"COPY t FROM STDIN\0")
BATCH = (message(b"P", b"\0SELECT 1\0\0\0") + message(b"B", b"\0" * 8) + message(b"E", b"\0" + number(0)) + message(b"S"))
NEGOTIATE = message(b"v", number(3 << 16) + number(0))

# What the server answers to the startup packet; it sends nothing more, and closes when told to.
BEFORE_THE_LOGIN = {
    "another protocol": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "authentication of a gigabyte": message(b"R", b"", HUGE),
    "authentication without a body": message(b"R", b"\0\0"),
    "length zero": message(b"R", b"", 0),
    "negative length": message(b"R", b"", -5),
    "unknown authentication": message(b"R", number(99)),
    "Kerberos": message(b"R", number(2)),
    "GSSAPI": message(b"R", number(7)),
    "SSPI": message(b"R", number(9)),
    "SASL without a mechanism": message(b"R", number(10) + b"\0"),
    "SASL without an end": message(b"R", number(10) + b"SCRAM-SHA-256"),
    "SASL with many mechanisms": message(b"R", number(10) + b"A\0" * 20_000 + b"\0"),
    "SASL goes on before it begins": message(b"R", number(11) + b"r=x"),
    "SASL ends before it begins": message(b"R", number(12) + b"v=x"),
    "ready before anything": READY + LOGIN,
    "key before anything": KEY + LOGIN,
    "rows before anything": ROWS + DONE + LOGIN,
    "accepted twice": OK + LOGIN,
    "asks again after accepting": OK + message(b"R", number(3)) + STATUS + KEY + READY,
    "asks again when ready": LOGIN + message(b"R", number(3)),
    "two keys": OK + STATUS + KEY + KEY + READY,
    "a key of kilobytes": OK + STATUS + message(b"K", number(1) + b"k" * 5000) + READY,
    "half a key": OK + STATUS + message(b"K", b"\0\0") + READY,
    "no key": OK + STATUS + READY,
    "ready for something unknown": OK + STATUS + KEY + message(b"Z", b"Q"),
    "ready without a status": OK + STATUS + KEY + message(b"Z"),
    "a parameter without an end": OK + message(b"S", b"client_encoding") + KEY + READY,
    "a parameter with too much": OK + message(b"S", b"a\0b\0c\0") + KEY + READY,
    "fifty thousand parameters": OK + b"".join(status(b"n%d" % i, b"x" * 100) for i in range(50_000)) + KEY + READY,
    "megabytes of parameters": OK + status(b"application_name", b"x" * 9000) * 1000 + KEY + READY,
    "negotiation with a negative count": message(b"v", number(3 << 16) + number(0xFFFFFFFF)) + LOGIN,
    "negotiation of half a number": message(b"v", b"\0") + LOGIN,
    "negotiation of an old version": message(b"v", number(2 << 16) + number(0)) + LOGIN,
    "negotiation of a newer version": message(b"v", number(3 << 16 | 9) + number(0)) + LOGIN,
    "negotiation twice": NEGOTIATE * 2 + LOGIN,
    "negotiation after the login": OK + NEGOTIATE + STATUS + KEY + READY,
    "negotiation of a million options": message(b"v", number(3 << 16) + number(1_000_000) + b"_pq_.a\0") + LOGIN,
    "fatal, and stays": error(b"FATAL", b"28P01"),
    "an error without an end": message(b"E", b"SFATAL"),
    "an error of megabytes": message(b"E", b"SFATAL\0M" + b"x" * 3_000_000 + b"\0\0"),
    "an error of protocol 2": b"EFATAL: no entry\n\0",
    "a thousand notices": error(b"NOTICE").replace(b"E", b"N", 1) * 1000 + LOGIN,
    "an unknown kind": b"\xff" + number(4) + LOGIN,
    "messages of clients": SELECT + LOGIN,
    "a single letter": b"S",
    "nothing": b"",
    "half a header": b"R\0",
    "half a message": OK + STATUS + KEY[:7],
}
# What the client asks (None: nothing), and what the server answers.
AFTER_THE_LOGIN = {
    "ready unasked": (None, READY * 5),
    "rows unasked": (None, ROWS + DONE + READY),
    "notices unasked": (None, error(b"NOTICE").replace(b"E", b"N", 1) * 20_000),
    "notifications unasked": (None, message(b"A", number(1) + b"c\0p\0") * 20_000),
    "parameters unasked": (None, status(b"standard_conforming_strings", b"off") * 1000),
    "an error unasked": (None, error(b"ERROR")),
    "a fatal error unasked": (None, error(b"FATAL", b"57P01")),
    "copy in unasked": (None, message(b"G", b"\0\0\0")),
    "copy out unasked": (None, message(b"H", b"\0\0\0")),
    "copy both unasked": (None, message(b"W", b"\0\0\0")),
    "a key unasked": (None, KEY),
    "negotiation unasked": (None, NEGOTIATE),
    "parsed unasked": (None, message(b"1")),
    "a row of a gigabyte": (SELECT, ROWS + message(b"D", b"xx", HUGE)),
    "a row of two gigabytes": (SELECT, message(b"D", b"x", 0x7FFFFFFF)),
    "a row of minus one": (SELECT, message(b"D", b"x", -1)),
    "a row of three bytes": (SELECT, message(b"D", b"", 3)),
    "a parameter of a gigabyte": (SELECT, message(b"S", b"a" * 1_000_000, HUGE)),
    "a tag of a gigabyte": (SELECT, message(b"C", b"a" * 1_000_000, HUGE)),
    "an error of a gigabyte": (SELECT, message(b"E", b"SERROR\0M" + b"y" * 8_000_000, HUGE)),
    "a refusal's answer of a gigabyte": (CREATE, message(b"E", b"SERROR\0C42601\0M" + b"y" * 8_000_000, HUGE)),
    "ready without an end": (SELECT, READY),
    "five ends": (SELECT, DONE * 5 + READY),
    "two errors": (SELECT, error(b"ERROR") * 2 + READY),
    "an end behind an error": (SELECT, error(b"ERROR") + DONE + READY),
    "a tag without an end": (SELECT, message(b"C", b"SELECT") + READY),
    "a tag of kilobytes": (SELECT, message(b"C", b"X" * 70_000 + b"\0") + READY),
    "the tag of a COMMIT": (SELECT, message(b"C", b"COMMIT\0") + READY),
    "copy in for a query": (SELECT, message(b"G", b"\0\0\0")),
    "copy both for a query": (SELECT, message(b"W", b"\0\0\0")),
    "copy in twice": (COPY, message(b"G", b"\0\0\0") * 2),
    "copy in without a body": (COPY, message(b"G")),
    "copy in with a lie": (COPY, message(b"G", b"\0\xff\xff")),
    "bound before parsed": (BATCH, message(b"2") + message(b"1") + DONE + READY),
    "bound without parsed": (BATCH, message(b"2") + DONE + READY),
    "parsed three times": (BATCH, message(b"1") * 3 + message(b"2") + DONE + READY),
    "closed instead": (BATCH, message(b"3") + READY),
    "ready at once": (BATCH, READY),
    "ready twice": (BATCH, message(b"1") + message(b"2") + DONE + READY * 2),
    "suspended for ever": (BATCH, message(b"1") + message(b"2") + message(b"s") + READY),
    "a function's answer": (BATCH, message(b"V", number(0))),
    "success of what was refused": (CREATE, message(b"C", b"CREATE TABLE\0") + READY),
    "rows of what was refused": (CREATE, ROWS + DONE + READY),
    "nothing of what was refused": (CREATE, READY),
    "another error of what was refused": (CREATE, error(b"ERROR", b"42601") + READY),
    "an error without fields": (CREATE, message(b"E", b"\0") + READY),
    "an empty error": (CREATE, message(b"E") + READY),
    "an unterminated error": (CREATE, message(b"E", b'SERROR\0C42601\0Msyntax error at or near "sg_') + READY),
    "noise": (SELECT, bytes(range(256)) * 400),
    "zeros": (SELECT, b"\0" * 100_000),
    "ones": (SELECT, b"\xff" * 100_000),
}


class FakeServer:
    """Answers every connection with what it was told last, then swallows what comes until the peer has closed."""

    def __init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.on_startup, self.on_request = b"", None
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self._serve, args=(self.socket.accept()[0],), daemon=True).start()

    def _serve(self, client):
        with client, contextlib.suppress(OSError):
            client.recv(4096)
            client.sendall(self.on_startup)
            if self.on_request is not None:
                client.recv(65536)
                client.sendall(self.on_request)
            client.shutdown(socket.SHUT_WR)
            while client.recv(65536):
                pass


@pytest.fixture(scope="module")
def fake_server():
    server = FakeServer()
    yield server
    server.socket.close()


@pytest.fixture(scope="module", params=["enforce", "observe"])
def guard(request, guard_factory, fake_server):
    return guard_factory(request.param, upstream=fake_server.port, config={"timeouts": {"handshake": "2s"}})


def played(guard, request):
    """Everything that the client is answered until the connection ends, which it must."""
    received = 0
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as client, contextlib.suppress(ConnectionError):
        client.sendall(startup(user="app", database="shop") + (request or b""))
        while data := client.recv(1 << 20):
            received += len(data)
    return received


def assert_alive(guard, memory_before):
    assert guard.process.poll() is None, guard.log()
    wait_until(lambda: health(guard)["sessions"] == 0, "no session is left")
    assert resident_bytes(guard) < memory_before + 30_000_000


@pytest.mark.parametrize("case", BEFORE_THE_LOGIN)
def test_a_server_that_cannot_log_anybody_in(case, guard, fake_server):
    fake_server.on_startup, fake_server.on_request = BEFORE_THE_LOGIN[case], None
    before = resident_bytes(guard)
    played(guard, None)
    assert_alive(guard, before)


@pytest.mark.parametrize("case", AFTER_THE_LOGIN)
def test_a_server_that_answers_nonsense(case, guard, fake_server):
    request, answer = AFTER_THE_LOGIN[case]
    fake_server.on_startup, fake_server.on_request = (LOGIN + answer, None) if request is None else (LOGIN, answer)
    before = resident_bytes(guard)
    played(guard, request)
    assert_alive(guard, before)


SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"
ADDRESSES = socket.inet_aton("10.9.8.7") + socket.inet_aton("10.0.0.1") + b"\0\1\0\2"


def header(command, family, body, length=None):
    return SIGNATURE + bytes([command, family]) + struct.pack("!H", len(body) if length is None else length) + body


# PROXY headers of a listed balancer, and whether the login goes on behind them.
PROXY_HEADERS = {
    "TCP over IPv4": (header(0x21, 0x11, ADDRESSES), True),
    "TCP over IPv6": (header(0x21, 0x21, b"\x20" * 32 + b"\0\1\0\2"), True),
    "of the balancer itself": (header(0x20, 0x00, b""), True),
    "of the balancer itself, with addresses": (header(0x20, 0x11, ADDRESSES), True),
    "of an unknown family": (header(0x21, 0x00, b""), True),
    "with an extension": (header(0x21, 0x11, ADDRESSES + b"\x04\0\4abcd"), True),
    "with a broken extension": (header(0x21, 0x11, ADDRESSES + b"\x04\xff\xffab"), True),
    "none": (b"", False),
    "version 1": (b"PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\n", False),
    "version 3": (header(0x31, 0x11, ADDRESSES), False),
    "an unknown command": (header(0x2F, 0x11, ADDRESSES), False),
    "UDP": (header(0x21, 0x12, ADDRESSES), False),
    "half an address": (header(0x21, 0x11, ADDRESSES[:5]), False),
    "no address": (header(0x21, 0x11, b""), False),
    "as long as can be": (header(0x21, 0x11, ADDRESSES + b"\0" * (65535 - 12)), False),
    "a longer length than there is": (header(0x21, 0x11, ADDRESSES, 60_000), False),
    "twice": (header(0x21, 0x11, ADDRESSES) * 2, False),
    "misspelt": (b"\r\n\r\n\0\r\nQUIX\n" + ADDRESSES, False),
}


@pytest.fixture(scope="module")
def balanced(guard_factory):
    return guard_factory("enforce", server={"proxy_protocol": {"accept_from": ["127.0.0.1/32"]}})


@pytest.mark.parametrize("case", PROXY_HEADERS)
def test_proxy_headers(case, balanced):
    sent, goes_on = PROXY_HEADERS[case]
    with socket.create_connection(("127.0.0.1", balanced.port), timeout=20) as client:
        client.sendall(sent + startup(user="app", database="shop"))
        try:
            first = client.recv(1)
        except ConnectionError:
            first = b""
        assert (first == b"R") == goes_on
    assert balanced.process.poll() is None


def test_silent_visitors_do_not_keep_the_health_check_out(guard_factory):
    guard = guard_factory("enforce")
    with contextlib.ExitStack() as open_connections:
        for _ in range(300):
            visitor = open_connections.enter_context(socket.create_connection(("127.0.0.1", guard.admin_port)))
            visitor.sendall(b"GET /healthz HTTP/1.1\r\nX-Slow: ")
        assert health(guard)["status"] == "ok"
        assert admin(guard, "/metrics")[0] == 200


def test_a_mode_with_a_misspelt_end_is_refused(guard_factory):
    guard = guard_factory("enforce")
    change = {"database": "shop/shop", "mode": "off", "reason": "r"}
    for misspelt in ({"for": "30m"}, {"duration": 5}, {"for_seconds": -1}, {"for_seconds": "30m"}, {"for_seconds": 10 ** 12}):
        assert admin(guard, "/mode", {**change, **misspelt})[0] == 400, misspelt
    assert health(guard)["overrides"] == []
    assert admin(guard, "/mode", {**change, "for_seconds": 60})[0] == 200


def test_an_audit_in_a_pipe_that_nobody_reads_stops_what_is_audited(guard_factory, database):
    guard = guard_factory("enforce")
    guard.audit_file.unlink()
    os.mkfifo(guard.audit_file)
    guard.process.send_signal(signal.SIGHUP)
    wait_until(lambda: health(guard)["audit"]["failing"], "the pipe is no audit")
    with wire.Connection(guard.port, database, "deploy") as connection:
        assert connection.simple("CREATE TABLE unrecorded (a int)")[0].refused
        assert connection.simple("SELECT 1")[0].rows == [["1"]]
    guard.audit_file.unlink()
    with wire.Connection(guard.port, database, "deploy") as connection:
        wait_until(lambda: not connection.simple("CREATE TABLE IF NOT EXISTS recorded (a int)")[0].refused, "it is a file again")
