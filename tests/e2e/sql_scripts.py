"""Runs .sql files through `psql -a -X` directly and through a guard and compares the outputs.

As a program it takes any folder and any two doors to the same server:

    tests/e2e/sql_scripts.py FOLDER --direct PORT --guarded PORT [--user USER] [--host HOST]

The password comes from PGPASSWORD. Each script gets a fresh database of the same name on each pass, so that nothing
but the road to it can differ. Scripts whose direct output differs from pass to pass (clocks, object IDs, process IDs)
are run directly twice; lines that differ between the two direct passes are not compared with the guarded one.
"""
import argparse
import difflib
import os
import pathlib
import re
import subprocess
import sys

DATABASE = "scripted"
# Numbers that the server deals out anew on each connection.
VARYING = [(re.compile(r"(with|process|server process with) PID \d+"), r"\1 PID #"),
           (re.compile(r"(Backend PID +\| )\d+"), r"\1#")]


def run_psql(arguments, port, user, host, database=DATABASE, **keywords):
    environment = dict(os.environ, PGHOST=host, PGPORT=str(port), PGUSER=user, PGDATABASE=database, PGTZ="UTC",
                       PGDATESTYLE="ISO, MDY", LC_ALL="C.UTF-8", PGCLIENTENCODING="UTF8")
    environment.setdefault("PGPASSWORD", user)
    return subprocess.run(["psql", "-X", *arguments], env=environment, capture_output=False, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=600, check=False, **keywords)


def administer(sql, port, user, host):
    result = run_psql(["-q", "-v", "ON_ERROR_STOP=1", "-c", sql], port, user, host, "postgres")
    if result.returncode != 0:
        raise RuntimeError(result.stdout.decode(errors="replace"))


def settled(text, port):
    """The output without what may differ from one connection to the next."""
    for pattern, replacement in VARYING:
        text = pattern.sub(replacement, text)
    return text.replace(f"port {port} ", "port # ").replace(f'port "{port}"', 'port "#"')


def scripts_in(folder, version):
    """Its .sql files; one called from_18_… only for servers (and a psql) of that version or a newer one."""
    def begins(file):
        found = re.match(r"from_(\d+)_", file.name)
        return int(found[1]) if found else 0

    return sorted(file for file in pathlib.Path(folder).glob("*.sql") if version >= begins(file))


def run_script(script, port, direct_port, user, host):
    """The script's whole output on a database that did not exist before. The database is made over the direct road."""
    administer(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", direct_port, user, host)
    administer(f"CREATE DATABASE {DATABASE} TEMPLATE template0", direct_port, user, host)
    result = run_psql(["-a", "-f", script.name], port, user, host, cwd=script.parent)
    administer(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)", direct_port, user, host)
    return settled(result.stdout.decode("utf-8", errors="surrogateescape"), port) + f"exit {result.returncode}\n"


def unstable_lines(first, second):
    """Line numbers of `first` that a second direct pass wrote differently; None when even the number of lines moved."""
    one, two = first.split("\n"), second.split("\n")
    if len(one) != len(two):
        return None
    return {number for number, (left, right) in enumerate(zip(one, two)) if left != right}


def compare(script, direct_port, guarded_port, user="postgres", host="127.0.0.1"):
    """Returns (difference, unstable): a unified diff or "", and the number of lines left out (None: all of them)."""
    direct = run_script(script, direct_port, direct_port, user, host)
    guarded = run_script(script, guarded_port, direct_port, user, host)
    if direct == guarded:
        return "", 0
    unstable = unstable_lines(direct, run_script(script, direct_port, direct_port, user, host))
    if unstable is None:
        return "", None

    def masked(text):
        return ["(varies)" if number in unstable else line for number, line in enumerate(text.split("\n"))]

    difference = difflib.unified_diff(masked(direct), masked(guarded), "direct", "guarded", lineterm="")
    return "\n".join(difference), len(unstable)


def main():
    parser = argparse.ArgumentParser(description="Compare psql runs, direct and through the guard")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--direct", type=int, required=True)
    parser.add_argument("--guarded", type=int, required=True)
    parser.add_argument("--user", default="postgres")
    parser.add_argument("--host", default="127.0.0.1")
    options = parser.parse_args()
    differing = 0
    for script in sorted(options.folder.rglob("*.sql")):
        difference, unstable = compare(script.resolve(), options.direct, options.guarded, options.user, options.host)
        note = "" if unstable == 0 else " (differs from pass to pass by itself: not compared)" if unstable is None else \
            f" ({unstable} lines vary by themselves)"
        print(f"{'DIFFERS' if difference else 'same'}: {script}{note}")
        if difference:
            differing += 1
            print(difference)
    return 2 if differing else 0


if __name__ == "__main__":
    sys.exit(main())
