"""Which tests of MariaDB's suite can be played at a server that is running already, told from their files alone.

A test is left out when its files ask for what an external server has not: settings of its own, a restart or a kill,
replication or a binary log, a build for debugging, an hour of time; and when the suite itself has disabled it. There is
no list of names here. What a test finds missing while it runs (a plugin, a character set, Windows) it says itself, by
the exit status for "skipped".
"""
import functools
import pathlib
import re

SUITE = pathlib.Path("/usr/share/mysql/mysql-test")
# Files beside a test that have the suite start its server with other settings, or run a program before.
OWN_SETTINGS = (".opt", "-master.opt", "-slave.opt", ".cnf", ".sh", "-master.sh", "-slave.sh")
# What shows, in a test's commands or in the names of its files, that it asks for something else.
FOREIGN_NEEDS = {
    "restarts or kills the server": ("start_mysqld", "shutdown_mysqld", "kill_mysqld", "shutdown_server", "kill_and_restart",
                                     "expect_crash", "crash_mysqld", "\nshutdown;", "$mysqld ", "$mysqld_cmd",
                                     "$mysqld_bootstrap_cmd"),
    "replication or binary log": ("master-slave", "include/rpl_", "have_log_bin", "have_binlog_format", "show_binlog_events",
                                  "have_wsrep", "include/galera_", "master_pos_wait", "have_semisync"),
    "debugging build": ("have_debug", "debug_dbug"),
    "big or long": ("big_test.inc", "long_test.inc"),
    "another account of the system": ("not_as_root",),
}
SOURCE = re.compile(r"^\s*(?:--)?\s*source\s+([^\s;]+)", re.MULTILINE | re.IGNORECASE)


@functools.cache
def folder_of(suite):
    for folder in (SUITE / suite, SUITE / "suite" / suite / "t", SUITE / "suite" / suite):
        if any(folder.glob("*.test")):
            return folder
    raise AssertionError(f"the suite has no tests in {suite}")


def path_of(name):
    suite, _, test = name.rpartition(".")
    return folder_of(suite) / f"{test}.test"


@functools.cache
def read_in(path):
    """What a file asks for that an external server has not, and the names of the files that it reads in with `source`."""
    lines = path.read_text(encoding="latin-1").splitlines()
    text = "\n".join([path.name, *(line.lstrip() for line in lines if not line.lstrip().startswith("#"))])
    lower = text.lower()
    needs = [reason for reason, signs in FOREIGN_NEEDS.items() if any(sign in lower for sign in signs)]
    return needs, SOURCE.findall(text)


def needs_of(path):
    """The first need of a test's files, or None: its own, and all that are read in as far as their names are written out."""
    seen, waiting = set(), [path]
    while waiting:
        file = waiting.pop()
        if file in seen or not file.is_file():
            continue
        seen.add(file)
        needs, names = read_in(file)
        if needs:
            return needs[0]
        for name in names:
            waiting += [(folder / name).resolve() for folder in (SUITE, file.parent, path.parent)]
    return None


@functools.cache
def disabled(folder):
    names = set()
    for file in (folder / "disabled.def", folder.parent / "disabled.def"):
        if file.is_file():
            names |= set(re.findall(r"^\s*([\w.-]+)\s*:", file.read_text(encoding="latin-1"), re.MULTILINE))
    return names


def why_left_out(name):
    """Why a test cannot be played, or None."""
    path = path_of(name)
    folder, test = path.parent, path.stem
    if test in disabled(folder) or name in disabled(folder):
        return "disabled by the suite"
    if any((folder / (test + ending)).exists() for ending in OWN_SETTINGS) or (folder / "suite.opt").exists():
        return "settings of its own"
    return needs_of(path)


def tests_of(suite):
    """Names of the tests that can be played, and how many were left out for which reason."""
    playable, left_out = [], {}
    for path in sorted(folder_of(suite).glob("*.test")):
        name = f"{suite}.{path.stem}"
        reason = why_left_out(name)
        if reason:
            left_out[reason] = left_out.get(reason, 0) + 1
        else:
            playable.append(name)
    return playable, left_out
