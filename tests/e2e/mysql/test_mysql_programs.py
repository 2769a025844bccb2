"""Command line clients, dumps and sysbench: direct and through the guard they do and print the same."""
import os
import pathlib
import re
import subprocess

import pytest

import servers
from protected_server import MYSQL_BIN, client_program

SCRIPTS = sorted((pathlib.Path(__file__).parent / "sql").glob("*.sql"))


def run(program, port, *arguments, user="app", check=True, **keywords):
    """One of the server's client programs, logged in at `port`; its output."""
    command = [client_program(program), "--no-defaults", "--host=127.0.0.1", f"--port={port}", f"--user={user}", *arguments]
    result = subprocess.run(command, env=dict(os.environ, MYSQL_PWD=user, LC_ALL="C.UTF-8"), capture_output=True,
                            text=True, errors="replace", timeout=300, **keywords)
    assert not check or result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


def script_output(port, script, arguments):
    """Of the client, without the seconds that it prints."""
    with open(script, encoding="utf-8") as source:
        output = run("mariadb", port, "--force", *arguments, "played", stdin=source, check=False)
    return re.sub(r"\(\d+\.\d+ sec\)|\d+\.\d+ sec", "(time)", output).splitlines()


@pytest.mark.parametrize("arguments", [["--batch", "-vv"], ["--table", "-vvv", "--show-warnings"], ["--quick", "--vertical"],
                                       ["--xml", "--comments", "--binary-as-hex"]], ids=lambda arguments: arguments[0])
@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_script_prints_the_same(script, arguments, server, observing):
    outputs = []
    for port in (server.port, observing.port):
        server.fresh_database("played")
        outputs.append(script_output(port, script, arguments))
    assert len(outputs[0]) > 30
    assert outputs[1] == outputs[0]


def prepare_a_database(server, name):
    server.fresh_database(name)
    server.query("""
        CREATE TABLE parent (id INT PRIMARY KEY, name VARCHAR(60) DEFAULT 'it''s', data BLOB, at TIMESTAMP(3)) COMMENT 'x';
        CREATE TABLE child (id INT AUTO_INCREMENT PRIMARY KEY, parent INT, FOREIGN KEY (parent) REFERENCES parent (id));
        INSERT INTO parent VALUES (1, 'one', x'00275cff0a', '2024-01-01'), (2, 'zwei ä 漢', NULL, '2024-01-02');
        INSERT INTO child (parent) VALUES (1), (1), (2);
        CREATE VIEW seen AS SELECT p.name, c.id FROM parent p JOIN child c ON c.parent = p.id;
        CREATE FUNCTION twice(n INT) RETURNS INT DETERMINISTIC RETURN n * 2;
        CREATE PROCEDURE work() BEGIN SELECT 1; SELECT 2; END;
        CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY STARTS '2030-01-01' DO DELETE FROM child WHERE id < 0""", name)
    # By itself: MySQL 9.7 takes the semicolon behind it for a part of its text, which then cannot be restored.
    server.query("CREATE TRIGGER before_child BEFORE INSERT ON child FOR EACH ROW SET NEW.parent = COALESCE(NEW.parent, 1)",
                 name)
    server.query(f"INSERT INTO parent SELECT id + 10 * n, CONCAT(name, n), data, at FROM parent, ({numbers(400)}) AS k", name)


def numbers(count):
    return f"WITH RECURSIVE k AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM k WHERE n < {count}) SELECT n FROM k"


DUMP = ["--routines", "--events", "--triggers", "--skip-dump-date", "--hex-blob",
        *(["--set-gtid-purged=OFF"] if MYSQL_BIN else [])]


def dump(port, name, *more):
    output = run("mariadb-dump", port, *DUMP, *more, name)
    return "\n".join(line for line in output.splitlines() if not line.startswith("-- Host:"))


@pytest.mark.parametrize("more", [[], ["--single-transaction", "--quick"], ["--lock-all-tables", "--skip-extended-insert"],
                                  ["--xml"], ["--opt", "--complete-insert", "--order-by-primary"]],
                         ids=lambda more: "".join(more) or "plain")
def test_dump_is_the_same(more, server, observing, enforcing):
    prepare_a_database(server, "dumped")
    expected = dump(server.port, "dumped", *more)
    assert "漢" in expected
    assert dump(observing.port, "dumped", *more) == expected
    assert dump(enforcing.port, "dumped", *more) == expected


def test_dump_is_restored_through_the_guard(server, observing, enforcing):
    prepare_a_database(server, "dumped")
    text = dump(server.port, "dumped")
    for port, user in ((observing.port, "app"), (enforcing.port, "deploy")):
        server.fresh_database("restored")
        run("mariadb", port, "restored", input=text, user=user)
        assert re.sub(r"([`']|Database: )restored", r"\1dumped", dump(server.port, "restored")) == text


@pytest.mark.parametrize("arguments", [[], ["--force"]], ids=["stops at the error", "goes on"])
def test_dump_into_a_live_database_leaves_it_alone(arguments, server, enforcing):
    prepare_a_database(server, "dumped")
    text = dump(server.port, "dumped")
    server.query("DELETE FROM child; DELETE FROM parent WHERE id > 2; UPDATE parent SET name = 'live'", "dumped")
    before = dump(server.port, "dumped")
    output = run("mariadb", enforcing.port, *arguments, "dumped", input=text, check=False)
    assert "schemaguard: " in output
    assert dump(server.port, "dumped") == before


@pytest.mark.parametrize("program, arguments", [
    ("mariadb-admin", ["ping"]), ("mariadb-admin", ["--silent", "flush-tables"]), ("mariadb-show", ["dumped"]),
    ("mariadb-show", ["dumped", "parent"]), ("mariadb-check", ["dumped"]), ("mariadb-check", ["--analyze", "dumped"]),
    ("mariadb-slap", ["--query=SELECT 1", "--create-schema=dumped", "--iterations=3", "--concurrency=2", "--silent"]),
])
def test_program_works_as_it_does_directly(program, arguments, server, observing):
    prepare_a_database(server, "dumped")
    assert run(program, observing.port, *arguments) == run(program, server.port, *arguments)


def test_import_of_a_local_file(server, observing, tmp_path):
    prepare_a_database(server, "dumped")
    file = tmp_path / "parent.txt"
    file.write_text("".join(f"{n}\tname {n}\t\\N\t2024-01-01\n" for n in range(10_000, 60_000)), encoding="utf-8")
    outputs = []
    for port in (server.port, observing.port):
        server.query("DELETE FROM parent WHERE id >= 10000", "dumped")
        outputs.append(run("mariadb-import", port, "--local", "dumped", str(file)))
        assert server.query("SELECT COUNT(*), MAX(name) FROM parent WHERE id >= 10000", "dumped") == [(50000, "name 59999")]
    assert outputs[0] == outputs[1]


# sysbench

def sysbench(port, load, *arguments, database="benched"):
    command = [servers.find_program("sysbench"), load, "--db-driver=mysql", "--mysql-host=127.0.0.1",
               f"--mysql-port={port}", "--mysql-user=app", "--mysql-password=app", f"--mysql-db={database}", "--tables=2",
               "--table-size=500", "--rand-seed=7", *arguments]
    result = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def prepared_tables(server, observing):
    """sysbench fills its tables differently each time: one filling is copied for every run."""
    server.fresh_database("bench_origin")
    sysbench(observing.port, "oltp_read_write", "prepare", database="bench_origin")

    def copy():
        server.fresh_database("benched")
        server.query("".join(f"CREATE TABLE sbtest{n} LIKE bench_origin.sbtest{n};"
                             f"INSERT INTO sbtest{n} SELECT * FROM bench_origin.sbtest{n};" for n in (1, 2)), "benched")
    return copy


def contents(server):
    return [server.query(f"SELECT COUNT(*), SUM(CRC32(CONCAT(id, k, c, pad))) FROM sbtest{n}", "benched") for n in (1, 2)]


@pytest.mark.parametrize("mode", ["auto", "disable"])
@pytest.mark.parametrize("load", ["oltp_point_select", "oltp_read_write", "oltp_insert"])
def test_sysbench_leaves_the_same_tables(load, mode, server, observing, enforcing, prepared_tables):
    found = []
    for port in (server.port, observing.port, enforcing.port):
        prepared_tables()
        sysbench(port, load, "--events=300", "--time=0", "--threads=1", f"--db-ps-mode={mode}", "run")
        found.append(contents(server))
    assert found[1] == found[0] and found[2] == found[0]


@pytest.mark.parametrize("mode", ["auto", "disable"])
def test_sysbench_with_many_threads(mode, observing, prepared_tables):
    prepared_tables()
    sysbench(observing.port, "oltp_read_write", "--events=2000", "--time=0", "--threads=16", "--mysql-ignore-errors=all",
             f"--db-ps-mode={mode}", "run")
