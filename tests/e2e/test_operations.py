"""Running it: reload, drain, health, metrics, servers that are away, cancels, Unix sockets."""
import os
import re
import signal
import subprocess
import threading
import urllib.error
import urllib.request

import pytest
import yaml

import servers
import wire


def fetch(guard, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{guard.admin_port}{path}", timeout=30) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def rewrite(guard, change):
    config = yaml.safe_load(guard.config_file.read_text())
    change(config)
    guard.config_file.write_text(yaml.safe_dump(config, sort_keys=False))


def test_reload_reaches_live_sessions(guard_factory, postgres, database):
    guard = guard_factory("enforce")
    with wire.Connection(guard.port, database, "app") as connection:
        assert connection.simple("CREATE TABLE wanted (a int)")[0].refused
        rewrite(guard, lambda config: config["servers"][0].update(mode="observe"))
        guard.process.send_signal(signal.SIGHUP)
        servers.wait_until(lambda: connection.simple("CREATE TABLE IF NOT EXISTS wanted (a int)")[0].tag == "CREATE TABLE",
                           "the live session follows the new mode")
        rewrite(guard, lambda config: config["servers"][0].update(
            mode="enforce", rules=[{"name": "wanted", "match": {"object": "wanted"}, "action": "allow"}]))
        guard.process.send_signal(signal.SIGHUP)
        servers.wait_until(lambda: connection.simple("CREATE TABLE IF NOT EXISTS other (a int)")[0].refused,
                           "the live session follows the new policy")
        assert connection.simple("ALTER TABLE wanted ADD COLUMN b int")[0].tag == "ALTER TABLE"


def test_a_bad_file_changes_nothing_and_names_the_line(guard_factory, postgres, database):
    guard = guard_factory("enforce")
    good = guard.config_file.read_text()
    guard.config_file.write_text(good + "no_such_key: 1\n")
    guard.process.send_signal(signal.SIGHUP)
    line = good.count("\n") + 1
    servers.wait_until(lambda: "no_such_key" in guard.log(), "the log names the key")
    assert re.search(rf"schemaguard\.yaml:{line}", guard.log())
    with wire.Connection(guard.port, database, "app") as connection:
        assert connection.simple("CREATE TABLE refused_still (a int)")[0].refused
    checked = servers.run_guard_command("check-config", guard.config_file)
    assert checked.returncode != 0 and "no_such_key" in checked.stdout + checked.stderr


def test_sigterm_lets_a_transaction_end(guard_factory, postgres, database):
    guard = guard_factory("enforce")
    postgres.query("CREATE TABLE kept (a int); ALTER TABLE kept OWNER TO app", database)
    busy = wire.Connection(guard.port, database, "app")
    idle = wire.Connection(guard.port, database, "app")
    busy.simple("BEGIN; INSERT INTO kept VALUES (1)")
    guard.process.send_signal(signal.SIGTERM)
    servers.wait_until(lambda: not servers.accepts_connections(guard.port), "no new sessions are taken")
    assert busy.simple("INSERT INTO kept VALUES (2)")[0].tag == "INSERT 0 1"
    assert busy.simple("COMMIT")[0].tag == "COMMIT"
    servers.wait_until(lambda: idle.simple("SELECT 1")[:1] == [] or not idle.alive, "the idle session has been ended")
    assert guard.stop() == 0
    assert postgres.query("SELECT count(*) FROM kept", database) == [(2,)]
    busy.close()
    idle.close()


def test_health_and_metrics(enforcing, postgres, database):
    assert fetch(enforcing, "/healthz")[0] == 200
    with wire.Connection(enforcing.port, database, "app") as connection:
        assert connection.simple("CREATE TABLE counted (a int)")[0].refused
        status, text = fetch(enforcing, "/metrics")
    assert status == 200
    refused = re.search(r"^schemaguard_statements_refused_total\S* (\d+)", text, re.MULTILINE)
    assert refused and int(refused[1]) >= 1
    assert re.search(r"^schemaguard_sessions\S* [1-9]", text, re.MULTILINE)
    assert fetch(enforcing, "/no-such-page")[0] == 404


def test_an_unreachable_upstream_is_named(guard_factory):
    guard = guard_factory("enforce", upstream=servers.free_port())
    connection = wire.Connection(guard.port, "shop", "app")
    assert not connection.connected
    assert "FATAL" in connection.error and guard.config["servers"][0]["upstream"]["addresses"][0] in connection.error
    connection.close()


def test_the_guard_outlives_its_server(guard_factory, scratch):
    server = servers.PostgresServer(scratch / f"restarted-{os.getpid()}")
    try:
        guard = guard_factory("enforce", upstream=server.port)
        connection = wire.Connection(guard.port, "shop", "app")
        assert connection.simple("SELECT 1")[0].rows == [["1"]]
        server.stop()
        answers = connection.simple("SELECT 1")
        assert not connection.alive
        assert not answers or answers[0].sqlstate in ("57P01", ""), answers
        connection.close()
        away = wire.Connection(guard.port, "shop", "app")
        assert not away.connected
        away.close()
        server.start()
        with wire.Connection(guard.port, "shop", "app") as again:
            assert again.simple("SELECT 2")[0].rows == [["2"]]
    finally:
        server.stop()


def test_cancel_reaches_the_right_session(enforcing, postgres, database):
    with wire.Connection(enforcing.port, database, "app") as first, wire.Connection(enforcing.port, database, "app") as second:
        first.send("SELECT pg_sleep(60)")
        second.send("SELECT pg_sleep(60)")
        running = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}' AND wait_event = 'PgSleep'"
        servers.wait_until(lambda: postgres.query(running, "postgres") == [(2,)], "both are asleep")
        assert first.cancel()
        assert first.receive()[0].sqlstate == "57014"
        assert postgres.query(running, "postgres") == [(1,)]
        assert second.busy()
        assert second.cancel()
        assert second.receive()[0].sqlstate == "57014"
        assert first.simple("SELECT 1")[0].rows == [["1"]]


def test_cancel_of_a_session_that_is_gone_hits_nobody(enforcing, postgres, database):
    import ctypes
    with wire.Connection(enforcing.port, database, "app") as gone:
        key = wire._libpq.PQgetCancel(gone._handle)
    with wire.Connection(enforcing.port, database, "app") as other:
        other.send("SELECT pg_sleep(0.5)")
        why = ctypes.create_string_buffer(256)
        wire._libpq.PQcancel(key, why, len(why))
        wire._libpq.PQfreeCancel(key)
        assert other.receive()[0].sqlstate == ""


def test_unix_sockets_on_both_sides(guard_factory, postgres, scratch, database):
    folder = scratch / "sockets"
    folder.mkdir(exist_ok=True)
    guard = servers.Guard(scratch / "socket-guard", postgres.port, mode="enforce", server={
        "listen": [f"127.0.0.1:{servers.free_port()}", f"{folder}:6432"],
        "upstream": {"addresses": [f"{postgres.directory}:{postgres.port}"], "tls": "disable"}})
    guard.port = int(guard.config["servers"][0]["listen"][0].split(":")[1])
    guard.start()
    try:
        environment = dict(os.environ, PGPASSWORD="app")
        result = subprocess.run(["psql", "-XAtc", "SELECT 'over two sockets'", f"host={folder} port=6432 user=app dbname={database}"],
                                env=environment, capture_output=True, text=True, timeout=60)
        assert result.stdout == "over two sockets\n", result.stderr
    finally:
        guard.stop()


def test_many_sessions_on_two_workers(guard_factory, postgres, database):
    guard = guard_factory("enforce", workers=2)
    failures = []

    def work(number):
        try:
            for _ in range(5):
                with wire.Connection(guard.port, database, "app") as connection:
                    assert connection.simple(f"SELECT {number}")[0].rows == [[str(number)]]
                    assert connection.simple("CREATE TABLE never (a int)")[0].refused
                    assert connection.extended(f"SELECT {number} + 1")[0].rows == [[str(number + 1)]]
        except AssertionError as failure:
            failures.append(failure)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len([record for record in guard.audit_events("statement") if record["database"] == database]) == 100


def test_the_first_line_says_what_holds(guard_factory, postgres, scratch):
    """`run` without --mode observes, and without --audit writes none; it says both at once."""
    port = servers.free_port()
    log = scratch / "first_lines"
    with open(log, "wb") as output:
        process = subprocess.Popen([servers.BINARY, "run", "--engine", "postgresql", "--listen", f"127.0.0.1:{port}",
                                    "--upstream", f"127.0.0.1:{postgres.port}"], stdout=output, stderr=output,
                                   stdin=subprocess.DEVNULL)
    try:
        servers.wait_until(lambda: servers.accepts_connections(port), "the guard listens")
    finally:
        process.terminate()
        process.wait()
    lines = log.read_text().splitlines()
    assert "observing only" in lines[0]
    assert any("no audit" in line for line in lines)


def test_probe_finds_a_server_without_passwords(scratch, postgres):
    server = servers.PostgresServer(scratch / f"trusting-{os.getpid()}")
    try:
        config = servers.Guard(scratch / "probing", server.port)
        config.write_config()
        assert servers.run_guard_command("check-config", config.config_file, "--probe").returncode == 0
        (server.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 trust\n")
        server.query("SELECT pg_reload_conf()", "postgres")
        result = servers.wait_until(
            lambda: (found := servers.run_guard_command("check-config", config.config_file, "--probe")).returncode == 2 and found,
            "the probe sees the open door")
        assert "password" in result.stdout + result.stderr
    finally:
        server.stop()


@pytest.mark.parametrize("sql, status", [("SELECT 1", 0), ("ALTER TABLE x ADD y int", 2), ("SELECT 1 INTO x UNION SELECT 2", 2)])
def test_explain_tells_what_the_data_path_does(sql, status, enforcing, database):
    explained = servers.run_guard_command("explain", "--engine", "postgresql", "--config", enforcing.config_file, "--database",
                                          f"shop/{database}", "--user", "app", sql, check=status)
    assert explained.stdout
    with wire.Connection(enforcing.port, database, "app") as connection:
        assert connection.simple(sql)[0].refused == (status == 2)
