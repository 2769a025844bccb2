"""Random definitions over the whole grammar against a real MariaDB: no change without a verdict, no wrong object.

A few seeds in the short run, hundreds in the long one (SCHEMAGUARD_LONG). SCHEMAGUARD_SEED plays one alone.
"""
import copy
import os

import pytest

from catalog_difference import judge
from explained_facts import explain_one
from facts_tally import UNKNOWN_PERCENT_MAX, Tally
from generated_definitions import GeneratedDefinitions

SEEDS = range(300) if os.environ.get("SCHEMAGUARD_LONG") else range(2)


@pytest.fixture(scope="module")
def generated(scratch):
    started = GeneratedDefinitions(scratch)
    yield started
    started.stop()


def test_generated_definitions_change_what_their_facts_name(generated):
    seed = os.environ.get("SCHEMAGUARD_SEED")
    tally = Tally()
    for number in [int(seed)] if seed else SEEDS:
        tally.add(f"seed {number}", generated.play(number), generated.server.version)
    print(tally.report())
    assert not tally.wrong, tally.report() + "\n" + "\n".join(tally.wrong[:100])
    assert tally.unknown_percent() <= UNKNOWN_PERCENT_MAX, "\n".join(tally.unknown_texts[:100])
    assert tally.observed > 50


def renamed(changes, old, new):
    """The changes with another name in one place."""
    if isinstance(changes, dict):
        return {key: renamed(value, old, new) for key, value in changes.items()}
    if isinstance(changes, list):
        return [renamed(value, old, new) for value in changes]
    return new if changes == old else changes


@pytest.mark.parametrize("text, name", [
    ("CREATE TABLE n (a INT, b INT)", "n"),
    ("CREATE TABLE n (a INT, b INT)", "b"),
    ("DROP TABLE swap", "swap"),
    ("RENAME TABLE swap TO n", "swap"),
    ("RENAME TABLE swap TO n", "n"),
    ("ALTER TABLE t1 ADD c9 INT", "t1"),
    ("ALTER TABLE t1 ADD c9 INT", "c9"),
    ("ALTER TABLE t1 DROP c3", "c3"),
    ("ALTER TABLE t1 MODIFY c3 BLOB", "c3"),
    ("ALTER TABLE t1 CHANGE c3 c9 TEXT", "c9"),
    ("ALTER TABLE t1 DROP INDEX i1", "i1"),
    ("ALTER TABLE t1 RENAME INDEX i1 TO i2", "i2"),
    ("CREATE INDEX i9 ON t1 (c1)", "i9"),
    ("CREATE INDEX i9 ON t1 (c1)", "t1"),
    ("ALTER TABLE t2 DROP CONSTRAINT ck9", "ck9"),
    ("CREATE VIEW n AS SELECT 1", "n"),
    ("CREATE PROCEDURE n() SELECT 1", "n"),
    ("DROP TRIGGER g1", "g1"),
    ("ALTER EVENT e1 RENAME TO e2", "e2"),
    ("CREATE DATABASE d4", "d4"),
    ("CREATE USER u5, u6", "u6"),
    ("GRANT SELECT ON d1.* TO u1, u2", "u2"),
    ("DROP SERVER srv1", "srv1"),
])
def test_comparison_notices_a_wrong_name(generated, text, name):
    record = generated.play_one(text)
    assert record.accepted
    [facts] = explain_one(record.sent, generated.server.version)
    assert judge(record.before, record.after, facts["changes"], "d1").complaints == []
    wrong = renamed(copy.deepcopy(facts["changes"]), name, "other")
    assert wrong != facts["changes"]
    assert judge(record.before, record.after, wrong, "d1").complaints
    assert judge(record.before, record.after, [], "d1").complaints


@pytest.mark.parametrize("text", ["ALTER TABLE t1 ADD IF NOT EXISTS c1 INT", "DROP TABLE IF EXISTS nothing", "SELECT 1"])
def test_comparison_is_content_with_what_changes_nothing(generated, text):
    record = generated.play_one(text)
    [facts] = explain_one(record.sent, generated.server.version)
    judgement = judge(record.before, record.after, facts["changes"], "d1")
    assert (judgement.complaints, judgement.observed) == ([], 0)
