"""What carries the bytes: TLS on each leg, direct TLS, PROXY protocol headers."""
import contextlib
import os
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading

import psycopg2
import pytest

import guard_clients
from guard_clients import connect, login, query, read_to_end, read_until_ready, startup_message, value
from servers import PostgresServer, wait_until

# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(scratch):
    directory = scratch / "transport-certificates"
    directory.mkdir(exist_ok=True)

    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=directory)

    for name in ("authority", "stranger"):
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout",
                f"{name}.key", "-out", f"{name}.pem", "-subj", f"/CN={name}", "-days", "2")
    for name, subject, extension in (("server", "localhost", "subjectAltName=DNS:localhost,IP:127.0.0.1"),
                                     ("client", "deploy", "extendedKeyUsage=clientAuth"),
                                     ("other", "elsewhere", "subjectAltName=DNS:elsewhere")):
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", f"{name}.key",
                "-out", f"{name}.csr", "-subj", f"/CN={subject}")
        (directory / f"{name}.ext").write_text(extension, encoding="ascii")
        openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "authority.pem", "-CAkey", "authority.key",
                "-CAcreateserial", "-out", f"{name}.pem", "-days", "2", "-extfile", f"{name}.ext")
    return directory


@pytest.fixture(scope="module")
def tls_postgres(scratch, certificates):
    directory = scratch / "tls-postgres"
    server = PostgresServer(directory)
    for name in ("server.pem", "server.key"):
        text = (certificates / name).read_bytes()
        (server.data / name).write_bytes(text)
        (server.data / name).chmod(0o600)
        if server.as_postgres:
            shutil.chown(server.data / name, "postgres")
    server.query("ALTER SYSTEM SET ssl_cert_file = 'server.pem'")
    server.query("ALTER SYSTEM SET ssl_key_file = 'server.key'")
    server.query("ALTER SYSTEM SET ssl = on")
    server.query("SELECT pg_reload_conf()")
    wait_until(lambda: server.query("SHOW ssl") == [("on",)], "the server offers TLS")
    yield server
    server.stop()


def tls_settings(certificates, mode="require", **more):
    return {"tls": {"mode": mode, "certificate": str(certificates / "server.pem"),
                    "key": str(certificates / "server.key"), **more}}


def upstream_settings(port, tls, **more):
    return {"upstream": {"addresses": [f"localhost:{port}"], "tls": tls, **more}}


@pytest.mark.parametrize("client_side", ["plain", "tls"])
@pytest.mark.parametrize("server_side", ["disable", "require", "verify-full"])
def test_tls_on_each_leg(guard_factory, certificates, tls_postgres, client_side, server_side):
    settings = upstream_settings(tls_postgres.port, server_side,
                                 **({"ca": str(certificates / "authority.pem")} if server_side == "verify-full" else {}))
    if client_side == "tls":
        settings.update(tls_settings(certificates))
    guard = guard_factory("enforce", server=settings)
    keywords = {"sslmode": "disable"}
    if client_side == "tls":
        keywords = {"sslmode": "verify-full", "sslrootcert": str(certificates / "authority.pem"), "host": "localhost"}
        if server_side != "disable":
            keywords["channel_binding"] = "disable"  # SCRAM over two TLS legs cannot be relayed otherwise
    with contextlib.closing(connect(guard, **keywords)) as connection:
        inside = value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
        assert inside is (server_side != "disable")
        assert bool(connection.info.ssl_in_use) is (client_side == "tls")
        with connection.cursor() as cursor:
            cursor.execute("SELECT repeat('x', 100000) FROM generate_series(1, 50)")
            assert sum(len(row[0]) for row in cursor.fetchall()) == 5_000_000
            cursor.execute("SELECT length(%s)", ("y" * 3_000_000,))
            assert cursor.fetchone() == (3_000_000,)


def test_cancel_over_tls(guard_factory, certificates, tls_postgres):
    guard = guard_factory("enforce", server={**upstream_settings(tls_postgres.port, "require")})
    with contextlib.closing(connect(guard)) as victim, contextlib.closing(connect(guard)) as watcher:
        errors = []

        def sleep():
            try:
                value(victim, "SELECT pg_sleep(601)")
            except psycopg2.Error as error:
                errors.append(error)

        sleeper = threading.Thread(target=sleep)
        sleeper.start()
        wait_until(lambda: value(watcher, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%sleep(601)%' AND "
                                          "state = 'active' AND pid <> pg_backend_pid()") == 1, "the query runs")
        victim.cancel()
        sleeper.join(timeout=60)
        assert [type(error) for error in errors] == [psycopg2.errors.QueryCanceled]


@pytest.mark.parametrize("mode, authority, host, works", [
    ("require", None, "localhost", True),
    ("require", "stranger.pem", "localhost", False),  # as libpq: a root certificate that is there is used
    ("verify-ca", "authority.pem", "127.0.0.1", True),
    ("verify-ca", "stranger.pem", "localhost", False),
    ("verify-full", "authority.pem", "localhost", True),
    ("verify-full", "authority.pem", "127.0.0.1", True),
])
def test_how_the_servers_certificate_is_checked(guard_factory, certificates, tls_postgres, mode, authority, host, works):
    upstream = {"addresses": [f"{host}:{tls_postgres.port}"], "tls": mode}
    if authority:
        upstream["ca"] = str(certificates / authority)
    guard = guard_factory("enforce", server={"upstream": upstream})
    if works:
        with contextlib.closing(connect(guard)) as connection:
            assert value(connection, "SELECT 1") == 1
    else:
        with pytest.raises(psycopg2.OperationalError) as error:
            connect(guard)
        assert "TLS" in str(error.value)


def test_a_server_without_tls(guard_factory, trusting):
    guard = guard_factory("enforce", server=upstream_settings(trusting.port, "prefer"))
    with contextlib.closing(connect(guard)) as connection:
        assert value(connection, "SELECT 1") == 1
    demanding = guard_factory("enforce", server=upstream_settings(trusting.port, "require"))
    with pytest.raises(psycopg2.OperationalError):
        connect(demanding)


def raw_tls(guard, protocols=("postgresql",)):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if protocols:
        context.set_alpn_protocols(list(protocols))
    return context.wrap_socket(socket.create_connection(("127.0.0.1", guard.port), timeout=20))


def test_direct_tls_needs_alpn(guard_factory, certificates, trusting):
    guard = guard_factory("enforce", upstream=trusting.port, server=tls_settings(certificates))
    with raw_tls(guard) as sock:
        assert sock.selected_alpn_protocol() == "postgresql"
        assert sock.version() in ("TLSv1.2", "TLSv1.3")
        sock.sendall(startup_message())
        read_until_ready(sock)
    for protocols in ((), ("http/1.1",)):
        with pytest.raises((ssl.SSLError, ConnectionError, AssertionError)):
            with raw_tls(guard, protocols) as sock:
                sock.sendall(startup_message())
                assert sock.recv(1), "closed"


def test_direct_tls_at_a_plain_listener_is_closed(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port)
    with pytest.raises((ssl.SSLError, ConnectionError)):
        raw_tls(guard)


def test_plaintext_before_the_handshake_never_enters_the_session(guard_factory, certificates, trusting):
    """CVE-2021-23214: a startup packet put behind the SSLRequest must not be taken for the client's own."""
    guard = guard_factory("enforce", upstream=trusting.port, server=tls_settings(certificates, "allow"))
    request = struct.pack("!II", 8, 80877103)
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        sock.sendall(request + startup_message())
        answer = read_to_end(sock)
        assert b"Z\0\0\0\5" not in answer and not answer.startswith(b"S")
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        sock.sendall(request)
        assert sock.recv(1) == b"S"
        sock.sendall(startup_message())
        assert b"Z\0\0\0\5" not in read_to_end(sock)


def test_old_tls_is_refused(guard_factory, certificates, trusting):
    guard = guard_factory("enforce", upstream=trusting.port, server=tls_settings(certificates))
    result = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{guard.port}", "-starttls", "postgres",
                             "-tls1_1", "-cipher", "ALL:@SECLEVEL=0"], input=b"", capture_output=True, timeout=60)
    assert b"Cipher is (NONE)" in result.stdout or b"no protocols available" in result.stderr or result.returncode != 0


# --- PROXY protocol -------------------------------------------------------------------------------------------------


def proxy_header(source, port, destination="10.9.9.9", destination_port=6432):
    body = socket.inet_aton(source) + socket.inet_aton(destination) + struct.pack("!HH", port, destination_port)
    return b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x21, 0x11]) + struct.pack("!H", len(body)) + body


def test_proxy_protocol_from_a_listed_balancer(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port, server={"proxy_protocol": {"accept_from": ["127.0.0.0/8"]}})
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        for byte in proxy_header("192.0.2.44", 5555):
            sock.sendall(bytes([byte]))
        sock.sendall(startup_message())
        read_until_ready(sock)
        sock.sendall(query("CREATE TABLE through_the_balancer (id int)"))
        assert b"C42501" in sock.recv(65536)
    wait_until(lambda: any(line["client"].startswith("192.0.2.44") for line in guard.audit_events("statement")),
               "the client's own address is audited")
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        sock.sendall(startup_message())  # the header is required from here
        assert read_to_end(sock) == b""


def test_proxy_protocol_from_anybody_else_is_refused(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port, server={"proxy_protocol": {"accept_from": ["192.0.2.0/24"]}})
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        sock.sendall(proxy_header("192.0.2.44", 5555) + startup_message())
        assert b"Z\0\0\0\5" not in read_to_end(sock)
    with login(guard.port, "app"):
        pass


class HeaderCheckingServer:
    """Reads a PROXY v2 header from every connection, as a balancer in front of the server would, then relays."""

    def __init__(self, target_port):
        self.target_port = target_port
        self.headers = []  # (command, source address, source port), or the bytes that were no header
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    @staticmethod
    def read_exactly(sock, size):
        data = b""
        while len(data) < size:
            chunk = sock.recv(size - len(data))
            if not chunk:
                raise ConnectionError("closed in the header")
            data += chunk
        return data

    def serve(self, client):
        with contextlib.suppress(OSError), client:
            fixed = self.read_exactly(client, 16)
            if fixed[:12] != b"\r\n\r\n\0\r\nQUIT\n" or fixed[12] >> 4 != 2:
                self.headers.append(fixed)
                return
            body = self.read_exactly(client, struct.unpack("!H", fixed[14:16])[0])
            if fixed[12] & 15 == 0:
                self.headers.append(("local", None, None))
            else:
                assert fixed[13] == 0x11, "TCP over IPv4"
                self.headers.append(("proxy", socket.inet_ntoa(body[:4]), struct.unpack("!H", body[8:10])[0]))
            with socket.create_connection(("127.0.0.1", self.target_port)) as server:
                back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
                back.start()
                self.copy(client, server)
                back.join()

    @staticmethod
    def copy(source, target):
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)


@pytest.fixture
def header_checking(tls_postgres):
    server = HeaderCheckingServer(tls_postgres.port)
    yield server
    server.listener.close()


@pytest.mark.parametrize("tls", ["disable", "require"])
def test_proxy_protocol_is_sent_on(guard_factory, header_checking, tls):
    guard = guard_factory("enforce", server={"upstream": {"addresses": [f"127.0.0.1:{header_checking.port}"], "tls": tls},
                                             "proxy_protocol": {"send": True}})
    with contextlib.closing(connect(guard)) as connection:
        own_port = socket.socket(fileno=os.dup(connection.fileno())).getsockname()[1]
        assert value(connection, "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()") is (tls == "require")
        assert ("proxy", "127.0.0.1", own_port) in header_checking.headers
    assert all(isinstance(header, tuple) for header in header_checking.headers), header_checking.headers
    # The look for open doors is the guard's own connection, and says so.
    wait_until(lambda: ("local", None, None) in header_checking.headers, "the probe sends a header as well")


def test_proxy_protocol_hands_on_what_a_balancer_said(guard_factory, header_checking):
    guard = guard_factory("enforce", server={
        "upstream": {"addresses": [f"127.0.0.1:{header_checking.port}"], "tls": "disable"},
        "proxy_protocol": {"send": True, "accept_from": ["127.0.0.0/8"]}})
    with socket.create_connection(("127.0.0.1", guard.port), timeout=20) as sock:
        sock.sendall(proxy_header("192.0.2.44", 5555) + startup_message())
        assert sock.recv(1) == b"R"
    assert ("proxy", "192.0.2.44", 5555) in header_checking.headers


def test_probe_for_open_doors_is_run_again_at_a_reload(guard_factory, postgres, trusting):
    guard = guard_factory("enforce", upstream=postgres.port)
    assert guard_clients.health(guard)["status"] == "ok"
    guard.config["servers"][0]["upstream"]["addresses"] = [f"127.0.0.1:{trusting.port}"]
    guard.write_config()
    guard.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "without a password" in str(guard_clients.health(guard)), "the door is reported after the reload")
    guard.config["servers"][0]["upstream"]["addresses"] = [f"127.0.0.1:{postgres.port}"]
    guard.write_config()
    guard.process.send_signal(signal.SIGHUP)
    wait_until(lambda: guard_clients.health(guard)["status"] == "ok", "and no more when it is closed")
