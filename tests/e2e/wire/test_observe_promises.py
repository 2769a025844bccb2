"""Observe refuses nothing that can be relayed, and says in its audit what enforce would have done."""
import pytest

import conversation
import protocol
import servers
from protocol import SYNC, bind, connect, errors, execute, function_call, kinds, parse, query, sqlstates

BACKEND_PID = 2026
TRICK = b"SELECT '\\''; CREATE TABLE tricked (a int); --'"
SJIS_TEXT = "SELECT '表'; CREATE TABLE encoded (a int)".encode("shift_jis")
GBK_TEXT = b"SELECT '\xb1\xed'; CREATE TABLE encoded_too (a int)"

# What each is, and the messages. Everything succeeds without a guard.
STATEMENTS = {
    "schema change": [query("CREATE TABLE observed (a int)")],
    "schema change, extended": [parse("ALTER TABLE observed ADD b int"), bind(), execute(), SYNC],
    "dynamic code": [query("DO $$BEGIN EXECUTE 'create table ' || 'observed_dynamic (a int)'; END$$")],
    "function call": [function_call(BACKEND_PID)],
    "program": [query("COPY (SELECT 1) TO PROGRAM 'cat > /dev/null'")],
    "server file": [query("COPY observed TO '/dev/null'")],
    "text that runs as a statement": [query("SELECT query_to_xml('SELECT 1', true, true, '')")],
    "catalog write": [query("UPDATE pg_description SET description = description WHERE false")],
    "backslashes": [query("SET standard_conforming_strings = off"), query(TRICK), query("RESET standard_conforming_strings")],
    "string, comment, string": [query("SELECT 'a' -- c\n'b'; CREATE TABLE commented (a int)")],
    "grammar that the reader does not have": [query("SELECT 1 NOT /**/ BETWEEN 0 AND 2; CREATE TABLE looked_ahead (a time with /**/ time zone)")],
    "identity": [query("SET SESSION AUTHORIZATION reader"), query("RESET SESSION AUTHORIZATION")],
    "protection": [query("SET session_replication_role = replica"), query("RESET session_replication_role")],
    "cluster": [query("ALTER SYSTEM SET work_mem = '4MB'"), query("ALTER SYSTEM RESET work_mem")],
    "long text": [query("CREATE TABLE long_text (a text DEFAULT '" + "x" * 600_000 + "')")],
    "deep nesting": [query("SELECT " + "(" * 1500 + "1" + ")" * 1500 + "; CREATE TABLE nested (a int)")],
    "many statements": [query("SELECT 1;" * 5000 + "CREATE TABLE many (a int)")],
    "unknown prepared names": [query("PREPARE creating AS SELECT 1 AS a INTO prepared_into"), query("EXECUTE creating")],
    "prepared transaction": [query("BEGIN; CREATE TABLE two_phase (a int); PREPARE TRANSACTION 'observed'"),
                             query("COMMIT PREPARED 'observed'")],
}


@pytest.fixture(scope="module")
def twins(postgres):
    """Two databases that are the same, for the direct and the relayed run."""
    for name in ("observed_direct", "observed_relayed"):
        postgres.create_database(name)
    yield "observed_direct", "observed_relayed"
    for name in ("observed_direct", "observed_relayed"):
        postgres.drop_database(name)


def tables(postgres, database):
    return postgres.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace ORDER BY 1", database)


def blocked_in_enforce(guard):
    return [line for line in guard.audit_events("statement") if line["would"] == "block"]


def test_everything_passes_and_is_recorded(postgres, observing, twins):
    direct, relayed = twins
    for name, steps in STATEMENTS.items():
        before = len(blocked_in_enforce(observing))
        expected = conversation.play(postgres.port, direct, steps, False, user="postgres")
        assert not errors(expected), (name, errors(expected))
        answers = conversation.play(observing.port, relayed, steps, True, user="postgres")
        assert kinds(answers) == kinds(expected) and not errors(answers), (name, errors(answers))
        records = servers.wait_until(lambda before=before: blocked_in_enforce(observing)[before:], f"{name} is recorded")
        assert all(record["verdict"] in ("allow", "log") for record in records), (name, records)
    assert tables(postgres, direct) == tables(postgres, relayed)


@pytest.mark.parametrize("parameters", [
    {"standard_conforming_strings": "off"}, {"options": "--standard-conforming-strings=off"}, {"client_encoding": "SJIS"},
    {"client_encoding": "GBK"}, {"client_encoding": "BIG5"}, {"session_replication_role": "replica"},
    {"options": "-c session_replication_role=replica -c allow_system_table_mods=on"}, {"allow_system_table_mods": "on"},
    {"options": "-c my.setting=a\\ b -c geqo=off"}, {"_pq_.unheard_of": "1"}], ids=str)
def test_unusual_startup_keys_pass(parameters, postgres, observing, twins):
    with connect(postgres.port, "postgres", twins[0], parameters) as direct:
        with connect(observing.port, "postgres", twins[1], parameters) as relayed:
            assert relayed.parameters == direct.parameters


@pytest.mark.parametrize("encoding, text, table", [("SJIS", SJIS_TEXT, "encoded"), ("GBK", GBK_TEXT, "encoded_too")])
def test_texts_in_odd_encodings_pass(encoding, text, table, postgres, observing, twins):
    with connect(observing.port, "postgres", twins[1], {"client_encoding": encoding}) as client:
        assert not errors(client.simple(text))
        assert not errors(client.ask(parse(text.split(b";")[0]), bind(), execute(), SYNC))
    assert (table,) in tables(postgres, twins[1])


@pytest.mark.parametrize("replication", ["true", "database"])
def test_replication_connections_work(replication, postgres, observing, twins):
    """G11, G43: commands of the replication grammar, CopyBoth, and the end of it from the client's side."""
    slot = f"observed_{replication}"
    with connect(observing.port, "postgres", twins[1], {"replication": replication}) as client:
        identity = [message for message in client.simple("IDENTIFY_SYSTEM") if message.kind == "D"]
        position = protocol.row_values(identity[0].body)[2]
        assert not errors(client.simple(f"CREATE_REPLICATION_SLOT {slot} PHYSICAL"))
        client.send(query(f"START_REPLICATION SLOT {slot} PHYSICAL {position}"))
        assert client.read().kind == "W"
        postgres.query("CREATE TABLE IF NOT EXISTS written_meanwhile (a int); INSERT INTO written_meanwhile VALUES (1)", twins[0])
        assert client.read_until("d")[-1].body[:1] in (b"w", b"k")
        client.send(protocol.COPY_DONE)
        assert kinds(client.ready()).replace("d", "") in ("cCZ", "cCCZ", "cTDCCZ")
        assert not errors(client.simple(f"DROP_REPLICATION_SLOT {slot}"))
        if replication == "database":
            assert client.rows("SELECT 1") == [["1"]]
            assert not errors(client.simple("CREATE TABLE over_replication (a int)"))
    if replication == "database":
        servers.wait_until(lambda: [line for line in blocked_in_enforce(observing) if "over_replication" in line["statement"]],
                           "the schema change of a replication connection is recorded")


def test_full_audit_disk_stops_nothing(postgres, guard_factory, twins):
    guard = guard_factory("observe", config={"audit": {"file": "/dev/full", "on_failure": "block"}})
    with connect(guard.port, "postgres", twins[1]) as client:
        assert not errors(client.simple("CREATE TABLE unrecorded (a int)"))
        assert not errors(client.ask(parse("ALTER TABLE unrecorded ADD b int"), bind(), execute(), SYNC))
        assert client.rows("SELECT 1") == [["1"]]
    assert ("unrecorded",) in tables(postgres, twins[1])


def test_what_cannot_be_carried_is_stopped_in_observe_too(observing, twins):
    with connect(observing.port, "postgres", twins[1]) as client:
        client.send_until_closed(protocol.frame("y", b"what"))
        assert sqlstates(client.rest()) == ["08P01"]
