"""MariaDB's own test-suite as a corpus: every definition that its server accepts, the facts against the catalog's change.

The scripts of Debian's mariadb-test-data are played, statement by statement, against a throw-away server. What changed
must be what the facts name, and what they name must have changed. The short run plays a fixed selection, the long one
(SCHEMAGUARD_LONG) every script of LONG_FOLDERS.
"""
import os
import pathlib
import shutil
import tempfile

import pytest

from facts_tally import UNKNOWN_PERCENT_MAX, Tally
from mariadb_corpus import CorpusPlayer
from mysqltest_script import SUITE

SELECTION = (
    "main/rename.test", "main/drop_combinations.test", "main/partition_exchange.test",
    "main/comment_database.test", "main/create_drop_role.test", "main/create_user.test", "main/constraints.test",
    "main/create_drop_trigger.test", "suite/versioning/t/alter.test", "suite/period/t/alter.test",
    "suite/sql_sequence/alter.test", "suite/compat/oracle/t/sp-package.test", "suite/roles/create_and_drop_role.test")
# Left out: what needs several servers (rpl, galera, …), or tests programs and settings rather than statements.
LONG_FOLDERS = (
    "main", "suite/archive", "suite/atomic", "suite/compat", "suite/csv", "suite/engines", "suite/federated", "suite/funcs_1",
    "suite/funcs_2", "suite/gcol", "suite/handler", "suite/heap", "suite/innodb", "suite/innodb_fts", "suite/innodb_gis",
    "suite/innodb_zip", "suite/jp", "suite/json", "suite/maria", "suite/parts", "suite/period", "suite/plugins", "suite/roles",
    "suite/sql_sequence", "suite/storage_engine", "suite/vcol", "suite/versioning")
# What no text could tell, and what is refused as unread: (part of the complaint, why).
EXCEPTIONS = (
    ("suite/period/t/alter.test: 'alter table t add constraint mytime",
     "the check that a period made for itself gives way to a constraint that takes its name"),
    ("suite/innodb/t/foreign_key.test: 'ALTER TABLE t2 DROP INDEX `f2`, ALGORITHM=COPY'",
     "with foreign_key_checks=0 InnoDB forgets the foreign keys whose index is gone"),
    ("unread: suite/compat/mssql/parser.test", "names in brackets are not read, whatever the mode"),
    ("unread: suite/compat/oracle/t/sp-goto.test", "two labels in a row: refused as not read"),
    ("unread: suite/compat/oracle/t/sp.test: 'CREATE PROCEDURE p1 (prepare OUT INT)", "a variable called prepare"),
    ("unread: suite/compat/oracle/t/sp.test: 'CREATE PROCEDURE p1 (xa OUT INT)", "a variable called xa"),
    ("suite/roles/flush_roles-17898.test: 'drop role dwr_foo'", "the script wrote into the tables of privileges by hand"),
)


def scripts():
    if not os.environ.get("SCHEMAGUARD_LONG"):
        return [SUITE / name for name in SELECTION]
    return [script for folder in LONG_FOLDERS for script in sorted((SUITE / folder).rglob("*.test"))]


@pytest.fixture(scope="module")
def player():
    """In memory where the machine has room: the scripts write a lot."""
    memory = pathlib.Path("/dev/shm")
    roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
    directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-corpus-", dir=memory if roomy else None))
    directory.chmod(0o755)
    started = CorpusPlayer(directory)
    yield started
    started.stop()
    shutil.rmtree(directory, ignore_errors=True)


def test_facts_are_what_the_catalog_shows(player):
    tally = Tally()
    for script in scripts():
        tally.add(script.relative_to(SUITE), player.play(script), player.version)
    tally.wrong = [line for line in tally.wrong if not any(part in line for part, _ in EXCEPTIONS)]
    print(tally.report())
    assert not tally.wrong, tally.report() + "\n" + "\n".join(tally.wrong[:200])
    assert tally.unknown_percent() <= UNKNOWN_PERCENT_MAX, tally.report() + "\n" + "\n".join(tally.unknown_texts[:100])
    assert tally.observed > 400
