"""How a session begins: every plugin with and without TLS on each leg, the PROXY protocol, hostile logins, and what a
server or the guard itself says to those who do not get in. The numbers are those of the wire reference."""
import contextlib
import socket
import struct
import threading
import urllib.request

import pytest

import packets
from packets import Capability, Command, PacketClient, connect
from protected_server import ProtectedMariaDb, make_certificate
from refusals import assert_usable, refuse
from servers import free_port, wait_until

ED25519_PASSWORD = "thirty-two characters, not fewer"  # then the plugin's key is the standard's
NATIVE, ED25519, SHA2, SHA256 = ("mysql_native_password", "client_ed25519", "caching_sha2_password", "sha256_password")


@pytest.fixture(scope="module")
def certificate(scratch):
    return make_certificate(scratch, "guard-of-logins")


@pytest.fixture(scope="module")
def guard_with(mysql_guards, server, certificate):
    """A guard that offers TLS, by what it does towards the server."""
    started = {}

    def start(upstream_tls, **upstream):
        if upstream_tls not in started:
            if upstream_tls.startswith("verify"):
                upstream["ca"] = str(server.certificate)
            started[upstream_tls] = mysql_guards("enforce", server={
                "tls": {"mode": "allow", "certificate": str(certificate[1]), "key": str(certificate[0])},
                "upstream": {"addresses": [f"127.0.0.1:{server.port}"], "tls": upstream_tls, **upstream}})
        return started[upstream_tls]
    return start


@pytest.fixture(scope="module")
def accounts(server):
    """{plugin: (user, password, how often a full login may be tried)} of what this server has."""
    if server.is_mariadb:
        server.query(f"INSTALL SONAME 'auth_ed25519'; INSTALL SONAME 'dialog_examples'; CREATE USER edith@'%' IDENTIFIED"
                     f" VIA ed25519 USING PASSWORD('{ED25519_PASSWORD}'); GRANT ALL ON shop.* TO edith@'%'; CREATE USER"
                     " asked@'%' IDENTIFIED VIA two_questions USING 'secret'; GRANT ALL ON shop.* TO asked@'%'")
        yield {NATIVE: ("app", "app"), ED25519: ("edith", ED25519_PASSWORD)}
        server.query("DROP USER edith@'%', asked@'%'; UNINSTALL SONAME 'auth_ed25519'; UNINSTALL SONAME 'dialog_examples'")
    else:
        yield {SHA2: ("app", "app")}


def uses_tls(client):
    return client.ask("SHOW STATUS LIKE 'Ssl_cipher'").values()[0][1] != ""


# TLS on each leg

@pytest.mark.parametrize("plugin", [NATIVE, ED25519, SHA2])
@pytest.mark.parametrize("client_tls", [False, True])
@pytest.mark.parametrize("upstream_tls", ["disable", "prefer", "require", "verify-ca", "verify-full"])
def test_plugin_in_every_cell(guard_with, server, shop, accounts, plugin, client_tls, upstream_tls):
    """19, 24-27, 29, M23: what a plugin computes from the nonce holds, whatever carries it."""
    if plugin not in accounts:
        return
    user, password = accounts[plugin]
    with connect(guard_with(upstream_tls).port, user, password=password, tls=client_tls) as client:
        assert client.encrypted is client_tls
        assert uses_tls(client) is (client_tls if upstream_tls == "prefer" else upstream_tls != "disable")
        assert client.value("SELECT CURRENT_USER()") == f"{user}@%"
        refuse(client, "ALTER TABLE t ADD COLUMN extra INT")
        assert client.value("SELECT LENGTH('" + "x" * 100_000 + "')") == "100000"
    with PacketClient(guard_with(upstream_tls).port) as client:
        assert client.login(user, password="wrong".ljust(32, "!"), tls=client_tls).error.code == 1045


def test_plugin_that_asks_twice(guard_with, server, accounts):
    """29: a dialog goes on for as long as the plugin wants, in lock-step."""
    if not server.is_mariadb:
        return
    for last, code in ((b"yes, of course\0", None), (b"no\0", 1045)):
        with PacketClient(guard_with("disable").port) as client:
            client.read_greeting()
            client.send(packets.frame(client.response("asked", b"", "shop"), client.sequence))
            answer = client.finish_login(b"", NATIVE, answers=[b"secret\0", last])
            assert (answer.error and answer.error.code) == code
            if not code:
                assert_usable(client)


@pytest.mark.parametrize("client_tls", [False, True])
@pytest.mark.parametrize("upstream_tls", ["disable", "require"])
def test_full_login_of_caching_sha2(guard_with, server, client_tls, upstream_tls):
    """26, 27: with a cold cache it passes with TLS on both legs or on none; else it ends with the reason."""
    if server.is_mariadb:
        return
    server.query("FLUSH PRIVILEGES")
    with PacketClient(guard_with(upstream_tls).port) as client:
        answer = client.login("reader", tls=client_tls)
        kinds = [payload[:2] for _, payload in client.auth_frames]
        if client_tls is (upstream_tls == "require"):
            assert b"\1\4" in kinds and not answer.error, (kinds, answer)
            assert_usable(client)
        else:
            assert answer.error.code == 1045 and answer.error.message.startswith("schemaguard: "), answer
    for user in ("reader", "app", "deploy"):  # warms the cache again
        connect(server.port, user, tls=True).close()
    with connect(guard_with(upstream_tls).port, "reader", tls=client_tls) as client:
        assert b"\1\3" in [payload[:2] for _, payload in client.auth_frames]
        assert_usable(client)


def test_required_tls_is_required_before_any_secret(mysql_guards, server, certificate):
    """19: the login without TLS does not reach the server."""
    guard = mysql_guards("enforce", server={"tls": {"mode": "require", "certificate": str(certificate[1]),
                                                    "key": str(certificate[0])}})
    with PacketClient(guard.port) as client:
        answer = client.login("app")
        assert answer.error.code == 3159 and answer.frames[0][0] == 2, answer
        assert client.read_to_end() == b""
    with connect(guard.port, tls=True) as client:
        assert_usable(client)


def test_certificate_of_the_wrong_server(mysql_guards, server, certificate):
    """19: a server that is not who it should be gets no login."""
    for tls, address in (("verify-ca", "127.0.0.1"), ("verify-full", "localhost")):
        guard = mysql_guards("enforce", server={"upstream": {
            "addresses": [f"{address}:{server.port}"], "tls": tls, "ca": str(certificate[1])}})
        with PacketClient(guard.port) as client:
            answer = client.login("app")
            assert answer.error.code == 2003 and "TLS" in answer.error.message, answer


def test_plain_bytes_behind_the_request_for_tls(guard_with, server):
    """M23: what came in the clear is not taken for what TLS protects."""
    with PacketClient(guard_with("disable").port) as client:
        client.read_greeting()
        login = client.response("app", packets.scramble(client.greeting.plugin, b"app", client.greeting.nonce), "shop",
                                plugin=client.greeting.plugin)
        request = struct.pack("<IIB", client.capabilities | Capability.SSL, 1 << 24, 45) + b"\0" * 23
        client.send(packets.frame(request, 1) + packets.frame(login, 2)
                    + packets.frame(bytes([Command.QUERY]) + b"SELECT 1", 0))
        with contextlib.suppress(packets.Closed, OSError):
            assert client.read_frame()[1][:1] not in (b"\0", b"\xfe"), "a login was answered in the clear"


def test_capabilities_inside_tls_count(guard_with, server, accounts):
    """19: those in front of it are nobody's word; the server is asked for the same on both sides of its handshake."""
    for upstream_tls in ("disable", "require"):
        with PacketClient(guard_with(upstream_tls).port, capabilities=packets.MULTI) as client:
            client.read_greeting()
            client.start_tls(asked_for=Capability.PROTOCOL_41 | Capability.DEPRECATE_EOF)
            assert not client.login_after_greeting("app").error
            assert [answer.values() for answer in client.query("SELECT 1; SELECT DATABASE()")] == [[["1"]], [["shop"]]]
            refuse(client, "SELECT 1; CREATE TABLE made (a INT)")


# PROXY headers

def proxy_header(source, port):
    body = socket.inet_aton(source) + socket.inet_aton("10.9.9.9") + struct.pack("!HH", port, 3307)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11]) + struct.pack("!H", len(body)) + body


@pytest.fixture(scope="module")
def behind_balancers(scratch, server):
    """A MariaDB that takes PROXY headers from loopback, and an account that is bound to another address."""
    if not server.is_mariadb:
        yield None
        return
    started = ProtectedMariaDb(scratch / "behind-balancers", ["--proxy-protocol-networks=127.0.0.1", "--skip-secure-auth"])
    started.query("CREATE USER far@'192.0.2.44' IDENTIFIED BY 'far'; GRANT ALL ON shop.* TO far@'192.0.2.44'")
    yield started
    started.stop()


@pytest.mark.parametrize("tls", ["disable", "require"])
def test_header_is_sent_to_the_server(mysql_guards, behind_balancers, tls):
    """8, 9: MariaDB sees the client's own address and port."""
    if not behind_balancers:
        return
    guard = mysql_guards("enforce", server={"upstream": {
        "addresses": [f"127.0.0.1:{behind_balancers.port}"], "tls": tls}, "proxy_protocol": {"send": True}})
    with connect(guard.port) as client:
        assert uses_tls(client) is (tls == "require")
        host = client.value("SELECT host FROM information_schema.processlist WHERE id = CONNECTION_ID()")
        assert host.split(":")[1] == str(client.socket.getsockname()[1])


def test_header_of_a_listed_balancer(mysql_guards, behind_balancers, shop):
    """8, 9: the client's address counts in the audit, for rules, and for the server's accounts; without a header nobody
    comes in from there."""
    if not behind_balancers:
        return
    rule = {"name": "from-there", "match": {"class": "schema", "from": "192.0.2.0/24", "change": "create_table"},
            "action": "allow"}
    guard = mysql_guards("enforce", upstream=behind_balancers.port, server={
        "proxy_protocol": {"send": True, "accept_from": ["127.0.0.0/8"]}, "rules": [rule]})
    with PacketClient(guard.port) as client:
        for byte in proxy_header("192.0.2.44", 5555):
            client.send(bytes([byte]))
        assert not client.login("far", "far").error
        assert client.value("SELECT CURRENT_USER()") == "far@192.0.2.44"
        assert not client.ask("CREATE TABLE made (a INT)").error
        refuse(client, "DROP TABLE made")
    wait_until(lambda: {line["client"] for line in guard.audit_events("statement")} == {"192.0.2.44:5555"},
               "the client's own address is audited")
    for beginning in (b"PROXY TCP4 192.0.2.44 10.9.9.9 5555 3307\r\n", b"\r\n\r\n\0\r\nQUIT\n\x31\x11\0\x0c" + b"\0" * 12,
                      packets.frame(b"\0" * 60, 1)):
        with PacketClient(guard.port) as client:
            client.send(beginning)
            assert client.read_to_end() == b""


def test_header_from_anybody_else(mysql_guards, behind_balancers):
    """9, M42: it is no login, and what it says counts for nothing; the server never sees it."""
    if not behind_balancers:
        return
    guard = mysql_guards("enforce", upstream=behind_balancers.port,
                         server={"proxy_protocol": {"accept_from": ["192.0.2.0/24"]}})
    for text in (proxy_header("192.0.2.44", 5555), b"PROXY TCP4 192.0.2.44 10.9.9.9 5555 3307\r\n"):
        with PacketClient(guard.port) as client:
            client.send(text)
            client.read_greeting()
            answer = packets.frame(client.response("far", packets.native_scramble(b"far", client.greeting.nonce), "shop"), 1)
            with contextlib.suppress(OSError):
                client.send(answer)
            # 8: its first bytes look like a packet with an impossible number.
            assert client.read_packet().error.code in (1043, 1156, 1835)
            assert client.read_to_end() == b""
    with connect(guard.port) as client:
        assert client.value("SELECT CURRENT_USER()") == "app@%"


# The oldest plugin

def old_hash(password):
    first, second, add = 1345345333, 0x12345671, 7
    for byte in password:
        first ^= ((first & 63) + add) * byte + (first << 8) & 0xFFFFFFFF
        second = second + ((second << 8 & 0xFFFFFFFF) ^ first) & 0xFFFFFFFF
        add += byte
    return first & 0x7FFFFFFF, second & 0x7FFFFFFF


def old_scramble(password, nonce):
    """What clients of before 4.1 make of a password and the nonce's first eight bytes."""
    modulus = 0x3FFFFFFF
    ours, theirs = old_hash(password), old_hash(nonce[:8])
    seeds = [(ours[0] ^ theirs[0]) % modulus, (ours[1] ^ theirs[1]) % modulus]

    def roll():
        seeds[0] = (seeds[0] * 3 + seeds[1]) % modulus
        seeds[1] = (seeds[0] + seeds[1] + 33) % modulus
        return seeds[0] / modulus

    letters = [int(roll() * 31) + 64 for _ in range(8)]
    extra = int(roll() * 31)
    return bytes(letter ^ extra for letter in letters) + b"\0"


def test_oldest_plugin(mysql_guards, behind_balancers):
    """25: a server asks for it by a bare FE, at a login and at a change of user."""
    if not behind_balancers:
        return
    hashed = "%08x%08x" % old_hash(b"oldest")
    behind_balancers.query(f"CREATE USER oldest@'%' IDENTIFIED VIA mysql_old_password USING '{hashed}';"
                           " GRANT ALL ON shop.* TO oldest@'%'")
    guard = mysql_guards("enforce", upstream=behind_balancers.port)
    for port in (behind_balancers.port, guard.port):
        for password, code in ((b"oldest", None), (b"wrong", 1045)):
            with PacketClient(port) as client:
                client.read_greeting()
                client.send(packets.frame(client.response("oldest", packets.native_scramble(
                    password, client.greeting.nonce), "shop"), client.sequence))
                assert client.read_frame() == (2, b"\xfe")
                client.send(packets.frame(old_scramble(password, client.greeting.nonce), 3))
                answer = client.read_packet()
                assert (answer.error and answer.error.code) == code, answer
                assert answer.frames[0][0] == 4
    with connect(guard.port) as client:
        body = b"oldest\0" + b"\x14" + b"x" * 20 + b"shop\0" + struct.pack("<H", 45) + NATIVE.encode() + b"\0"
        client.command(Command.CHANGE_USER, body)
        payload = client.read_frame()[1]
        nonce = client.greeting.nonce if payload == b"\xfe" else payload[1:].partition(b"\0")[2]
        client.send(packets.frame(old_scramble(b"oldest", nonce), client.sequence))
        assert not client.read_packet().error
        assert client.value("SELECT CURRENT_USER()") == "oldest@%"
        refuse(client, "CREATE TABLE made (a INT)")


# Hostile logins

def sessions_of(guard):
    with urllib.request.urlopen(f"http://127.0.0.1:{guard.admin_port}/metrics") as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("schemaguard_sessions{") or line.startswith("schemaguard_sessions "):
                return int(float(line.split()[-1]))
    raise AssertionError("no such metric")


def login_body(client, **keywords):
    keywords.setdefault("plugin", client.greeting.plugin)
    return client.response("app", packets.scramble(client.greeting.plugin, b"app", client.greeting.nonce), "shop",
                           **keywords)


def long_capabilities(client, body, add=0, remove=0):
    return struct.pack("<I", struct.unpack_from("<I", body)[0] & ~remove | add) + body[4:]


HOSTILE = {
    "nothing": lambda client: packets.frame(b"", 1),
    "one byte": lambda client: packets.frame(b"\x0d", 1),
    "of before 4.1": lambda client: packets.frame(b"\5\0\0\0\0app\0pw\0", 1),
    "fixed part only": lambda client: packets.frame(login_body(client)[:32], 1),
    "user without an end": lambda client: packets.frame(login_body(client)[:32] + b"app", 1),
    "response longer than the packet": lambda client: packets.frame(login_body(client)[:32] + b"app\0\xfa", 1),
    "length of eight bytes": lambda client: packets.frame(login_body(client)[:32] + b"app\0\xfe" + b"\xff" * 8 + b"x", 1),
    "attributes longer than the packet": lambda client: packets.frame(
        long_capabilities(client, login_body(client), Capability.CONNECT_ATTRS) + b"\xfd\xff\xff\xff\1k\1v", 1),
    "number zero": lambda client: packets.frame(login_body(client), 0),
    "number two": lambda client: packets.frame(login_body(client), 2),
    "number 255": lambda client: packets.frame(login_body(client), 255),
    "seventeen megabytes": lambda client: b"\xff\xff\xff\1" + login_body(client) + b"x" * 200_000,
    "seventy thousand bytes": lambda client: packets.frame(login_body(client) + b"x" * 70_000, 1),
    "a second request for TLS": lambda client: packets.frame(
        struct.pack("<IIB", client.capabilities | Capability.SSL, 0, 45) + b"\0" * 23, 1),
    "a query instead": lambda client: packets.frame(bytes([Command.QUERY]) + b"DROP TABLE t", 0),
    "http": lambda client: b"GET / HTTP/1.1\r\nHost: db\r\n\r\n",
    "x protocol (53, M43)": lambda client: struct.pack("<IB", 5, 1) + b"\0\0\0\0",
    "postgresql": lambda client: struct.pack("!II", 41, 196608) + b"user\0app\0database\0shop\0\0" + b"\0" * 20,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_login(enforcing, server, shop, name):
    """4, 8, 20, M20, M26: an error or a closed connection, and nothing stays behind of it."""
    with PacketClient(enforcing.port) as client:
        client.read_greeting()
        with contextlib.suppress(OSError):
            client.send(HOSTILE[name](client))
        try:
            answer = client.read_packet()
            assert answer.error and answer.error.code in (1043, 1045, 1156, 1835, 1047, 1064), (name, answer)
        except packets.Closed as closed:
            assert closed.args == (b"",)
        with contextlib.suppress(OSError):
            client.read_to_end()
    wait_until(lambda: sessions_of(enforcing) == 0, "the session is gone")
    wait_until(lambda: server.query("SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE '%nauth%'") == [(0,)],
               "the server's side of it is gone as well")
    with connect(enforcing.port) as client:
        assert_usable(client)
    assert shop.tables() == {"t"}


def test_login_that_leaves_in_its_middle(enforcing, server):
    """49: at every place; neither leg leaks."""
    for keep in (0, 1, 3, 4, 5, 36, 60):
        with PacketClient(enforcing.port) as client:
            client.read_greeting()
            client.send(packets.frame(login_body(client), 1)[:keep])
    wait_until(lambda: sessions_of(enforcing) == 0, "the sessions are gone")
    wait_until(lambda: server.query("SELECT COUNT(*) FROM information_schema.processlist WHERE user LIKE '%nauth%'") == [(0,)],
               "the server's side of them is gone as well")


@pytest.fixture(scope="module")
def impatient(mysql_guards, certificate):
    return mysql_guards("enforce", config={"timeouts": {"handshake": "1s"}}, server={
        "tls": {"mode": "allow", "certificate": str(certificate[1]), "key": str(certificate[0])}})


@pytest.mark.parametrize("what", ["silence", "half a packet", "a request for TLS", "an auth switch left unanswered"])
def test_silence_ends_with_the_time_for_logins(impatient, what):
    """49: in whatever place; the number follows the last packet's."""
    with PacketClient(impatient.port) as client:
        client.read_greeting()
        if what == "half a packet":
            client.send(packets.frame(login_body(client), 1)[:20])
        elif what == "a request for TLS":
            client.send(packets.frame(struct.pack("<IIB", client.capabilities | Capability.SSL, 0, 45) + b"\0" * 23, 1))
            assert client.read_to_end() == b""  # nothing in the clear where TLS is expected
            return
        elif what == "an auth switch left unanswered":
            client.send(packets.frame(client.response("app", b"x" * 20, "shop", plugin="mysql_clear_password"), 1))
            assert client.read_frame()[1][:1] == b"\xfe"
        last = client.sequence
        answer = client.read_packet()
        assert answer.error.code == 1159, answer
        assert answer.frames[0][0] == last
        assert client.read_to_end() == b""


def test_commands_behind_the_login(enforcing, observing, server, shop):
    """5, M21: in one write with the login; read as commands, judged as such, in their order."""
    for guard in (enforcing, observing):
        with PacketClient(guard.port) as client:
            client.read_greeting()
            client.send(packets.frame(login_body(client), 1) + b"".join(
                packets.frame(bytes([Command.QUERY]) + text) for text in (b"SELECT 1", b"CREATE TABLE made (a INT)", b"SELECT 2")))
            assert not client.finish_login(b"app", client.greeting.plugin).error
            answers = [client.read_result() for _ in range(3)]
            assert [bool(answer.error) for answer in answers] == [False, guard is enforcing, False]
            assert ("made" in shop.tables()) is (guard is observing)


def test_commands_behind_a_login_that_is_switched(guard_with, server, shop):
    """20, 25, M21: where the server asks again, a command is no answer."""
    with PacketClient(guard_with("disable").port) as client:
        client.read_greeting()
        body = client.response("app", b"x" * 20, "shop", plugin="mysql_clear_password")
        client.send(packets.frame(body, 1) + packets.frame(bytes([Command.QUERY]) + b"CREATE TABLE made (a INT)", 0))
        assert client.read_frame()[1][:1] == b"\xfe"
        assert client.read_packet().error.code == 1156
        assert client.read_to_end() == b""
    assert shop.tables() == {"t"}


# Servers that let nobody in

def test_server_that_is_full(mysql_guards, server):
    """31: its own words, before any greeting and without an SQLSTATE."""
    guard = mysql_guards("enforce")
    before = server.query("SELECT @@max_connections")[0][0]
    with contextlib.ExitStack() as stack:
        root = stack.enter_context(server.connect_as("root", database=None))
        with root.cursor() as cursor:
            try:
                cursor.execute("SET GLOBAL max_connections = 10")
                answers = []
                for port in (server.port, guard.port):
                    answer = None
                    for _ in range(15):
                        client = stack.enter_context(PacketClient(port))
                        answer = client.read_greeting() or client.login_after_greeting("reader")
                        if answer.error:
                            break
                    answers.append((answer.frames, answer.error.code, client.read_to_end()))
                assert answers[0] == answers[1] and answers[0][1] == 1040
            finally:
                cursor.execute(f"SET GLOBAL max_connections = {before}")


def test_server_that_cannot_be_reached(mysql_guards, server):
    """ERR 2003 with address and cause; the next address is tried first."""
    port = free_port()
    guard = mysql_guards("enforce", upstream=port)
    with PacketClient(guard.port) as client:
        answer = client.read_greeting()
        assert (answer.error.code, answer.frames[0][0]) == (2003, 0)
        assert f"127.0.0.1:{port}" in answer.error.message and "refused" in answer.error.message.lower()
        assert client.read_to_end() == b""
    guard = mysql_guards("enforce", server={"upstream": {
        "addresses": [f"127.0.0.1:{port}", f"127.0.0.1:{server.port}"], "tls": "disable"}})
    with connect(guard.port) as client:
        assert_usable(client)


def test_upstream_that_speaks_another_protocol(mysql_guards):
    """10, 31: whatever listens there, its bytes are not passed on as a greeting."""
    words = [b""]
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def greet_everybody():
            with contextlib.suppress(OSError):
                while True:
                    with listener.accept()[0] as visitor:
                        visitor.sendall(words[0])

        threading.Thread(target=greet_everybody, daemon=True).start()
        guard = mysql_guards("enforce", upstream=listener.getsockname()[1])
        for words[0], code in ((b"HTTP/1.1 400 Bad Request\r\n\r\n", 1835), (packets.frame(b"\x0a5.7"), 1835),
                               (packets.frame(b"\x09old\0"), 1835), (b"\x10\0\0", 2003), (b"", 2003)):
            with PacketClient(guard.port) as client:
                answer = client.read_greeting()
                assert answer.error.code == code, answer
                assert client.read_to_end() == b""
