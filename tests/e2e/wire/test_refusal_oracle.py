"""Refusing is what PostgreSQL itself does with a statement that it rejects at the same place.

Each conversation is played twice: directly, with a text, name or function that PostgreSQL is certain to reject, and
through the guard with a real schema change at that place. The answers have to be the same byte for byte apart from the
fields of that one error, whatever the cut of the client's bytes; and so has what is in the database afterwards.
"""
import contextlib
import random

import pytest

import conversation
import positions

RANDOM_CONVERSATIONS = 240
SCENE = """
    CREATE TABLE work (number int, note text DEFAULT 'kept');
    ALTER TABLE work OWNER TO app;
    GRANT ALL ON SCHEMA public TO PUBLIC"""
CATALOG = """
    SELECT 'relation ' || relname || ' ' || relnatts || ' ' || coalesce(relacl::text, '') || ' '
           || coalesce(obj_description(oid), '') FROM pg_class WHERE relnamespace = 'public'::regnamespace
    UNION ALL SELECT 'column ' || attname FROM pg_attribute WHERE attrelid = 'work'::regclass AND attnum > 0
    UNION ALL SELECT 'function ' || proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT 'schema ' || nspname FROM pg_namespace WHERE nspname !~ '^pg_'
    UNION ALL SELECT 'large object' FROM pg_largeobject_metadata
    UNION ALL SELECT 'row ' || number || ' ' || note FROM work ORDER BY 1"""


class Side:
    """A database of its own, with a connection of a superuser to look at it and to empty it."""

    def __init__(self, postgres, name):
        postgres.query(f"CREATE DATABASE {name} OWNER app TEMPLATE oracle_scene", "postgres")
        self.name, self.connection = name, postgres.connect(name)
        self.connection.autocommit = True

    def contents(self):
        with self.connection.cursor() as cursor:
            cursor.execute(CATALOG)
            return [row[0] for row in cursor.fetchall()]

    def empty(self):
        with self.connection.cursor() as cursor:
            cursor.execute("TRUNCATE work")


@pytest.fixture(scope="module")
def sides(postgres):
    postgres.create_database("oracle_scene")
    postgres.query(SCENE, "oracle_scene")
    both = Side(postgres, "oracle_direct"), Side(postgres, "oracle_guarded")
    yield both
    for side in both:
        side.connection.close()
        postgres.drop_database(side.name)
    postgres.drop_database("oracle_scene")


@pytest.fixture(scope="module")
def oracle(sides, postgres):
    """Plays both runs and compares; the direct run of a conversation is played once for all its cuts."""
    direct, guarded = sides
    clean = guarded.contents()
    assert clean == direct.contents()

    def compare(steps, port, cut_names, seed=0, refused_side=True):
        expected = conversation.play(postgres.port, direct.name, steps, guarded=False)
        kept = direct.contents()
        direct.empty()
        for cut_name in cut_names:
            with contextlib.ExitStack() as stack:
                stack.callback(guarded.empty)
                answers = conversation.play(port, guarded.name, steps, refused_side, conversation.CUTS[cut_name], seed)
                parted = conversation.difference(expected, answers) if refused_side else expected != answers
                assert not parted, f"{cut_name}: {parted}"
                assert guarded.contents() == kept, f"{cut_name}: something else was committed"

    return compare


CASES = [(position, surrounding) for surrounding in positions.SURROUNDINGS for position in positions.POSITIONS]


@pytest.mark.parametrize("position, surrounding", CASES, ids=[f"{position} - {around}" for position, around in CASES])
def test_refused_statement_is_answered_like_a_rejected_one(position, surrounding, oracle, enforcing):
    number = CASES.index((position, surrounding))
    ddl = positions.DDL[number % len(positions.DDL)]
    steps = positions.surrounded(positions.POSITIONS[position](ddl), surrounding)
    cuts = list(conversation.CUTS)
    oracle(steps, enforcing.port, [cuts[number % 4], cuts[(number + 1 + number // 4) % 4]], number)


@pytest.mark.parametrize("ddl", positions.DDL)
@pytest.mark.parametrize("position", ["simple", "in the middle of several", "unnamed statement"])
def test_every_kind_of_refused_statement(ddl, position, oracle, enforcing):
    steps = positions.surrounded(positions.POSITIONS[position](ddl), "in a transaction that is committed")
    oracle(steps, enforcing.port, ["whole", "byte by byte"])


@pytest.mark.parametrize("cut", conversation.CUTS)
@pytest.mark.parametrize("position", positions.LATER_POSITIONS)
def test_refused_bind_and_execute(position, cut, oracle, enforcing):
    oracle(positions.LATER_POSITIONS[position]() + positions.EPILOGUE, enforcing.port, [cut])


@pytest.mark.parametrize("seed", range(RANDOM_CONVERSATIONS))
def test_random_conversation(seed, oracle, enforcing):
    steps = positions.random_conversation(random.Random(seed))
    cuts = list(conversation.CUTS)
    oracle(steps, enforcing.port, [cuts[seed % 4], cuts[(seed // 4) % 4]], seed)


@pytest.mark.parametrize("seed", range(24))
def test_server_answers_a_conversation_the_same_in_every_cut(seed, oracle, postgres):
    """Otherwise a difference would prove nothing about the guard."""
    steps = positions.random_conversation(random.Random(seed))
    oracle(steps, postgres.port, conversation.CUTS, seed, refused_side=False)
