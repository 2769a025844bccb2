"""MariaDB's own test-suite: through the observing guard every test prints what it prints directly.

Two equal servers play the same tests in the same order, one directly and one behind the guard.
"""
import difflib
import pathlib
import shutil
import tempfile

import pymysql
from mariadb_server import MariaDbServer
from protected_server import MYSQL_BIN
from server_suite import SERVER_SETTINGS, SKIPPED, SuitePlayer

SELECTION = [f"main.{name}" for name in (
    "select", "alter_table", "prepare", "ps_ddl", "ps_1general", "change_user", "parser", "comments", "signal", "rename",
    "lock", "case", "sql_mode", "ansi", "keywords", "truncate", "union", "subselect", "sp", "trigger", "view",
    "multi_update", "cte_recursive", "win", "func_json", "func_str", "ctype_gbk", "ctype_sjis", "ctype_latin1",
    "temp_table", "handler", "loaddata", "user_var", "create")]

# What may differ, and why.
DIFFERENT = {
    "main.change_user": "logs in with a password hash from before 4.1 (mysql_old_password), which is not relayed",
}


class SuiteServer:
    """A server with the suite's settings, in memory where the machine has room: the tests write a lot."""

    def __init__(self):
        memory = pathlib.Path("/dev/shm")
        roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-suite-", dir=memory if roomy else None))
        self.directory.chmod(0o755)
        self.server = MariaDbServer(self.directory / "server", SERVER_SETTINGS)

    def player(self, port=None):
        return SuitePlayer(port or self.server.port, self.directory / "variables", self.server.data)

    def clean(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            try:
                cursor.execute("DROP DATABASE IF EXISTS test")
            except pymysql.Error:  # files that a test has left there
                shutil.rmtree(self.server.data / "test")
            cursor.execute("CREATE DATABASE test")

    def stop(self):
        self.server.stop()
        shutil.rmtree(self.directory, ignore_errors=True)


def play_both(names, mysql_guards):
    """The names of those that print something else behind the guard, and how many were played."""
    direct, guarded = SuiteServer(), SuiteServer()
    try:
        guard = mysql_guards("observe", upstream=guarded.server.port)
        players = [direct.player(), guarded.player(guard.port)]
        different, played = [], 0
        for name in names:
            for _ in range(2):  # some tests show what depends on time or on samples: a difference has to come back
                direct.clean()
                guarded.clean()
                first, second = (player.record(name) for player in players)
                if first == second:
                    break
                print(name, *difflib.unified_diff(first.text.splitlines(), second.text.splitlines(), n=2, lineterm=""), sep="\n")
            else:
                different.append(name)
            played += first.status != SKIPPED
        return different, played
    finally:
        direct.stop()
        guarded.stop()


def test_suite_prints_the_same_through_the_guard(mysql_guards):
    if MYSQL_BIN:
        return  # the suite is MariaDB's
    different, played = play_both(SELECTION, mysql_guards)
    print(f"{played} of {len(SELECTION)} tests played, {len(different)} different: {' '.join(different)}")
    assert played > len(SELECTION) / 2
    assert [name for name in different if name not in DIFFERENT] == []
