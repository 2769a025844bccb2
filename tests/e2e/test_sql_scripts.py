"""psql scripts of all kinds, directly and through the observing guard: the outputs are the same, byte for byte."""
import pathlib
import re

import pytest

import servers
import sql_scripts

SCRIPTS = sql_scripts.scripts_in(pathlib.Path(__file__).parent / "sql", servers.major_version())
# Where words stand between the words of a command.
SPELLED = {"CREATE TABLE AS": r"CREATE TABLE \w+ AS SELECT", "SELECT INTO": r"SELECT [^;]* INTO \w+"}


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_script_is_the_same_through_the_guard(script, postgres, observing):
    difference, unstable = sql_scripts.compare(script, postgres.port, observing.port)
    assert difference == ""
    assert unstable == 0, "a committed script must print the same on each pass"


def test_scripts_cover_every_command_that_psql_has_help_for(postgres):
    listing = sql_scripts.run_psql(["-c", r"\help"], postgres.port, "postgres", "127.0.0.1", "postgres").stdout.decode()
    commands = {entry.strip() for line in listing.splitlines()[1:] for entry in re.split(r"\s{2,}", line) if entry.strip()}
    assert len(commands) > 150
    text = re.sub(r"\s+", " ", " ".join(script.read_text(encoding="utf-8") for script in SCRIPTS)).upper()
    # The listing's columns touch where a name is as long as its column.
    missing = {command for command in commands
               if not re.search(SPELLED.get(command, re.escape(command)), text)
               and command != "CREATE TEXT SEARCH CONFIGURATION TABLE"}
    assert not missing, sorted(missing)


def test_the_comparison_notices_a_difference(postgres, scratch):
    """The same script through a door to another server must not pass as equal."""
    folder = scratch / "differing"
    folder.mkdir()
    script = folder / "differs.sql"
    script.write_text("SELECT 1;\n", encoding="utf-8")
    other = servers.PostgresServer(scratch / "second")
    try:
        difference, _ = sql_scripts.compare(script, postgres.port, other.port)
    finally:
        other.stop()
    assert f'database "{sql_scripts.DATABASE}" does not exist' in difference
