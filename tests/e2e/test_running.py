"""The running guard: drain, reload, modes, cancel, backpressure, sockets, TLS, balancers, a server that goes away."""
import contextlib
import json
import os
import pathlib
import select
import shutil
import signal
import socket
import ssl
import struct
import subprocess
import threading
import urllib.error
import urllib.request

import psycopg2
import psycopg2.extensions
import pytest

from servers import Guard, PostgresServer, free_port, run_guard_command, wait_until

STARTUP = struct.pack("!I", 196608)


def connect(guard, database="shop", user="app", **keywords):
    keywords.setdefault("sslmode", "disable")
    connection = psycopg2.connect(host=keywords.pop("host", "127.0.0.1"), port=guard.port, dbname=database, user=user,
                                  password=user, connect_timeout=20, **keywords)
    connection.autocommit = True
    return connection


def value(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def admin(guard, path, body=None, headers=None):
    """Status and text of one request to the admin listener."""
    request = urllib.request.Request(f"http://127.0.0.1:{guard.admin_port}{path}", method="GET" if body is None else "POST",
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def health(guard):
    return json.loads(admin(guard, "/healthz")[1])


def metric(guard, name):
    for line in admin(guard, "/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0.0


def startup_message(user="app", database="shop", **more):
    body = STARTUP
    for key, text in {"user": user, "database": database, **more}.items():
        body += key.encode() + b"\0" + text.encode() + b"\0"
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def read_to_end(sock):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            data += chunk
    return data


def resident_bytes(guard):
    status = pathlib.Path(f"/proc/{guard.process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


# --- start and admin listener ---------------------------------------------------------------------------------------


def test_says_at_start_what_it_does(guard_factory):
    guard = guard_factory("enforce", audit=False)
    log = guard.log()
    assert f"listening on 127.0.0.1:{guard.port} (server shop)" in log
    assert "mode enforce" in log
    assert "no audit is written" in log


def test_health_metrics_and_what_the_admin_listener_refuses(guard_factory):
    guard = guard_factory("enforce")
    with contextlib.closing(connect(guard)) as connection:
        assert value(connection, "SELECT 42") == 42
        state = health(guard)
        assert state["sessions"] == 1
        assert state["servers"][0]["name"] == "shop"
        assert state["audit"]["enabled"] is True
        assert metric(guard, "schemaguard_sessions") == 1
        assert metric(guard, "schemaguard_upstream_connects_total") == 1
    assert admin(guard, "/nowhere")[0] == 404
    assert admin(guard, "/reload", {}, {"Origin": "http://evil.example"})[0] == 403
    assert admin(guard, "/reload", {}, {"Content-Type": "text/plain"})[0] == 415
    assert admin(guard, "/mode", {"database": "shop/shop", "mode": "off"})[0] == 400  # no reason
    assert admin(guard, "/mode", {"database": "nobody/x", "mode": "off", "reason": "r"})[0] == 400
    assert admin(guard, "/mode", {"database": "shop/shop", "mode": "loud", "reason": "r"})[0] == 400
    assert admin(guard, "/mode", {"database": "shop/shop", "mode": "off", "reason": "x" * 20000})[0] in (400, 413)
    assert health(guard)["overrides"] == []


def test_health_checks_leave_no_trace_in_the_log(guard_factory):
    guard = guard_factory("enforce")
    before = guard.log()
    for _ in range(20):
        socket.create_connection(("127.0.0.1", guard.port)).close()
    with contextlib.closing(connect(guard)) as connection:
        value(connection, "SELECT 1")
    assert guard.log() == before


# --- reload and modes -----------------------------------------------------------------------------------------------


def refused(connection, sql):
    with connection.cursor() as cursor:
        try:
            cursor.execute(sql)
        except psycopg2.errors.InsufficientPrivilege as error:
            assert "schemaguard" in str(error)
            return True
    return False


@pytest.mark.parametrize("how", ["SIGHUP", "admin listener"])
def test_reload_reaches_living_sessions_and_a_bad_file_changes_nothing(guard_factory, database, how):
    guard = guard_factory("enforce")

    def reload():
        if how == "SIGHUP":
            guard.process.send_signal(signal.SIGHUP)
            return None
        return admin(guard, "/reload", {})

    with contextlib.closing(connect(guard, database)) as connection:
        assert refused(connection, "CREATE TABLE reloaded (id int)")
        good = guard.config_file.read_text(encoding="utf-8")
        guard.config_file.write_text(good.replace("mode: enforce", "mode: enforced"), encoding="utf-8")
        answer = reload()
        wait_until(lambda: "reload_error" in health(guard), "the failed reload is told")
        assert "schemaguard.yaml:" in health(guard)["reload_error"]
        assert "enforced" in guard.log()
        if answer:
            assert answer[0] == 409 and "enforced" in answer[1]
        assert refused(connection, "CREATE TABLE reloaded (id int)")

        guard.config_file.write_text(good.replace("mode: enforce", "mode: observe"), encoding="utf-8")
        reload()
        wait_until(lambda: "reload_error" not in health(guard), "the good reload is taken over")
        assert not refused(connection, "CREATE TABLE reloaded (id int)")
        assert value(connection, "SELECT count(*) FROM reloaded") == 0

        guard.config_file.write_text(good, encoding="utf-8")
        reload()
        wait_until(lambda: health(guard)["servers"][0]["databases"][-1]["mode"] == "enforce", "enforce is back")
        assert refused(connection, "CREATE TABLE again (id int)")


def test_reload_opens_and_closes_listeners(guard_factory):
    guard = guard_factory("enforce")
    old_port, new_port = guard.port, free_port()
    with contextlib.closing(connect(guard)) as connection:
        guard.config["servers"][0]["listen"] = f"127.0.0.1:{new_port}"
        guard.write_config()
        assert admin(guard, "/reload", {})[0] == 200
        guard.port = new_port
        with contextlib.closing(connect(guard)) as fresh:
            assert value(fresh, "SELECT 1") == 1
        assert value(connection, "SELECT 2") == 2  # who is inside stays inside
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", old_port)).close()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            guard.config["servers"][0]["listen"] = f"127.0.0.1:{taken.getsockname()[1]}"
            guard.write_config()
            status, text = admin(guard, "/reload", {})
            assert status == 409 and "cannot listen" in text
        with contextlib.closing(connect(guard)) as still:
            assert value(still, "SELECT 3") == 3


def test_mode_for_a_while_is_audited_and_returns_by_itself(guard_factory, database):
    guard = guard_factory("enforce")
    with contextlib.closing(connect(guard, database)) as connection:
        assert refused(connection, "CREATE TABLE moded (id int)")
        result = run_guard_command("mode", "observe", "--database", f"shop/{database}", "--for", "2s", "--reason",
                                   "ticket 7", "--config", guard.config_file, check=0)
        assert "observe" in result.stdout
        assert not refused(connection, "CREATE TABLE moded (id int)")
        wait_until(lambda: health(guard)["overrides"] == [], "the override is over")
        assert refused(connection, "CREATE TABLE moded_again (id int)")
    events = [json.loads(line["detail"]) if isinstance(line.get("detail"), str) else line.get("detail")
              for line in guard.audit_events("policy")]
    changes = [(event["from"], event["to"]) for event in events if event and event.get("change") == "mode"]
    assert changes == [("enforce", "observe"), ("observe", "enforce")]
    assert "ticket 7" in json.dumps(events)


def test_mode_of_one_database_leaves_the_others_alone(guard_factory, database):
    guard = guard_factory("enforce")
    run_guard_command("mode", "observe", "--database", "shop/other", "--reason", "test", "--admin",
                      f"127.0.0.1:{guard.admin_port}", check=0)
    with contextlib.closing(connect(guard, database)) as connection:
        assert refused(connection, "CREATE TABLE moded (id int)")


def test_mode_says_what_is_wrong(guard_factory):
    guard = guard_factory("enforce")
    address = f"127.0.0.1:{guard.admin_port}"
    wrong = run_guard_command("mode", "observe", "--database", "shp/shop", "--reason", "r", "--admin", address, check=1)
    assert 'no server is named "shp"; known: shop' in wrong.stderr
    nobody = run_guard_command("mode", "observe", "--database", "shop/shop", "--reason", "r", "--admin",
                               f"127.0.0.1:{free_port()}", check=1)
    assert "no guard answers" in nobody.stderr


# --- cancel ---------------------------------------------------------------------------------------------------------


def cancel_request(port, process_id, secret):
    with socket.create_connection(("127.0.0.1", port), timeout=20) as sock:
        sock.sendall(struct.pack("!III", 16, 80877102, process_id) + secret)
        return read_to_end(sock)


def test_cancel_stops_the_query_of_its_session_only(guard_factory, database):
    guard = guard_factory("enforce")
    victim, bystander = connect(guard, database), connect(guard, database)
    errors = []

    def sleep():
        try:
            value(victim, "SELECT pg_sleep(600)")
        except psycopg2.Error as error:
            errors.append(error)

    sleeper = threading.Thread(target=sleep)
    sleeper.start()
    wait_until(lambda: value(bystander, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(600)%' "
                                        "AND state = 'active' AND pid <> pg_backend_pid()") == 1, "the query runs")
    assert cancel_request(guard.port, victim.info.backend_pid, b"guess"[:4]) == b""
    assert sleeper.is_alive()
    victim.cancel()
    sleeper.join(timeout=60)
    assert [type(error) for error in errors] == [psycopg2.errors.QueryCanceled]
    assert value(victim, "SELECT 1") == 1
    assert value(bystander, "SELECT 1") == 1


def test_process_id_is_the_servers_and_the_secret_is_not(guard_factory, database, postgres):
    guard = guard_factory("enforce")
    with contextlib.closing(connect(guard, database)) as connection:
        assert connection.info.backend_pid == value(connection, "SELECT pg_backend_pid()")


def test_cancel_for_a_session_that_is_gone_is_silent(guard_factory, database):
    guard = guard_factory("enforce")
    connection = connect(guard, database)
    process_id = connection.info.backend_pid
    connection.close()
    assert cancel_request(guard.port, process_id, b"\0\0\0\0") == b""
    assert cancel_request(guard.port, 1, b"\0\0\0\0") == b""


# --- backpressure ---------------------------------------------------------------------------------------------------


def read_until_ready(sock, status=b"I"):
    """Everything up to the next ReadyForQuery."""
    data = b""
    while not data.endswith(b"Z\0\0\0\5" + status):
        chunk = sock.recv(65536)
        assert chunk, f"closed after {data!r}"
        data += chunk
    return data


def login(port, user="reader", database="shop"):
    """A raw socket behind a finished login (SCRAM is libpq's business: the role has a trust line)."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.sendall(startup_message(user, database))
    read_until_ready(sock)
    return sock


@pytest.fixture(scope="module")
def trusting(scratch):
    """A PostgreSQL that asks nobody for a password, for raw sockets."""
    server = PostgresServer(scratch / "trusting")
    hba = server.data / "pg_hba.conf"
    hba.write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n", encoding="ascii")
    server.query("SELECT pg_reload_conf()")
    yield server
    server.stop()


def query(text):
    body = text.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(body) + 4) + body


def test_a_client_that_does_not_read_stalls_nobody_and_costs_no_memory(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port)
    before = resident_bytes(guard)
    with login(guard.port) as stalled:
        stalled.sendall(query("SELECT repeat('x', 1000) FROM generate_series(1, 400000)"))  # 400 MB
        with contextlib.closing(connect(guard, user="reader")) as other:
            wait_until(lambda: value(other, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'ClientWrite'") >= 1,
                       "the server waits for the client")
            for number in range(200):
                assert value(other, f"SELECT {number}") == number
        assert resident_bytes(guard) - before < 16 * 1024 * 1024
        received = 0
        while received < 400_000_000:
            received += len(stalled.recv(1 << 20))
        assert resident_bytes(guard) - before < 16 * 1024 * 1024


def test_a_server_that_does_not_read_stalls_nobody_and_costs_no_memory(guard_factory, trusting, postgres):
    guard = guard_factory("enforce", upstream=trusting.port)
    trusting.query("DROP TABLE IF EXISTS poured; CREATE UNLOGGED TABLE poured (line text); GRANT ALL ON poured TO reader")
    before = resident_bytes(guard)
    locker = trusting.connect()
    with locker.cursor() as cursor, login(guard.port) as pouring:
        pouring.sendall(query("BEGIN"))
        cursor.execute("LOCK TABLE poured IN EXCLUSIVE MODE")
        pouring.sendall(query("COPY poured FROM STDIN"))  # waits for the lock, so the server does not read
        chunk = b"d" + struct.pack("!I", 4 + 10000) + b"y" * 9999 + b"\n"
        pouring.setblocking(False)
        sent = 0

        def pour():
            nonlocal sent
            try:
                sent += pouring.send(chunk * 20)
                return False
            except BlockingIOError:
                return sent > 0

        wait_until(pour, "the client cannot send any more")
        with contextlib.closing(connect(guard, user="reader")) as other:
            for number in range(200):
                assert value(other, f"SELECT {number}") == number
        assert resident_bytes(guard) - before < 16 * 1024 * 1024
    locker.close()


def test_both_sides_full_still_drains(guard_factory, trusting):
    """A pipeline of requests with large answers: the client sends everything before it reads anything."""
    guard = guard_factory("enforce", upstream=trusting.port)
    with login(guard.port) as sock:
        one = query("SELECT repeat('x', 100000) /* " + "y" * 20000 + " */")
        total = 300
        pieces = bytearray(one * total)
        sock.setblocking(False)
        received = 0
        ends = 0
        tail = b""

        def step():
            nonlocal received, ends, tail
            with contextlib.suppress(BlockingIOError):
                if pieces:
                    del pieces[: sock.send(pieces[: 1 << 20])]
                    return False
            with contextlib.suppress(BlockingIOError):
                data = sock.recv(1 << 20)
                assert data, "the guard closed"
                received += len(data)
                ends += (tail + data).count(b"Z\0\0\0\5I")
                tail = data[-5:]
            return ends == total

        turns = 0
        while not step():
            turns += 1
            if turns % 1000 == 0:
                select.select([sock], [sock] if pieces else [], [], 60)
        assert received > total * 100000


# --- draining -------------------------------------------------------------------------------------------------------


def test_drain_lets_a_transaction_end_and_tells_idle_sessions(guard_factory, trusting):
    guard = guard_factory("observe", upstream=trusting.port)
    idle, busy = login(guard.port), login(guard.port, "app")
    busy.sendall(query("DROP TABLE IF EXISTS drained; CREATE TABLE drained (id int)"))
    read_until_ready(busy)
    busy.sendall(query("BEGIN"))
    read_until_ready(busy, b"T")
    guard.process.send_signal(signal.SIGTERM)
    farewell = read_to_end(idle)
    assert farewell.startswith(b"E") and b"SFATAL\0" in farewell and b"C57P01\0" in farewell
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", guard.port)).close()
    busy.sendall(query("INSERT INTO drained VALUES (2)"))
    read_until_ready(busy, b"T")
    busy.sendall(query("COMMIT"))
    last = read_to_end(busy)
    assert b"COMMIT\0" in last and b"C57P01\0" in last
    idle.close()
    busy.close()
    assert guard.process.wait(timeout=30) == 0
    assert trusting.query("SELECT id FROM drained") == [(2,)]


def test_drain_ends_with_57p01_after_its_time(guard_factory, trusting):
    guard = guard_factory("observe", upstream=trusting.port, config={"timeouts": {"drain": "1s"}})
    with login(guard.port) as busy:
        busy.sendall(query("BEGIN"))
        read_until_ready(busy, b"T")
        guard.process.send_signal(signal.SIGTERM)
        assert b"C57P01\0" in read_to_end(busy)
    assert guard.process.wait(timeout=30) == 0


def test_second_signal_ends_at_once(guard_factory, trusting):
    guard = guard_factory("observe", upstream=trusting.port)
    with login(guard.port) as busy:
        busy.sendall(query("BEGIN"))
        read_until_ready(busy, b"T")
        guard.process.send_signal(signal.SIGTERM)
        wait_until(lambda: "draining" in guard.log(), "the drain has begun")
        guard.process.send_signal(signal.SIGTERM)
        assert guard.process.wait(timeout=20) == 0
        assert read_to_end(busy) == b""


# --- Unix sockets, unreachable upstreams, dying servers --------------------------------------------------------------


def test_unix_sockets_on_both_sides(scratch, trusting):
    directory = scratch / "doors"
    directory.mkdir()
    guard = Guard(scratch / "guard-unix", trusting.port)
    guard.config["servers"][0]["listen"] = [f"127.0.0.1:{guard.port}", f"{directory}:{guard.port}"]
    guard.config["servers"][0]["upstream"]["addresses"] = [f"{trusting.directory}:{trusting.port}"]
    guard.start()
    try:
        path = directory / f".s.PGSQL.{guard.port}"
        assert path.is_socket()
        with contextlib.closing(connect(guard, host=str(directory))) as connection:
            assert value(connection, "SELECT inet_server_addr() IS NULL") is True
        guard.kill()  # leaves its socket behind; the next one takes the place
        assert path.is_socket()
        guard.start()
        with contextlib.closing(connect(guard, host=str(directory))) as connection:
            assert value(connection, "SELECT 1") == 1
    finally:
        assert guard.stop() == 0
    assert not path.exists()


def test_an_unreachable_upstream_is_named_with_its_cause(guard_factory):
    port = free_port()
    guard = guard_factory("enforce", upstream=port)
    with pytest.raises(psycopg2.OperationalError) as error:
        connect(guard)
    assert f"127.0.0.1:{port}" in str(error.value)
    assert "Connection refused" in str(error.value)
    with socket.create_connection(("127.0.0.1", guard.port)) as sock:
        sock.sendall(startup_message())
        answer = read_to_end(sock)
    assert answer[:1] == b"E" and b"C08006\0" in answer and b"SFATAL\0" in answer


def test_a_name_that_does_not_resolve_and_a_second_address(guard_factory, postgres):
    guard = guard_factory("enforce", server={"upstream": {
        "addresses": ["no-such-host.invalid:5432", f"127.0.0.1:{free_port()}", f"127.0.0.1:{postgres.port}"],
        "tls": "disable"}})
    with contextlib.closing(connect(guard)) as connection:
        assert value(connection, "SELECT 1") == 1


def test_a_server_that_dies_in_a_query_is_seen_as_the_server_said_it(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port)
    seen = []
    for port in (trusting.port, guard.port):
        with login(port) as sock:
            sock.sendall(query("SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(60)"))
            seen.append(read_to_end(sock))
    assert b"C57P01\0" in seen[0]
    assert seen[1] == seen[0]


def test_a_server_that_is_killed_ends_the_connection_without_a_word(guard_factory, trusting):
    guard = guard_factory("enforce", upstream=trusting.port)
    with login(guard.port, "app") as sock:
        sock.sendall(query("SELECT 'pid=' || pg_backend_pid()"))
        backend = int(read_until_ready(sock).split(b"pid=")[1].split(b"C\0\0\0")[0])
        sock.sendall(query("SELECT pg_sleep(600)"))
        os.kill(backend, signal.SIGKILL)  # no farewell; the postmaster ends all others too
        assert read_to_end(sock) == b""
    wait_until(trusting._is_ready, "the server is back")
    with contextlib.closing(connect(guard)) as connection:
        assert value(connection, "SELECT 1") == 1


def test_too_many_sessions_are_refused_with_53300(guard_factory):
    guard = guard_factory("enforce", config={"limits": {"sessions_max": 2}})
    kept = [connect(guard), connect(guard)]
    with pytest.raises(psycopg2.OperationalError) as error:
        connect(guard)
    assert "too many sessions" in str(error.value)
    kept.pop().close()
    wait_until(lambda: health(guard)["sessions"] == 1, "the place is free again")
    with contextlib.closing(connect(guard)) as connection:
        assert value(connection, "SELECT 1") == 1


def test_a_login_that_takes_too_long_is_ended(guard_factory):
    guard = guard_factory("enforce", config={"timeouts": {"handshake": "1s"}})
    with socket.create_connection(("127.0.0.1", guard.port), timeout=30) as silent:
        assert read_to_end(silent) == b""
    with socket.create_connection(("127.0.0.1", guard.port), timeout=30) as slow:
        slow.sendall(startup_message())
        answer = read_to_end(slow)  # the server asks for a password that never comes
        assert b"canceling authentication due to timeout" in answer


# --- TLS ------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificates(scratch):
    directory = scratch / "certificates"
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
