"""The commands that need no running guard, for MySQL and MariaDB: explain, policy show, check-config with its probe of a
real MariaDB."""
import json
import socket

import pytest
import yaml

from mariadb_server import MariaDbServer
from protected_server import make_certificate
from servers import run_guard_command


@pytest.fixture(scope="module")
def doors(scratch):
    """A MariaDB with accounts of every kind: closed, open, bound to other hosts."""
    server = MariaDbServer(scratch / "mariadb-doors")
    with server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER guard@'127.0.0.1' IDENTIFIED BY 'looks', guard@localhost IDENTIFIED BY 'looks',"
                       " app@'%' IDENTIFIED BY 'app', far@'10.1.%' IDENTIFIED BY 'x', near@'10.1.%' IDENTIFIED BY 'x',"
                       " near@'%' IDENTIFIED BY 'x', open@'%'")
        cursor.execute("GRANT SELECT ON mysql.* TO guard@'127.0.0.1', guard@localhost")
    yield server
    server.stop()


@pytest.fixture
def config_file(tmp_path):
    def write(address="127.0.0.1", **server):
        config = {"servers": [{"name": "shop", "engine": "mysql", "listen": "127.0.0.1:6446",
                               "upstream": {"addresses": [str(address)], "tls": "disable"},
                               "migrators": [{"user": "deploy"}], **server}],
                  "audit": {"file": str(tmp_path / "audit.jsonl")}, "timeouts": {"connect": "5s"}}
        file = tmp_path / "guard.yaml"
        file.write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
        return str(file)
    return write


def explain(*arguments, check):
    return json.loads(run_guard_command("explain", "--format", "json", *arguments, check=check).stdout)


@pytest.mark.parametrize("sql, status, reason", [
    ("SELECT 1", 0, ""),
    ("SET NAMES utf8mb4, sql_mode = 'ANSI'", 0, ""),
    ("ALTER TABLE users ADD c int", 2, "not_sanctioned"),
    ("/*!80000 DROP TABLE t */", 2, "not_sanctioned"),
    ("LOAD DATA LOCAL INFILE 'x' INTO TABLE t", 2, "local_infile"),
    ("SET GLOBAL event_scheduler = 1", 2, "cluster_change"),
    ("SELECT '\\'; DROP TABLE t; -- '", 0, ""),
    ("FROBNICATE t", 3, "unread"),
])
def test_explain_without_a_configuration(sql, status, reason):
    answer = explain("--engine", "mysql", sql, check=status)
    assert answer["statements"][-1]["reason"] == reason


def test_explain_reads_as_the_flags_say():
    text = "SELECT '\\'; DROP TABLE t; -- '"
    explain("--engine", "mysql", "--sql-mode", "NO_BACKSLASH_ESCAPES", text, check=2)
    explain("--engine", "mysql", "--server-version", "10.11.6-MariaDB", "/*!80000 DROP TABLE t */", check=0)
    explain("--engine", "mysql", "--server-version", "8.4.3", "/*!80000 DROP TABLE t */", check=2)
    explain("--engine", "mysql", "--character-set", "gbk", "SELECT 'é'", check=3)
    assert "no such character set" in run_guard_command("explain", "--engine", "mysql", "--character-set", "x", "SELECT 1",
                                                        check=1).stderr


def test_explain_with_a_configuration(config_file):
    rule = {"name": "own-tables", "match": {"class": "schema", "object": "scratch.*"}, "action": "allow"}
    file = config_file(rules=[rule], databases={"shop": {}, "locked": {"rules": [
        {"name": "nobody", "match": {"class": "schema"}, "action": "block"}]}})
    on = ("--config", file, "--database")
    explain(*on, "shop/scratch", "ALTER TABLE t ADD c int", check=0)
    explain(*on, "shop/shop", "ALTER TABLE scratch.t ADD c int", check=0)
    explain(*on, "shop/shop", "ALTER TABLE t ADD c int", check=2)
    explain(*on, "shop/shop", "USE scratch; ALTER TABLE t ADD c int", check=0)
    explain(*on, "shop/scratch", "ALTER TABLE Scratch.t ADD c int", check=2)
    explain(*on, "shop/scratch", "--lower-case-table-names", "1", "ALTER TABLE Scratch.t ADD c int", check=0)
    # The rules of every database that is named count, whatever the default one is.
    explain(*on, "shop/scratch", "--user", "deploy", "DROP TABLE t", check=0)
    answer = explain(*on, "shop/scratch", "--user", "deploy", "DROP TABLE t, locked.t", check=2)
    assert answer["statements"][0]["rule"] == "nobody"
    assert "is mysql" in run_guard_command("explain", "--engine", "postgresql", *on, "shop/x", "SELECT 1", check=1).stderr


def test_explain_carries_effects_from_statement_to_statement():
    explain("--engine", "mysql", "--database", "/shop",
            "CREATE TEMPORARY TABLE mine (a int); ALTER TABLE shop.mine ADD b int; DROP TABLE mine", check=0)
    explain("--engine", "mysql", "--database", "/shop",
            "CREATE TEMPORARY TABLE mine (a int); DROP TABLE mine; ALTER TABLE mine ADD b int", check=2)


def test_explain_keeps_secrets():
    answer = json.dumps(explain("--engine", "mysql", "ALTER TABLE t COMMENT 'x # y', CONNECTION='mysql://u:hunter2@h'",
                                check=2))
    assert "hunter2" not in answer and "x # y" in answer


def test_policy_show_knows_the_engine():
    assert "builtin/schema" in run_guard_command("policy", "show", "--engine", "mysql", check=0).stdout


def probe(file, check):
    return run_guard_command("check-config", "--probe", file, check=check).stdout


def test_probe_is_content_with_a_server_that_asks(config_file, doors):
    out = probe(config_file(f"127.0.0.1:{doors.port}", guard_login={"user": "guard", "password_env": "GUARD_PASSWORD"}), 1)
    assert "as schemaguard_probe_nobody: asks for a proof (server 10." in out
    assert "as deploy: asks for a proof" in out
    assert "FAILED: the environment variable GUARD_PASSWORD is not set" in out
    assert "OPEN" not in out


def test_probe_logs_in_as_the_guard(config_file, doors, tmp_path):
    password = tmp_path / "password"
    login = {"user": "guard", "password_file": str(password)}
    password.write_text("looks\n", encoding="utf-8")
    out = probe(config_file(f"127.0.0.1:{doors.port}", guard_login=login), 0)
    assert "MariaDB" in out and "writable, seen as guard@" in out
    assert "no client can log in through the guard as 'far'@'10.1.%'" in out
    assert "'near'@" not in out and "'app'@" not in out
    password.write_text("wrong-secret\n", encoding="utf-8")
    out = probe(config_file(f"127.0.0.1:{doors.port}", guard_login=login), 1)
    assert "FAILED: Access denied" in out and "wrong-secret" not in out


def test_probe_finds_open_doors(config_file, doors):
    out = probe(config_file(f"127.0.0.1:{doors.port}", migrators=[{"user": "open"}]), 2)
    assert "as open: OPEN" in out
    assert "lets user open into the server without a password" in out and "unix_socket" in out


def test_probe_finds_an_anonymous_account(config_file, doors):
    with doors.connect() as connection, connection.cursor() as cursor:
        cursor.execute("CREATE USER ''@'127.0.0.1', ''@localhost")
        try:
            out = probe(config_file(f"127.0.0.1:{doors.port}"), 2)
        finally:
            cursor.execute("DROP USER ''@'127.0.0.1', ''@localhost")
    assert "as schemaguard_probe_nobody: OPEN" in out


def test_probe_through_the_socket(config_file, doors):
    out = probe(config_file(doors.directory / "socket"), 0)
    assert "as schemaguard_probe_nobody: asks for a proof" in out


def test_probe_says_what_is_not_there(config_file, doors):
    out = probe(config_file(f"127.0.0.1:{doors.port}", upstream={"addresses": [f"127.0.0.1:{doors.port}"],
                                                                 "tls": "require"}), 1)
    assert "the server does not offer TLS" in out
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        out = probe(config_file(f"127.0.0.1:{nobody.getsockname()[1]}"), 1)
    assert "unreachable (127.0.0.1:" in out and "Connection refused" in out


@pytest.mark.parametrize("tls, ca, works", [
    ("require", None, True), ("verify-ca", "own", True), ("verify-full", "own", True), ("verify-full", "strange", False),
    ("disable", None, False)])
def test_probe_over_tls(config_file, server, tmp_path, tls, ca, works):
    server.query("CREATE OR REPLACE USER over_tls@'%' IDENTIFIED BY 'looks' REQUIRE SSL"
                 if server.is_mariadb else "CREATE USER IF NOT EXISTS over_tls@'%' IDENTIFIED BY 'looks' REQUIRE SSL")
    password = tmp_path / "password"
    password.write_text("looks\n", encoding="utf-8")
    upstream = {"addresses": [f"127.0.0.1:{server.port}"], "tls": tls}
    if ca:
        upstream["ca"] = str(server.certificate if ca == "own" else make_certificate(tmp_path, "strange")[1])
    out = probe(config_file(upstream=upstream, guard_login={"user": "over_tls", "password_file": str(password)}),
                0 if works else 1)
    assert ("writable, seen as over_tls@" in out) is works, out
    door = "asks for a proof" if ca != "strange" else "unreachable"
    assert f"as schemaguard_probe_nobody: {door}" in out, out
    if ca == "strange":
        assert "certificate" in out.lower(), out
