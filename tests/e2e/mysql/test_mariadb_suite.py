"""MariaDB's own test-suite: through the guard every test prints what it prints directly.

`make test` plays a selection through an observing guard. `make test-long` plays all of main and a part of the other
suites, then parts of them with prepared statements and through an enforcing guard to which everybody is a migrator. The
audit of an observing guard also tells the false alarms: texts that it could not read and that the server could.
"""
import collections
import os
import time

import pytest

from protected_server import MYSQL_BIN
from suite_comparison import (DIFFERENT, ENFORCING, EQUAL, MIGRATORS, OBSERVING, VOLATILE, AuditReader, TwoWays,
                              selected)

LONG = bool(os.environ.get("SCHEMAGUARD_LONG"))
SELECTION = [f"main.{name}" for name in (
    "select", "alter_table", "prepare", "ps_ddl", "ps_1general", "change_user", "parser", "comments", "signal", "rename",
    "lock", "case", "sql_mode", "ansi", "keywords", "truncate", "union", "sp", "trigger", "view",
    "multi_update", "cte_recursive", "win", "func_json", "func_str", "ctype_gbk", "ctype_sjis", "ctype_latin1",
    "temp_table", "handler", "loaddata", "user_var", "create")]
OTHER_SUITES = ("funcs_1", "compat/oracle", "json", "period", "versioning", "roles", "sql_sequence", "gcol", "vcol", "heap",
                "handler", "csv", "archive", "client", "maria", "parts", "sys_vars", "engines/funcs", "innodb_gis", "jp")

# What may differ, and why.
DIFFERS = {
    "main.mysqltest_tracking_info": "shows session_track_system_variables, to which the guard adds",
    "main.nested_profiling": "profiles all statements of all sessions, the guard's own among them",
    "main.userstat-badlogin-4824": "counts the bytes that the server received, those of the guard's own statement too",
}
# Why a text is refused though the server can read it: the README says so of character sets like these.
UNREAD_BY_DESIGN = {"unsafe_encoding", "uncertain_byte", "nul_byte"}


class Play:
    """Plays tests one after the other, and says aloud how far it has come. Ends early when `minutes` are over."""

    def __init__(self, guards, say, mode="observe", options=()):
        keywords = {"server": ENFORCING if mode == "enforce" else OBSERVING, "migrators": MIGRATORS}
        self.ways = TwoWays(lambda upstream: guards(mode, upstream=upstream, **keywords), options)
        self.audit = AuditReader(self.ways.guard)
        self.say = say
        self.names = collections.defaultdict(list)

    def run(self, names, minutes, seconds_max=60):
        started = said = time.monotonic()
        try:
            for number, name in enumerate(names):
                now = time.monotonic()
                if now - started > minutes * 60:
                    self.say(f"the time is over: {len(names) - number} of {len(names)} tests were not played")
                    break
                if now - said > 20:
                    said = now
                    self.say(f"{number} of {len(names)} tests of MariaDB's suite, now {name}: {self.figures()}")
                comparison = self.ways.compare(name, seconds_max)
                self.names[comparison.outcome].append(name)
                if comparison.outcome in (DIFFERENT, VOLATILE):
                    print(comparison, *comparison.explanation[:60], sep="\n")
        finally:
            self.ways.stop()
        self.say(f"{len(names)} tests of MariaDB's suite: {self.figures()}")
        for outcome in sorted(self.names.keys() - {EQUAL}):
            print(outcome, *self.names[outcome])

    def figures(self):
        return ", ".join(f"{len(names)} {outcome}" for outcome, names in sorted(self.names.items()))

    def check(self, equal_min):
        assert [name for name in self.names[DIFFERENT] if name not in DIFFERS] == []
        assert len(self.names[EQUAL]) > equal_min
        assert len(self.names[VOLATILE]) <= 2 + len(self.names[EQUAL]) / 50

    def false_alarms(self):
        """Statements that the guard could not read and the server has run."""
        self.audit.news()
        for (reason, detail), count in self.audit.counted().most_common():
            self.say(f"{count} statements would be refused to migrators: {reason} {detail}")
        unread = [line for line in self.audit.refusals.values() if line["reason"] == "unread"]
        return [line["statement"] for line in unread
                if line.get("became") == "committed" and line["facts"]["unread_reason"] not in UNREAD_BY_DESIGN]


@pytest.fixture
def say(capsys):
    def aloud(text):
        with capsys.disabled():
            print(f"\n  {text}", end="", flush=True)
    return aloud if LONG else print


def test_suite_prints_the_same_through_the_guard(mysql_guards, say):
    if MYSQL_BIN:
        return  # the suite is MariaDB's
    play = Play(mysql_guards, say)
    if LONG:
        play.run([*selected(["main"]), *selected(OTHER_SUITES, every=4)], minutes=15)
    else:
        play.run(SELECTION, minutes=10, seconds_max=120)
    play.check(equal_min=100 if LONG else len(SELECTION) / 2)
    assert play.false_alarms() == []


@pytest.mark.parametrize("mode, option", [("observe", "--ps-protocol"), ("observe", "--cursor-protocol"), ("enforce", "")])
def test_part_of_the_suite(mode, option, mysql_guards, say):
    """With prepared statements, with cursors, and in enforce mode, where a test may end at a text that was not read."""
    if MYSQL_BIN or not LONG:
        return
    play = Play(mysql_guards, say, mode, [option] if option else [])
    play.run(selected(["main", *OTHER_SUITES], every=9), minutes=3)
    play.check(equal_min=20)
