"""The server as oracle: every schema change that its event triggers report was recognised as one by the guard.

Every case of the statement corpus is run on a live PostgreSQL 15 by a superuser, directly, with event triggers that
write down each DDL command the server sees. The guard's own reading (`schemaguard explain`) must agree, in both
directions; where it does not have to, the lists below say so.
"""
import io
import json

import pytest

from servers import run_guard_command
from statement_corpus import read_statement_corpus

# The server calls these DDL; for the guard they change no schema object (design section 5).
REPORTED_BUT_NO_SCHEMA_CHANGE = {"REFRESH MATERIALIZED VIEW": "maintenance"}

# Changes of schema objects for which the server fires no event trigger, by command: objects shared between databases
# and statements that found nothing to do.
CHANGED_BUT_NOT_REPORTED = {
    "COMMENT ON DATABASE postgres IS 'x'": "a comment on a shared object",
    "EXPLAIN ANALYZE CREATE TABLE made AS SELECT 1 AS a": "event triggers do not look into EXPLAIN",
    "ALTER TABLE ALL IN TABLESPACE pg_default OWNED BY reader SET TABLESPACE pg_default": "the role owns no table",
}

# Changes that nothing in the text shows: the guard says that it cannot know (class opaque) instead of what changes.
HIDDEN_IN_CODE = {
    "DO $$BEGIN EXECUTE format('CREATE TABLE %I (a int)', 'made'); END$$": "the statement is built while it runs",
}

CASES = read_statement_corpus()
LIVE_CASES = [case for case in CASES if not case.never_live]

EVENT_TRIGGERS = """
CREATE SCHEMA oracle;
CREATE SCHEMA corpus;
CREATE TABLE oracle.seen (tag text);
CREATE FUNCTION oracle.note() RETURNS event_trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO oracle.seen VALUES (tg_tag); END$$;
CREATE FUNCTION oracle.note_commands() RETURNS event_trigger LANGUAGE plpgsql AS
    $$BEGIN INSERT INTO oracle.seen SELECT command_tag FROM pg_event_trigger_ddl_commands(); END$$;
CREATE EVENT TRIGGER oracle_start ON ddl_command_start EXECUTE FUNCTION oracle.note();
CREATE EVENT TRIGGER oracle_end ON ddl_command_end EXECUTE FUNCTION oracle.note_commands();
CREATE EVENT TRIGGER oracle_drop ON sql_drop EXECUTE FUNCTION oracle.note();
"""


class Oracle:
    """A superuser's session in a database of its own whose event triggers write down what they see."""

    def __init__(self, postgres, name):
        self.connection = postgres.connect(name)
        self.connection.autocommit = True
        self.run(EVENT_TRIGGERS)

    def run(self, sql):
        with self.connection.cursor() as cursor:
            if sql.startswith("COPY") and sql.endswith("STDOUT"):
                cursor.copy_expert(sql, io.StringIO())
            else:
                cursor.execute(sql)
            return cursor.fetchall() if cursor.description else []

    def run_each(self, statements):
        for statement in filter(None, (statement.strip() for statement in statements.split("; "))):
            self.run(statement)

    def reports_of(self, case):
        """Runs a case and undoes it; the tags that the server reported."""
        self.run("DELETE FROM oracle.seen")
        self.run("SET search_path = corpus")
        if case.alone:
            return self._reports_alone(case)
        self.run("BEGIN")
        try:
            if case.setup:
                self.run(case.setup)
            self.run("DELETE FROM oracle.seen")
            self.run(case.sql)
            return {row[0] for row in self.run("SELECT DISTINCT tag FROM oracle.seen")}
        finally:
            self.run("ROLLBACK")
            self.run("DEALLOCATE ALL")

    def _reports_alone(self, case):
        self.run_each(case.setup)
        try:
            if not case.setup.startswith("BEGIN"):  # there nothing that is reported has happened yet
                self.run("DELETE FROM oracle.seen")
            self.run(case.sql)
            return {row[0] for row in self.run("SELECT DISTINCT tag FROM oracle.seen")}
        finally:
            self.run_each(case.cleanup)
            self.run("RESET ALL")


@pytest.fixture(scope="module")
def oracle(postgres):
    postgres.create_database("oracle")
    session = Oracle(postgres, "oracle")
    yield session
    session.connection.close()
    postgres.drop_database("oracle")


def classes_by_the_guard(sql):
    explained = json.loads(run_guard_command("explain", "--engine", "postgresql", "--format", "json", sql).stdout)
    assert len(explained["statements"]) == 1, explained
    return set(explained["statements"][0]["class"])


@pytest.mark.parametrize("case", LIVE_CASES, ids=lambda case: case.title)
def test_the_server_and_the_guard_agree(oracle, case):
    reported = oracle.reports_of(case)  # and it has to succeed
    classes = classes_by_the_guard(case.sql)
    assert classes == set(case.expected.split(" | ")[0].split()), "explain and the reader tell different stories"
    changes = classes & {"schema", "access", "cluster", "temporary"}
    for tag in reported:
        if tag in REPORTED_BUT_NO_SCHEMA_CHANGE:
            assert REPORTED_BUT_NO_SCHEMA_CHANGE[tag] in classes
        elif case.sql in HIDDEN_IN_CODE:
            assert "opaque" in classes
        else:
            assert changes, f"the server reported {tag}, the guard read {classes}"
    if "schema" in classes and case.sql not in CHANGED_BUT_NOT_REPORTED:
        assert reported, "the guard calls it a schema change, the server saw none"


def test_no_exception_is_out_of_date():
    texts = {case.sql for case in CASES}
    assert set(CHANGED_BUT_NOT_REPORTED) | set(HIDDEN_IN_CODE) <= texts


def test_every_statement_node_has_a_live_case_or_a_reason():
    live = {node for case in LIVE_CASES for node in case.nodes}
    never = {node: case.live for case in CASES if case.never_live for node in case.nodes if node not in live}
    assert set(never) == {"ImportForeignSchemaStmt", "SecLabelStmt", "AT_DetachPartitionFinalize"}, never
