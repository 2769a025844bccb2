"""A real MariaDB as the oracle of the statement reader.

Whatever a statement changes in the catalog must have been called a change, of that object; whatever the server takes
for N statements must be read as N statements. The statements stand in definitions.corpus.
"""
import json
import pathlib
import subprocess

import pymysql
import pytest

from mariadb_server import MariaDbServer
from servers import BINARY

CORPUS = pathlib.Path(__file__).with_name("definitions.corpus")
STATEMENTS = [line for line in CORPUS.read_text(encoding="utf-8").splitlines() if line and not line.startswith("--")]

FIXTURE = """
CREATE DATABASE d;
USE d;
CREATE TABLE p (id INT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE t (id INT PRIMARY KEY, name VARCHAR(20) DEFAULT 'n', body TEXT, INDEX i (name)) ENGINE=InnoDB;
CREATE TABLE c (id INT, CONSTRAINT fk FOREIGN KEY (id) REFERENCES p (id)) ENGINE=InnoDB;
CREATE TABLE v1 (a INT) WITH SYSTEM VERSIONING;
CREATE TABLE parts (a INT, b INT) PARTITION BY RANGE (a)
  (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
CREATE TABLE swap (a INT, b INT);
CREATE VIEW w1 AS SELECT 1 AS x;
CREATE PROCEDURE pr() DROP TABLE c;
CREATE FUNCTION fu() RETURNS INT RETURN 1;
CREATE TRIGGER tr BEFORE UPDATE ON t FOR EACH ROW SET NEW.name = 'y';
CREATE EVENT ev ON SCHEDULE EVERY 1 DAY DO DELETE FROM swap;
CREATE SEQUENCE s1;
CREATE USER al;
CREATE ROLE ro
"""
CLEANING = ("DROP DATABASE IF EXISTS d; DROP DATABASE IF EXISTS n; DROP DATABASE IF EXISTS comment; DROP USER IF EXISTS al, bl, n, 'n'@'10.%';"
            " DROP ROLE IF EXISTS ro, n; DROP SERVER IF EXISTS n")
CHANGING = {"schema", "access", "cluster", "opaque"}


@pytest.fixture(scope="module")
def mariadb(scratch):
    server = MariaDbServer(scratch / "mariadb")
    yield server
    server.stop()


def run_all(connection, text):
    """Runs a text as one packet; the number of results that came back, an error counts as the last one."""
    with connection.cursor() as cursor:
        cursor.execute(text)
        results = 1
        while cursor.nextset():
            results += 1
        return results


@pytest.fixture(scope="module")
def fixture_catalog(mariadb):
    """What the catalog says before each test: the fixture is always made in the same way."""
    with mariadb.connect() as connection:
        run_all(connection, CLEANING)
        run_all(connection, FIXTURE)
    return mariadb.catalog()


@pytest.fixture
def database(mariadb):
    with mariadb.connect() as connection:
        run_all(connection, CLEANING)
        run_all(connection, FIXTURE)
    with mariadb.connect("d") as connection:
        yield connection


def explain(text, version):
    command = [BINARY, "explain", "--engine", "mysql", "--server-version", version, "--format", "json", "-"]
    result = subprocess.run(command, input=text, capture_output=True, text=True, timeout=60)
    assert result.returncode in (0, 2, 3), result.stderr
    return json.loads(result.stdout)["statements"]


def changed_objects(before, after):
    """Both as MariaDbServer.catalog() reads them."""
    return {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}


def named_in(statements):
    """Every name that the facts give: of objects, tables of indexes, new names; without their schema."""
    names = set()
    for statement in statements:
        names.update(statement["objects"])
        for change in statement["changes"]:
            names.update(change[key]["name"] for key in ("object", "relation") if "name" in change.get(key, {}))
            names.update(change[key] for key in ("new_name", "member") if key in change)
    return {name.split("@")[0].rpartition(".")[2] for name in names}


def acceptable_names(key, descriptions):
    """What facts may call a changed object: a trigger goes with its table, an account is found by user or role."""
    kind, schema, name = key
    if kind in ("database", "account"):
        return {schema, name}
    if kind == "trigger":
        return {name} | {description[-1] for description in descriptions}
    return {name}


@pytest.mark.parametrize("text", STATEMENTS)
def test_no_change_without_a_verdict(mariadb, fixture_catalog, database, text):
    before = fixture_catalog
    accepted = True
    try:
        run_all(database, text)
    except pymysql.Error as error:
        accepted = error.args[0] != 1064
    after = mariadb.catalog()
    changed = changed_objects(before, after)
    statements = explain(text, mariadb.version)
    classes = {name for statement in statements for name in statement["class"]}
    if not changed:
        if accepted:
            assert "unread" not in classes, statements
        return
    assert classes & CHANGING, f"{text!r} changed {changed} and was read as {classes}"
    dropped_database = ("database", "d", "") in changed
    if "opaque" in classes or dropped_database:
        return
    names = named_in(statements)
    for key in changed:
        descriptions = before.get(key, set()) | after.get(key, set())
        assert acceptable_names(key, descriptions) & names, f"{text!r} changed {key}, facts name {names}"


@pytest.mark.parametrize("text, count", [
    ("select 1; select 2", 2),
    ("select ';' as a; select `;` from (select 1 as `;`) x", 2),
    ("select 1 /* ; */; select 2 # ;\n; select 3 -- ;\n", 3),
    ("/*! select 1 */; select 2", 2),
    ("/*!99999 select 1; */ select 2; select 3", 2),
    ("set sql_mode='NO_BACKSLASH_ESCAPES'; select '\\'; select 1 as `'`", 3),
    ("select '\\'; select 1; -- '", 1),
    ("set sql_mode='ANSI_QUOTES'; select \"id\" from t; select 2", 3),
    ("create procedure n() begin select 1; select 2; end; select 3", 2),
    ("create procedure n() select 1; select 3", 2),
    ("create function n() returns int return if(1, 2, 3); select 1", 2),
    ("create trigger n before insert on t for each row begin set @a = 1; set @b = 2; end; select 1", 2),
    ("create event n on schedule every 1 day do begin set @a = 1; set @b = 2; end; select 1", 2),
    ("create procedure n() l: begin if 1 then select 1; end if; case 1 when 1 then select 2; end case; end l; select 3", 2),
    ("begin not atomic declare x int default 1; set x = case x when 1 then 2 end; end; select 1", 2),
    ("if 1 then set @a = 1; set @b = 2; end if; select 1", 2),
    ("begin; select 1; commit", 3),
    ("set @a = 1; /*!50701 select 1; */ select 2;", 2),
])
def test_as_many_statements_as_the_server_runs(mariadb, database, text, count):
    assert run_all(database, text) == count
    assert len(explain(text, mariadb.version)) == count
