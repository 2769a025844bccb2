"""An attacker with raw sockets: every attempt changes the catalog without a guard, and nothing through it."""
import itertools

import pytest

import attacks
import conversation
import protocol

SCENE = """
    SET SESSION AUTHORIZATION app;
    CREATE TABLE victim (a int);
    CREATE INDEX victim_index ON victim (a);
    CREATE VIEW victim_view AS SELECT 1 AS a;
    CREATE SEQUENCE victim_sequence;
    CREATE TYPE victim_type AS (a int);
    CREATE FUNCTION victim_function() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE TABLE {long_name} (a int);
    CREATE TABLE parent (id int PRIMARY KEY);
    CREATE TABLE deferred (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)""".replace("{long_name}", "v" * 63)
# Every object of the scene with its columns; none of the attacks is about anything else.
OBJECTS = """
    SELECT c.oid::regclass::text || ' ' || c.relkind::text || ' ' || coalesce(string_agg(attname, ',' ORDER BY attnum), '')
    FROM pg_class AS c LEFT JOIN pg_attribute ON attrelid = c.oid AND attnum > 0
    WHERE relnamespace = 'public'::regnamespace GROUP BY c.oid, c.relkind
    UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace ORDER BY 1"""
_numbers = itertools.count(1)


@pytest.fixture(scope="module")
def template(postgres):
    postgres.create_database("attack_template")
    postgres.query("GRANT ALL ON SCHEMA public TO PUBLIC", "attack_template")
    for role, setting in (("legacy", "standard_conforming_strings = off"), ("sjis", "client_encoding = 'SJIS'")):
        postgres.query(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'", "postgres")
        postgres.query(f"ALTER ROLE {role} SET {setting}", "postgres")
        postgres.query(f"GRANT app TO {role}", "postgres")
    postgres.query(SCENE, "attack_template")
    yield "attack_template"
    postgres.drop_database("attack_template")
    for role in ("legacy", "sjis"):
        postgres.query(f"DROP ROLE {role}", "postgres")


def fresh(postgres, template):
    name = f"played_attack_{next(_numbers)}"
    postgres.query(f"CREATE DATABASE {name} OWNER app TEMPLATE {template}", "postgres")
    return name


@pytest.fixture(scope="module")
def untouched(postgres, template):
    """One database for all attacks through the guard: it has to stay as it is."""
    name = fresh(postgres, template)
    yield name
    postgres.drop_database(name)


ALL = [(f"{family}: {name}", user, steps) for family, user, family_steps in (
    ("shadow", "app", attacks.SHADOWS), ("legacy reading", "legacy", attacks.LEGACY_READINGS),
    ("reading", "app", attacks.MODERN_READINGS), ("sjis reading", "sjis", attacks.SJIS_READINGS), ("name", "app", attacks.NAMES),
    ("flow", "app", attacks.FLOW)) for name, steps in family_steps.items()]


@pytest.mark.parametrize("title, user, steps", ALL, ids=[title for title, _, _ in ALL])
def test_attack_is_real(title, user, steps, postgres, template):
    name = fresh(postgres, template)
    try:
        before = postgres.query(OBJECTS, name)
        answers = conversation.play(postgres.port, name, steps, False, user=user)
        assert postgres.query(OBJECTS, name) != before, answers
    finally:
        postgres.drop_database(name)


@pytest.mark.parametrize("title, user, steps", ALL, ids=[title for title, _, _ in ALL])
def test_attack_changes_nothing_through_the_guard(title, user, steps, postgres, untouched, enforcing):
    cuts = ["whole", "message by message"] + (["at random"] if len(steps) < 100 else [])
    for cut in cuts:
        before = postgres.query(OBJECTS, untouched)
        answers = conversation.play(enforcing.port, untouched, steps, True, conversation.CUTS[cut], user=user)
        assert postgres.query(OBJECTS, untouched) == before, f"{cut}: {answers}"
        leaked = [answer for answer in protocol.errors(answers) if 'near "sg_' in answer.fields["M"] or '"sg_' in answer.fields["M"]]
        assert not leaked, f"{cut}: {leaked}"
    assert enforcing.process.poll() is None
