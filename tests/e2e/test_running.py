"""The running guard: reload, modes, cancel, backpressure, draining, sockets, a server that goes away."""
import contextlib
import json
import os
import select
import signal
import socket
import struct
import threading

import psycopg2
import pytest

from guard_clients import (admin, connect, health, login, metric, query, read_to_end,
                           read_until_ready, resident_bytes, startup_message, value)
from servers import Guard, free_port, run_guard_command, wait_until

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


def test_a_rotated_audit_is_opened_again_even_when_the_configuration_is_bad(guard_factory):
    guard = guard_factory("enforce")
    os.rename(guard.audit_file, f"{guard.audit_file}.1")
    guard.config_file.write_text("servers: 3\n", encoding="utf-8")
    guard.process.send_signal(signal.SIGHUP)
    wait_until(guard.audit_file.exists, "the audit file is there again")
    run_guard_command("audit", "verify", f"{guard.audit_file}.1", guard.audit_file, check=0)


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

    def passes():
        # The postmaster may learn of the death only now, and then ends whoever has connected in between.
        try:
            with contextlib.closing(connect(guard)) as connection:
                return value(connection, "SELECT 1") == 1
        except psycopg2.OperationalError:
            return False

    wait_until(passes, "the server is back")


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
