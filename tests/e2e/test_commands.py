"""The commands that need no running guard: explain, policy show, check-config with its probe of real servers."""
import json
import socket
import subprocess
import threading

import pytest
import yaml

import servers
from servers import run_guard_command


def explain(*arguments, check):
    return json.loads(run_guard_command("explain", "--format", "json", *arguments, check=check).stdout)


@pytest.fixture
def config_file(tmp_path):
    def write(server=None, **more):
        config = {"servers": [{"name": "shop", "listen": "127.0.0.1:6432",
                               "upstream": {"addresses": ["127.0.0.1:5432"], "tls": "disable"},
                               "migrators": [{"user": "deploy"}], **(server or {})}],
                  "audit": {"file": str(tmp_path / "audit.jsonl")}, **more}
        file = tmp_path / "guard.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return str(file)
    return write


@pytest.mark.parametrize("sql, status, verdict, classes", [
    ("SELECT 1", 0, "allow", ["query"]),
    ("BEGIN; INSERT INTO t VALUES (1); COMMIT", 0, "allow", None),
    ("CREATE TEMP TABLE mine (a int)", 0, "allow", ["temporary"]),
    ("ALTER TABLE services ADD COLUMN price int", 2, "block", ["schema"]),
    ("SELECT 1 AS a INTO t", 2, "block", None),
    ("GRANT ALL ON t TO PUBLIC", 2, "block", ["access"]),
    ("DROP DATABASE shop", 2, "block", ["cluster"]),
    ("TRUNCATE t", 0, "log", ["destructive"]),
    ("DELETE FROM pg_catalog.pg_class", 2, "block", None),
    ("DROP TABL t", 3, "block", None),
])
def test_explain_says_what_would_happen(sql, status, verdict, classes):
    answer = explain("--user", "app", sql, check=status)
    assert answer["verdict"] == verdict
    for statement in answer["statements"]:
        assert {"class", "command", "objects", "changes", "verdict", "rule", "reason"} <= statement.keys()
    if classes:
        assert answer["statements"][0]["class"] == classes


def test_explain_reads_standard_input_and_is_readable():
    result = run_guard_command("explain", "-", input="ALTER TABLE services ADD COLUMN price int", check=2)
    assert "ALTER TABLE services blocked: schema changes are for migrators only" in result.stdout
    assert "add_column services.price integer" in result.stdout
    assert "hint" in result.stdout


@pytest.mark.parametrize("text", ["SELECT 1" + "+1" * 60_000, "SELECT " + "(" * 100_000, "SELECT '" + "x" * 300_000 + "'",
                                  "DROP TABLE t;" * 20_000], ids=["deep", "open", "long", "many"])
def test_explain_survives_deep_and_long_texts(text):
    result = run_guard_command("explain", "--format", "json", "-", input=text)
    # No assertion on the whole answer: it would be printed, and it is as long as the text.
    assert result.returncode in (0, 2, 3)
    assert json.loads(result.stdout)["statements"]


def test_explain_with_a_configuration(config_file):
    file = config_file({"databases": {"orders": {"rules": [
        {"name": "scratch-is-free", "match": {"class": "schema", "object": "scratch.*"}, "action": "allow"},
        {"name": "soon", "match": {"change": "drop_*"}, "action": "block", "mode": "observe"}]}}})
    on_orders = ["--config", file, "--database", "shop/orders"]
    answer = explain(*on_orders, "--user", "app", "CREATE TABLE scratch.t (a int)", check=0)
    assert answer["statements"][0]["rule"] == "scratch-is-free"
    explain("--config", file, "--database", "shop/other", "--user", "app", "CREATE TABLE scratch.t (a int)", check=2)
    explain(*on_orders, "--user", "app", "CREATE TABLE t (a int)", check=2)
    # An unqualified name in search_path is certain only when the path is.
    explain(*on_orders, "--user", "app", "--search-path", "scratch", "DROP TABLE t", check=0)
    answer = explain(*on_orders, "--user", "deploy", "DROP TABLE public.t", check=0)
    assert answer["statements"][0]["would_by_rule"] == "soon"
    assert "no server" in run_guard_command("explain", "--config", file, "--database", "nowhere/x", "SELECT 1",
                                            check=1).stderr


def test_explain_carries_effects_from_statement_to_statement():
    explain("CREATE TEMP TABLE mine (a int); ALTER TABLE mine ADD b int; DROP TABLE mine", check=0)
    answer = explain("CREATE TEMP TABLE mine (a int); DROP TABLE mine; ALTER TABLE mine ADD b int", check=2)
    assert [statement["verdict"] for statement in answer["statements"]] == ["allow", "allow", "block"]
    explain("PREPARE p AS SELECT 1; EXECUTE p", check=0)
    explain("PREPARE p AS SELECT 1 AS a INTO t; EXECUTE p", check=2)
    explain("EXECUTE p", check=0)  # nobody prepared it: the server rejects it


def test_policy_show_prints_every_rule_in_order(config_file):
    file = config_file({"rules": [{"name": "first", "match": {"class": "schema"}, "action": "log"}]})
    shown = json.loads(run_guard_command("policy", "show", "--config", file, "--format", "json", check=0).stdout)
    names = [rule["name"] for rule in shown["rules"]]
    assert names[0] == "first" and names[-1] == "builtin/everything-else"
    assert shown["rules"][0]["origin"] == f"{file}:11"
    assert shown["migrators"] == [{"user": "deploy", "from": []}]
    text = run_guard_command("policy", "show", "--config", file, check=0).stdout
    assert text.startswith(f"version {shown['version']}\n")
    assert f"1. first: log class schema [{file}:11]" in text


def test_check_config_names_the_line(tmp_path, config_file):
    assert "good" in run_guard_command("check-config", config_file(), check=0).stdout
    assert "this key has no effect" in run_guard_command("check-config", config_file(store={"sqlite": "x"})).stdout
    bad = tmp_path / "bad.yaml"
    bad.write_text("servers: 3\nworkes: 2\n", encoding="utf-8")
    errors = run_guard_command("check-config", bad, check=1).stderr
    assert f"{bad}:1: servers" in errors
    assert f'{bad}:2: "workes": unknown key; did you mean workers?' in errors


@pytest.fixture(scope="module")
def trusting(scratch):
    """A server whose pg_hba.conf the tests rewrite."""
    server = servers.PostgresServer(scratch / "trusting")
    yield server
    server.stop()


def rewrite_doors(server, *lines):
    # The superuser keeps his own way in; the probe never tries that name.
    server.stop()
    (server.data / "pg_hba.conf").write_text("host all postgres 127.0.0.1/32 scram-sha-256\n" + "\n".join(lines) + "\n",
                                             encoding="utf-8")
    server.start()


def probe(config_file, port, check, upstream=None, **server):
    server["upstream"] = {"addresses": [f"127.0.0.1:{port}"], "tls": "disable", **(upstream or {})}
    return run_guard_command("check-config", "--probe", config_file(server, timeouts={"connect": "5s"}),
                             check=check).stdout


def test_probe_is_content_with_a_server_that_asks(config_file, postgres):
    out = probe(config_file, postgres.port, 0, databases={"shop": {}})
    assert "as deploy into shop: asks for a proof" in out
    assert "OPEN" not in out


def test_probe_finds_a_server_that_trusts_the_address(config_file, trusting):
    rewrite_doors(trusting, "host all all 127.0.0.1/32 trust")
    out = probe(config_file, trusting.port, 2)
    assert "lets user schemaguard_probe_nobody into database postgres without a password" in out
    assert "anybody can log in as that user" in out


def test_probe_finds_a_door_for_the_migrator_only(config_file, trusting):
    rewrite_doors(trusting, "host shop deploy 127.0.0.1/32 trust", "host all all 127.0.0.1/32 scram-sha-256")
    out = probe(config_file, trusting.port, 2, databases={"shop": {}})
    assert "as deploy into shop: OPEN" in out
    assert "as schemaguard_probe_nobody into shop: asks for a proof" in out


def test_probe_logs_in_as_the_guard(config_file, postgres, tmp_path):
    password = tmp_path / "password"
    password.write_text("reader\n", encoding="utf-8")
    out = probe(config_file, postgres.port, 0, guard_login={"user": "reader", "password_file": str(password)})
    assert "guard_login at 127.0.0.1" in out and f"PostgreSQL {servers.major_version()}" in out and "primary" in out
    password.write_text("wrong-secret\n", encoding="utf-8")
    out = probe(config_file, postgres.port, 1, guard_login={"user": "reader", "password_file": str(password)})
    assert "FAILED" in out and "wrong-secret" not in out


def test_probe_over_tls(config_file, scratch, tmp_path):
    directory = scratch / "with-tls"
    directory.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", tmp_path / "key", "-out",
                    tmp_path / "certificate"], check=True, capture_output=True)
    server = servers.PostgresServer(directory / "server")
    try:
        for name in ("key", "certificate"):
            target = server.data / name
            target.write_bytes((tmp_path / name).read_bytes())
            target.chmod(0o600)
            subprocess.run(["chown", "--reference", server.data, target], check=True)
        server.query("ALTER SYSTEM SET ssl_cert_file = 'certificate'", "postgres")
        server.query("ALTER SYSTEM SET ssl_key_file = 'key'", "postgres")
        server.query("ALTER SYSTEM SET ssl = on", "postgres")
        (server.data / "pg_hba.conf").write_text("hostnossl all all 127.0.0.1/32 scram-sha-256\n"
                                                 "hostssl all deploy 127.0.0.1/32 trust\n"
                                                 "hostssl all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8")
        server.stop()
        server.start()
        ca = str(tmp_path / "certificate")
        assert "OPEN DOOR" not in probe(config_file, server.port, 0)
        for upstream in ({"tls": "require"}, {"tls": "prefer"}, {"tls": "verify-full", "ca": ca}):
            assert "as deploy into postgres: OPEN" in probe(config_file, server.port, 2, upstream)
        # A certificate that nobody vouches for: no login is tried.
        assert "unreachable" in probe(config_file, server.port, 1, {"tls": "verify-full"})
    finally:
        server.stop()


def test_probe_does_not_wait_for_ever(config_file):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        silent = {"addresses": [f"127.0.0.1:{listener.getsockname()[1]}"], "tls": "disable"}
        file = config_file({"upstream": silent}, timeouts={"connect": "300ms"})
        assert "unreachable (no answer in time)" in run_guard_command("check-config", "--probe", file, check=1).stdout


@pytest.mark.parametrize("answer", [b"", b"R\xff\xff\xff\xff", b"E\0\0\0\x05\0", b"R\0\0\0\x04", b"HTTP/1.1 400 Bad\r\n"])
def test_probe_survives_what_is_no_server(config_file, answer):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve():
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(1000)
                    connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        result = run_guard_command("check-config", "--probe", config_file(
            {"upstream": {"addresses": [f"127.0.0.1:{listener.getsockname()[1]}"], "tls": "disable"}}))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
        assert result.returncode in (0, 1), result
        assert "OPEN" not in result.stdout


def test_the_configuration_in_the_readme_is_accepted(tmp_path):
    readme = (servers.REPOSITORY / "README.md").read_text(encoding="utf-8")
    blocks = [block.split("```")[0] for block in readme.split("```yaml\n")[1:]]
    whole = [yaml.load(block, yaml.BaseLoader) for block in blocks]  # "off" stays the word that it is
    smallest, config = (block for block in whole if "servers" in block)
    file = tmp_path / "smallest.yaml"
    file.write_text(yaml.safe_dump(smallest), encoding="utf-8")
    run_guard_command("check-config", file, check=0)
    rules = next(block for block in whole if "rules" in block)
    server = config["servers"][0]
    server["rules"] = rules["rules"]
    for place, key in ((server["upstream"], "ca"), (server["tls"], "certificate"), (server["tls"], "key"),
                       (server["tls"], "client_ca"), (server["guard_login"], "password_file")):
        place[key] = str(tmp_path / key)
        (tmp_path / key).write_text("x", encoding="utf-8")
    file = tmp_path / "readme.yaml"
    file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    out = run_guard_command("check-config", file, check=0).stdout
    assert "no effect" not in out and "no statement has" not in out


@pytest.mark.parametrize("arguments, words", [
    ([], ["schemaguard: a command is missing", "accepted: version, run, mode"]),
    (["frobnicate"], ['there is no command "frobnicate"', "accepted: version, run, mode"]),
    (["audit", "list"], ['schemaguard audit: there is no command "list"', "accepted: show, tail, who, report, verify"]),
    (["audit", "show"], ["schemaguard audit show: FILE is required", "`schemaguard audit show --help`"]),
    (["run", "--bogus"], ["schemaguard run: ", "--bogus"]),
    (["run", "--listen", "localhost:0", "--upstream", "db", "--workers", "0"], ['--workers: found "0"', "1 to 256"]),
    (["mode", "strict", "--database", "shop/*", "--reason", "r", "--admin", "localhost:1"], ["strict", "enforce"]),
])
def test_a_mistyped_command_could_not_run_and_says_what_is_accepted(arguments, words):
    result = run_guard_command(*arguments, check=1)
    assert result.stdout == ""
    for word in words:
        assert word in result.stderr


def test_a_call_for_help_is_no_failure():
    assert "subcommands" in run_guard_command("--help", check=0).stdout.lower()
    assert "--head" in run_guard_command("audit", "verify", "--help", check=0).stdout
