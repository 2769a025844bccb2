"""Names outside ASCII where the server's encoding is not UTF-8: what it makes of them decides what they name."""
import itertools

import pytest

import wire

_numbers = itertools.count(1)
CUT = "a" * 62
LONG = "é" * 40


@pytest.fixture(scope="module", params=["LATIN1", "SQL_ASCII", "UTF8"])
def encoded(request, postgres):
    name = f"encoded_{next(_numbers)}"
    postgres.query(f"CREATE DATABASE {name} OWNER app ENCODING '{request.param}' LOCALE 'C' TEMPLATE template0", "postgres")
    postgres.query("GRANT ALL ON SCHEMA public TO app", name)
    yield name
    postgres.drop_database(name)


def tables(server, database):
    return server.query("SELECT oid::text FROM pg_class WHERE relnamespace = 'public'::regnamespace", database)


@pytest.mark.parametrize("encoding", ["UTF8", "LATIN1", "SQL_ASCII"])
@pytest.mark.parametrize("temporary, persistent", [
    (LONG + "x", LONG + "y"),  # the same in the first 63 bytes, not in the first 63 characters
    (CUT + "é", CUT),          # the same where a character is not cut in two
], ids=["long", "cut"])
def test_temporary_name_that_is_clipped_in_another_way(temporary, persistent, encoding, encoded, enforcing, postgres):
    with wire.Connection(postgres.port, encoded, "app") as direct:
        direct.simple(f"SET client_encoding = {encoding}")
        direct.simple(f'CREATE TABLE "{persistent}" (a int)')
    made = tables(postgres, encoded)
    assert len(made) <= 1  # half a character at the cut may make the name impossible
    with wire.Connection(enforcing.port, encoded, "app") as guarded:
        guarded.simple(f"SET client_encoding = {encoding}")
        guarded.simple(f'CREATE TEMP TABLE "{temporary}" (a int)')
        guarded.simple(f'DROP TABLE "{persistent}"')
        guarded.simple(f'DROP TABLE "{persistent}"')
    assert tables(postgres, encoded) == made
    postgres.query("DROP SCHEMA public CASCADE; CREATE SCHEMA public; GRANT ALL ON SCHEMA public TO app", encoded)


def test_temporary_names_outside_ascii_are_known_in_utf8(database, enforcing):
    with wire.Connection(enforcing.port, database, "app") as guarded:
        for sql in ('CREATE TEMP TABLE "täbel" (a int)', 'ALTER TABLE "täbel" ADD COLUMN "spälte" int', 'CREATE INDEX ON "täbel" (a)',
                    'DROP TABLE "täbel"'):
            assert not guarded.simple(sql)[0].sqlstate, sql
