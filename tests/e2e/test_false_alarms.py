"""The preambles and daily traffic of applications, drivers, frameworks and tools: not one refusal in enforce mode, and
the same answers as without a guard."""
import os
import pathlib
import re
import subprocess

import pytest

import corpus
import servers
import sql_scripts
import test_drivers
import wire

HERE = pathlib.Path(__file__).parent

SCENE = """
    CREATE TABLE customers (id serial PRIMARY KEY, name text NOT NULL, email text UNIQUE, points int DEFAULT 0);
    CREATE TABLE orders (id serial PRIMARY KEY, customer_id int REFERENCES customers, total numeric, state text,
                         paid_at timestamptz, created_at timestamptz DEFAULT now());
    CREATE TABLE sessions (id text PRIMARY KEY, expires timestamptz);
    CREATE TABLE stock (sku text PRIMARY KEY, n int);
    CREATE TABLE jobs (id serial PRIMARY KEY, state text);
    CREATE TABLE notes (id serial, body text, payload text);
    CREATE TABLE pg_search_documents (id serial PRIMARY KEY, content text, searchable_type text, searchable_id int);
    SELECT lo_from_bytea(4711, repeat('picture', 5000)::bytea);
    CREATE TABLE reserved ("drop" int, "create" int, "table" int, "alter" int);
    CREATE TABLE create_log (drop_date date, alter_count int);
    CREATE TYPE mood AS ENUM ('sad', 'ok');
    CREATE MATERIALIZED VIEW daily_totals AS SELECT 1 AS id, count(*) FROM orders;
    CREATE UNIQUE INDEX ON daily_totals (id);
    CREATE FUNCTION add_points(customer int, more int) RETURNS int LANGUAGE sql AS
      'UPDATE customers SET points = points + more WHERE id = customer RETURNING points';
    CREATE FUNCTION recent_customers(n int) RETURNS SETOF customers LANGUAGE sql STABLE AS
      'SELECT * FROM customers ORDER BY id DESC LIMIT n';
    CREATE PROCEDURE close_day(day date) LANGUAGE plpgsql AS
      'BEGIN UPDATE orders SET state = ''closed'' WHERE created_at::date = day; COMMIT; END';
    CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY);
    CREATE TABLE django_migrations (id serial, app text, name text, applied timestamptz);
    CREATE TABLE schema_migrations (version text PRIMARY KEY);
    CREATE TABLE migrations (id serial, migration text, batch int);
    CREATE TABLE _prisma_migrations (id text, checksum text, finished_at timestamptz, migration_name text, logs text,
                                     rolled_back_at timestamptz, started_at timestamptz, applied_steps_count int);
    CREATE SCHEMA drizzle;
    CREATE TABLE drizzle.__drizzle_migrations (id serial, hash text, created_at bigint);
    CREATE TABLE knex_migrations (id serial, name text);
    CREATE TABLE knex_migrations_lock (index int, is_locked int);
    CREATE TABLE flyway_schema_history (installed_rank int, version text, description text, type text, script text,
      checksum int, installed_on timestamptz, installed_by text, execution_time int, success boolean);
    CREATE TABLE databasechangelog (id text, author text, filename text, md5sum text, dateexecuted timestamp,
                                    orderexecuted int);
    INSERT INTO customers (name, email) VALUES ('One', 'one@example.com'), ('Two', 'two@example.com');
    INSERT INTO orders (customer_id, total, state) VALUES (1, 10, 'open')"""


def messages_of(file):
    """(line number, text, does the server reject it) of each paragraph; `-- fails before 17` holds for older servers."""
    line = 1
    for paragraph in re.split(r"\n[ \t]*\n", file.read_text(encoding="utf-8")):
        lines = paragraph.strip("\n").split("\n")
        comments = [one for one in lines if one.startswith("-- ")]
        text = "\n".join(one for one in lines if not one.startswith("-- "))
        if text.strip():
            conditions = [comment.removeprefix("-- fails") for comment in comments if comment.startswith("-- fails")]
            yield line, text, any(corpus.concerns(condition, servers.major_version()) for condition in conditions)
        line += paragraph.count("\n") + 2


def shape(answers):
    return [(answer.sqlstate, answer.message if answer.sqlstate else answer.tag) for answer in answers]


def play(file, port, database, extended):
    """What each message was answered: {line: shape}, and which of them the guard refused."""
    answered, refused = {}, []
    with wire.Connection(port, database, "app") as connection:
        for line, text, _ in messages_of(file):
            has_parameters = re.search(r"\$\d", text) is not None and not re.match(r"(?i)\s*(prepare|do|select 'it''s')", text)
            several = ";" in re.sub(r"'[^']*'|\$\$.*?\$\$|/\*.*?\*/|--.*|\"[^\"]*\"", "", text, flags=re.DOTALL).strip().rstrip(";")
            if (extended and several) or (has_parameters and not extended):
                continue
            answers = connection.extended(text) if extended else connection.simple(text)
            answered[line] = shape(answers)
            refused += [(line, text, answer) for answer in answers if answer.refused or answer.sqlstate == "42501"]
            assert connection.alive, f"the connection is gone after line {line}: {text}"
    return answered, refused


@pytest.fixture
def scene(postgres):
    """Makes the database anew, the same each time, owned by the application."""
    def make():
        postgres.drop_database("daily")
        postgres.create_database("daily")
        postgres.query(SCENE, "daily", "app")
        return "daily"

    yield make
    postgres.drop_database("daily")


@pytest.mark.parametrize("protocol", ["simple", "extended"])
@pytest.mark.parametrize("file", sorted((HERE / "false_alarms").glob("*.sql")), ids=lambda file: file.stem)
def test_daily_traffic_is_never_refused(file, protocol, postgres, enforcing, scene):
    direct, _ = play(file, postgres.port, scene(), protocol == "extended")
    rejected = {line for line, _, fails in messages_of(file) if fails}
    errors = {line: answers for line, answers in direct.items() if any(state for state, _ in answers)}
    assert set(errors) - rejected == set(), {line: errors[line] for line in set(errors) - rejected}
    guarded, refused = play(file, enforcing.port, scene(), protocol == "extended")
    assert refused == []
    assert guarded == direct


@pytest.mark.parametrize("file", sql_scripts.scripts_in(HERE / "false_alarms" / "psql", servers.major_version()),
                         ids=lambda file: file.stem)
def test_psql_sees_no_difference_in_enforce_mode(file, postgres, enforcing, scene):
    outputs = []
    for port in (postgres.port, enforcing.port):
        database = scene()
        result = sql_scripts.run_psql(["-a", "-f", str(file)], port, "app", "127.0.0.1", database)
        outputs.append(sql_scripts.settled(result.stdout.decode(), port).replace(str(port), "#"))
    assert "schemaguard" not in outputs[1]
    assert outputs[1] == outputs[0]


@pytest.mark.parametrize("format_option", ["plain", "custom"])
def test_backups_are_the_same(format_option, postgres, enforcing, scene, scratch):
    database = scene()
    outputs = []
    for port in (postgres.port, enforcing.port):
        environment = dict(os.environ, PGPASSWORD="app")
        connection = ["-h", "127.0.0.1", "-p", str(port), "-U", "app"]
        file = scratch / "dump"
        command = [servers.postgres_program("pg_dump"), *connection, "-F", format_option, "-f", str(file), database]
        subprocess.run(command, env=environment, check=True, timeout=120)
        if format_option == "custom":
            listing = subprocess.run([servers.postgres_program("pg_restore"), "-f", "-", str(file)], check=True,
                                     capture_output=True, timeout=120).stdout
        else:
            listing = file.read_bytes()
        # Random since the fix of CVE-2025-8714: the token that encloses a plain dump.
        outputs.append(re.sub(rb"\\(un)?restrict \w+", b"", listing))
    assert outputs[0] == outputs[1]
    assert b"CREATE TABLE public.customers" in outputs[0]
    assert b"lowrite(0, '\\x70696374757265" in outputs[0]  # read by number, as FunctionCall messages


def test_large_objects_of_clients_are_data(postgres, enforcing, scene, scratch):
    picture, copy = scratch / "picture", scratch / "copy"
    picture.write_bytes(bytes(range(256)) * 300)
    for port in (postgres.port, enforcing.port):
        database = scene()
        with postgres.connect(database, "app", port) as connection:
            stored = connection.lobject(0, "wb", 0, str(picture))  # lo_creat and lowrite, called by number
            stored.seek(10)
            stored.truncate(60_000)
            stored.close()
            connection.lobject(stored.oid, "rb").export(str(copy))
            connection.lobject(stored.oid, "n").unlink()
        connection.close()
        assert copy.read_bytes() == picture.read_bytes()[:60_000]
        assert postgres.query("SELECT count(*) FROM pg_largeobject_metadata", database) == [(1,)]  # the scene's own


@pytest.mark.parametrize("driver", ["jdbc", "dbi"])
def test_driver_metadata_is_never_refused(driver, postgres, enforcing, scene):
    outputs = [test_drivers.run_driver(driver, port, scene(), "daily") for port in (postgres.port, enforcing.port)]
    assert len(outputs[0].splitlines()) > 20
    assert outputs[1].splitlines() == outputs[0].splitlines()
