"""Names are compared as the server compares them: lower_case_table_names, read behind each login."""
import contextlib

import pymysql
import pytest

from protected_server import start_server
from servers import run_guard_command, wait_until

RULES = [{"name": "scratch-tables", "match": {"change": ["create_table", "drop_table"], "object": "shop.scratch",
                                              "user": "app"}, "action": "allow"}]


@pytest.fixture(scope="module")
def folding(scratch):
    """A server to which Scratch and scratch are one table."""
    started = start_server(scratch / "folding-server", ["--lower-case-table-names=1"])
    yield started
    started.stop()


@pytest.fixture(scope="module", params=["exact", "folded"])
def sides(request, mysql_guards, server, folding):
    """(whether names are folded, the server, a guard in front of it)."""
    folded = request.param == "folded"
    behind = folding if folded else server
    behind.fresh_database()
    return folded, behind, mysql_guards("enforce", upstream=behind.port, server={"rules": RULES})


def refused(cursor, text):
    try:
        cursor.execute(text)
    except pymysql.OperationalError as error:
        assert error.args[0] == 1142 and "schemaguard" in error.args[1], error
        return True
    return False


def test_rules_that_allow_meet_names_as_the_server_does(sides):
    folded, server, guard = sides
    with contextlib.closing(server.connect_as("app", guard.port)) as connection, connection.cursor() as cursor:
        assert refused(cursor, "CREATE TABLE Scratch (a INT)") is not folded
        assert refused(cursor, "DROP TABLE IF EXISTS SHOP.SCRATCH") is not folded
        assert refused(cursor, "CREATE TABLE scratch (a INT)") is False
        assert refused(cursor, "DROP TABLE shop.scratch") is False
        assert refused(cursor, "CREATE TABLE scratch2 (a INT)") is True
    cases = {line.get("name_case", "") for line in guard.audit_events("statement")}
    assert cases == {"folded" if folded else ""}


def test_temporary_tables_hide_what_the_server_lets_them_hide(sides):
    folded, server, guard = sides
    server.query("DROP TABLE IF EXISTS users; CREATE TABLE users (a INT)", "shop")
    with contextlib.closing(server.connect_as("app", guard.port)) as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE Users (a INT)")
        assert refused(cursor, "DROP TABLE users") is not folded
        assert refused(cursor, "DROP TABLE users") is True, "the persistent one is what is left"
    assert "users" in server.tables()


def test_a_mode_is_set_for_the_database_however_it_is_written(sides):
    _, server, guard = sides
    with contextlib.closing(server.connect_as("app", guard.port)) as connection, connection.cursor() as cursor:
        assert refused(cursor, "CREATE TABLE another (a INT)") is True
        mode(guard, "observe", "SHOP")
        wait_until(lambda: not refused(cursor, "CREATE TABLE IF NOT EXISTS another (a INT)"), "the mode has changed")
        mode(guard, "enforce", "Shop")
        wait_until(lambda: refused(cursor, "CREATE TABLE IF NOT EXISTS another (a INT)"), "the mode has changed back")


def mode(guard, name, database):
    run_guard_command("mode", name, "--database", f"shop/{database}", "--reason", "a test", "--config",
                      guard.config_file, check=0)
