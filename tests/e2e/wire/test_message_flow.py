"""The flow of messages that no driver sends: framing, order, names, cancels, ends of connections.

Most tests play the same bytes directly and through the guard and want the same answers. Comments name the entries of
the evasion catalogue (evasion N) and of the protocol notes (G N) that a test stands for.
"""
import contextlib
import signal
import struct

import pytest

import conversation
import protocol
import servers
from protocol import (COPY_DONE, FLUSH, SYNC, TERMINATE, Client, bind, cancel_request, close, connect, copy_data, copy_fail,
                      cstring, describe, errors, execute, frame, kinds, one_shot, parse, query, refusals, sqlstates)

INVALID_LENGTHS = [0, 1, 3, -1, -2147483648]


@pytest.fixture(scope="module")
def flow_database(postgres):
    postgres.create_database("flow")
    postgres.query("CREATE TABLE work (number int); ALTER TABLE work OWNER TO app", "flow")
    yield "flow"
    postgres.drop_database("flow")


@pytest.fixture(params=["direct", "guarded"])
def port(request, postgres):
    """Each test that uses it holds for the server itself first, then for the guard in front of it."""
    return postgres.port if request.param == "direct" else request.getfixturevalue("enforcing").port


@pytest.fixture
def client(port, flow_database):
    with connect(port, database=flow_database) as one:
        yield one


def same_in_every_cut(postgres, guard, database, steps):
    expected = conversation.play(postgres.port, database, steps, guarded=False)
    for name, cut in conversation.CUTS.items():
        parted = conversation.difference(expected, conversation.play(guard.port, database, steps, True, cut))
        assert not parted, f"{name}: {parted}"
    return expected


def relations(postgres, database, pattern="intruder%"):
    return postgres.query(f"SELECT relname FROM pg_class WHERE relname LIKE '{pattern}' ORDER BY 1", database)


# Ordinary flows, byte for byte as PostgreSQL answers them (G18-G26, G33-G42, G55).
FLOWS = {
    "empty texts": [query(""), query(";;"), query("-- nothing"), one_shot(""), SYNC],
    "portal suspended and continued": [parse("SELECT generate_series(1, 5)"), bind("p"), execute("p", 2), execute("p", 2),
                                       execute("p", 2), SYNC],
    "portals end with the transaction": [query("BEGIN"), parse("SELECT 1", "s"), bind("p", "s"), SYNC, query("COMMIT"),
                                         execute("p"), SYNC],
    "portal lives on inside a transaction": [query("BEGIN"), parse("SELECT generate_series(1, 3)", "s"), bind("p", "s"),
                                             execute("p", 1), SYNC, query("SELECT 1"), execute("p", 1), SYNC, query("COMMIT")],
    "close of unknown names": [close("S", "never"), close("P", "never"), close("S"), close("P"), SYNC],
    "statement defined twice": [parse("SELECT 1", "s"), parse("SELECT 2", "s"), SYNC, bind("", "s"), execute(), SYNC],
    "failed parse leaves no statement": [parse("SELECT FROM WHERE", "s"), SYNC, bind("", "s"), SYNC],
    "deallocate removes a wire statement": [parse("SELECT 1", "s"), SYNC, query("DEALLOCATE s"), bind("", "s"), SYNC],
    "discard all removes every statement": [parse("SELECT 1", "s"), SYNC, query("DISCARD ALL"), bind("", "s"), SYNC],
    "sql prepare, wire bind (evasion 82)": [query("PREPARE s AS SELECT 1"), bind("", "s"), describe("P"), execute(), SYNC],
    "wire parse, sql execute (evasion 82)": [parse("SELECT 1", "s"), SYNC, query("EXECUTE s")],
    "simple query removes the unnamed statement (evasion 84)": [parse("SELECT 1"), SYNC, query("SELECT 2"), bind(), SYNC],
    "names alike in 63 bytes (evasion 81)": [parse("SELECT 1", "n" * 63 + "one"), SYNC, parse("SELECT 2", "n" * 63 + "two"), SYNC,
                                            bind("p" * 63 + "x", "n" * 63), execute("p" * 63 + "y"), SYNC],
    "several commands in one Parse (evasion 88)": [parse("SELECT 1; SELECT 2"), SYNC, query("SELECT 3")],
    "syncs and flushes only": [FLUSH, SYNC, SYNC, FLUSH, SYNC],
    "describe before and after": [parse("SELECT $1::int + $2::int", "s"), describe("S", "s"), bind("", "s", ["1", "2"]),
                                  describe("P"), execute(), SYNC],
    "describe of nothing": [describe("S", "never"), SYNC, describe("P", "never"), SYNC, describe("x", "never"), SYNC],
    "error skips to Sync (G27)": [parse("SELECT 1/0", "s"), bind("", "s"), execute(), FLUSH, query("INSERT INTO work VALUES (1)"),
                                  describe("S", "s"), SYNC, query("SELECT count(*) FROM work")],
    "query inside an unfinished batch (G26)": [one_shot("INSERT INTO work VALUES (2)"), query("SELECT 1"), SYNC,
                                               query("DELETE FROM work")],
    "commit in a failed transaction (G55)": [query("BEGIN"), query("SELECT 1/0"), query("SELECT 1"), query("COMMIT"),
                                             query("COMMIT")],
    "commands that stand alone (G36)": [query("VACUUM work; SELECT 1"), one_shot("SELECT 1"), one_shot("VACUUM work"), SYNC,
                                        one_shot("VACUUM work"), SYNC],
    "copy in": [query("COPY work FROM STDIN"), copy_data("7\n8\n"), copy_data("9\n"), COPY_DONE, query("DELETE FROM work")],
    "copy in, given up": [query("COPY work FROM STDIN"), copy_data("7\n"), copy_fail("no more"), query("SELECT count(*) FROM work")],
    "copy in, twice in one text": [query("COPY work FROM STDIN; COPY work FROM STDIN; DELETE FROM work"), copy_data("1\n"), COPY_DONE,
                                   copy_data("2\n"), COPY_DONE, query("SELECT 1")],
    "copy in, bad row, late messages (evasion 96)": [query("COPY work FROM STDIN"), copy_data("none\n"), copy_data("8\n"), COPY_DONE,
                                                     copy_fail(), query("SELECT count(*) FROM work")],
    "copy in, extended": [parse("COPY work FROM STDIN"), bind(), execute(), copy_data("7\n"), COPY_DONE, SYNC,
                          query("DELETE FROM work")],
    "copy in, extended, Sync and Flush inside (G42)": [parse("COPY work FROM STDIN"), bind(), execute(), SYNC, FLUSH, copy_data("7\n"),
                                                       COPY_DONE, SYNC, query("DELETE FROM work")],
    "copy in, extended, given up": [parse("COPY work FROM STDIN"), bind(), execute(), copy_data("7\n"), copy_fail(),
                                    query("SELECT 1"), SYNC, query("SELECT 2")],
    "copy in, extended, bad row": [parse("COPY work FROM STDIN"), bind(), execute(), copy_data("none\n"), COPY_DONE, SYNC,
                                   query("SELECT 2")],
    "copy in, extended, bad row, Sync instead of CopyDone": [parse("COPY work FROM STDIN"), bind(), execute(), copy_data("none\n"), SYNC,
                                                             query("SELECT 2")],
    "copy in, ended by Terminate": [query("COPY work FROM STDIN"), copy_data("7\n")],
    "copy out": [query("COPY (SELECT generate_series(1, 3)) TO STDOUT"), parse("COPY (SELECT 1) TO STDOUT"), bind(), execute(), SYNC],
    "copy data that looks like a Query (evasion 97)": [query("COPY work FROM STDIN"), copy_data(query("CREATE TABLE intruder_a (a int)")),
                                                       COPY_DONE, query("SELECT count(*) FROM work")],
    "copy messages outside of COPY (evasion 98)": [copy_data("CREATE TABLE intruder_b (a int)"), COPY_DONE, copy_fail(), query("SELECT 1"),
                                                   copy_data(""), SYNC],
    "query during COPY (evasion 95)": [query("COPY work FROM STDIN"), copy_data("7\n"), query("SELECT 1"), query("SELECT 2")],
    "parse during COPY (evasion 95)": [query("COPY work FROM STDIN"), parse("SELECT 1"), SYNC],
    "bytes behind Terminate (evasion 104)": [query("SELECT 1"), TERMINATE, query("SELECT 2")],
    "notices": [query("DROP TABLE IF EXISTS pg_temp.never"), query("ROLLBACK"), query("SET LOCAL work_mem = '1MB'")],
    "notifications to oneself": [query("LISTEN here"), query("NOTIFY here, 'now'"), query("BEGIN; NOTIFY here, 'later'"), query("COMMIT"),
                                 one_shot("NOTIFY here, 'pipelined'"), SYNC],
    "parameters that are reported": [query("SET application_name = 'a'; SET TimeZone = 'UTC'"), query("SET DateStyle = 'German'"),
                                     query("RESET ALL")],
    "a thousand messages in one write (evasion 105)": [query("SELECT 1"), *[one_shot("SELECT 2") for _ in range(330)], SYNC],
    "malformed bodies": [frame("B", b"no end"), SYNC, frame("P", b"no\0end"), SYNC, frame("E", b"p"), SYNC, frame("D", b""), SYNC,
                         frame("C", b"S"), SYNC, frame("Q", b""), frame("Q", b"SELECT 1"), query("SELECT 2")],
    "bodies with something behind": [frame("Q", cstring("SELECT 1") + cstring("SELECT 2")), frame("S", b"more"), frame("H", b"more"),
                                     frame("E", cstring("") + struct.pack("!I", 0) + b"more"), SYNC],
    "wrong number of parameters": [parse("SELECT $1::int", "s"), bind("", "s"), SYNC, bind("", "s", ["1", "2"]), SYNC],
    "negative length of a parameter (G17)": [parse("SELECT $1::text", "s"), SYNC,
                                             frame("B", cstring("") + cstring("s") + struct.pack("!HHiH", 0, 1, -2, 0)), SYNC],
    "very long harmless text": [query("SELECT '" + "x" * 300_000 + "' = ''"), parse("SELECT length('" + "y" * 70_000 + "')"), bind(),
                                execute(), SYNC],
    "large parameter": [parse("SELECT length($1::text)"), bind("", "", ["z" * 500_000]), execute(), SYNC],
}


@pytest.mark.parametrize("name", FLOWS)
def test_flow_is_byte_for_byte_that_of_the_server(name, postgres, enforcing, flow_database):
    if name == "malformed bodies":  # refused in place in enforce mode; the connection stays in step all the same
        expected = conversation.play(postgres.port, flow_database, FLOWS[name], False)
        for cut in conversation.CUTS.values():
            answers = conversation.play(enforcing.port, flow_database, FLOWS[name], True, cut)
            assert kinds(answers) == kinds(expected), answers
    elif name == "bodies with something behind":  # broken framing, which no mode relays
        for cut in conversation.CUTS.values():
            answers = conversation.play(enforcing.port, flow_database, FLOWS[name], True, cut)
            assert sqlstates(answers[-1:]) == ["08P01"] and answers[-1].fields["S"] == "FATAL", answers
    else:
        same_in_every_cut(postgres, enforcing, flow_database, FLOWS[name])
    assert relations(postgres, flow_database) == []


@pytest.mark.parametrize("mode", ["off", "observe", "warn"])
def test_flows_in_the_other_modes(mode, postgres, guard_factory, flow_database):
    guard = guard_factory(mode)
    for name, steps in FLOWS.items():
        if name == "bodies with something behind":
            continue
        expected = conversation.play(postgres.port, flow_database, steps, False)
        answers = conversation.play(guard.port, flow_database, steps, True, conversation.whole)
        answers = [answer for answer in answers if "schemaguard:" not in answer.fields.get("M", "")] if mode == "warn" else answers
        parted = conversation.difference(expected, answers)
        assert not parted, f"{name}: {parted}"


# Framing.


@pytest.mark.parametrize("length", INVALID_LENGTHS)
@pytest.mark.parametrize("kind", "QPBEDCSHFdcfX")
def test_length_lies_end_the_connection(kind, length, client, postgres, flow_database):
    """evasion 102, G17"""
    client.send_until_closed(frame(kind, b"CREATE TABLE intruder_c (a int)\0", length) + query("CREATE TABLE intruder_d (a int)"))
    answers = client.rest()  # the server says nothing, the guard says why
    assert all((error.fields["S"], error.sqlstate) == ("FATAL", "08P01") for error in errors(answers)), answers
    assert relations(postgres, flow_database) == []


@pytest.mark.parametrize("kind", "EDCHScfX")
def test_small_messages_have_a_small_limit(kind, client):
    client.send_until_closed(frame(kind, b"", 10_001) + b"\0" * 10_001)
    assert all(error.fields["S"] == "FATAL" for error in errors(client.rest()))


@pytest.mark.parametrize("kind", [bytes([byte]) for byte in range(256) if bytes([byte]) not in b"QPBEDCSHFdcfX"])
def test_unknown_message_types_end_the_connection(kind, enforcing, flow_database):
    """evasion 101"""
    with connect(enforcing.port, database=flow_database) as client:
        client.send_until_closed(frame(kind, b"CREATE TABLE intruder_e (a int)\0") + query("SELECT 1"))
        answers = client.rest()
        assert [error.fields["S"] for error in errors(answers)] == ["FATAL"] and sqlstates(answers) == ["08P01"], answers


def test_huge_claimed_length_is_not_believed(enforcing, flow_database):
    """G17: the claim alone must not cost memory; the connection just waits for the rest."""
    clients = []
    with contextlib.ExitStack() as stack:
        for kind in "QPBFd" * 10:
            clients.append(stack.enter_context(connect(enforcing.port, database=flow_database)))
            clients[-1].send(frame(kind, b"SELECT 1", 0x3FFFFFFF))
        with connect(enforcing.port, database=flow_database) as other:
            assert other.rows("SELECT 1") == [["1"]]
        status = open(f"/proc/{enforcing.process.pid}/status", encoding="ascii").read()
        resident_kilobytes = int(status.split("VmRSS:")[1].split()[0])
        assert resident_kilobytes < 400_000


def test_nul_inside_the_text(enforcing, postgres, flow_database):
    """evasion 55"""
    with connect(enforcing.port, database=flow_database) as client:
        for message in (frame("Q", b"SELECT 1\0CREATE TABLE intruder_f (a int)\0"), frame("Q", b"\0CREATE TABLE intruder_f (a int)\0")):
            client.send_until_closed(message)
        assert len(errors(client.ready(2))) == 2
        assert relations(postgres, flow_database) == []


@pytest.mark.parametrize("message", [frame("Q", b"CREATE TABLE intruder_g (a int)"), frame("Q", b""),
                                     frame("P", b"\0CREATE TABLE intruder_g (a int)"), frame("P", b"s")])
def test_missing_terminator(message, enforcing, postgres, flow_database):
    """evasion 56"""
    with connect(enforcing.port, database=flow_database) as client:
        client.send(message, SYNC)
        answers = client.ready()
        assert sqlstates(answers) and set(sqlstates(answers)) <= {"08P01", "42501"}, answers
        assert relations(postgres, flow_database) == []


# Statements and portals.


def test_dropped_parse_does_not_run_the_older_statement(enforcing, postgres, flow_database):
    """evasion 77, G29"""
    with connect(enforcing.port, database=flow_database) as client:
        client.ask(parse("INSERT INTO work VALUES (77)"), SYNC)
        answers = client.ask(parse("CREATE TABLE intruder_h (a int)"), bind(), execute(), SYNC)
        assert kinds(answers) == "EZ" and refusals(answers)
        assert sqlstates(client.ask(bind(), execute(), SYNC)) == ["26000"]
    assert postgres.query("SELECT count(*) FROM work WHERE number = 77", flow_database) == [(0,)]


def test_flushed_but_never_committed(enforcing, postgres, flow_database):
    """evasion 91: what a Flush has shown is rolled back when the client goes away, and the audit knows."""
    with connect(enforcing.port, "deploy", flow_database) as client:
        client.send(one_shot("CREATE TABLE public.intruder_i (a int)"), FLUSH)
        assert kinds(client.read_until("C")) == "12C"
    assert relations(postgres, flow_database) == []
    created = [line["seq"] for line in enforcing.audit_events("statement") if "intruder_i" in line["statement"]]
    assert len(created) == 1

    def outcome():
        return [line["outcome"] for line in enforcing.audit_events("outcome") if line["of"] == created[0]]

    assert servers.wait_until(outcome, "an outcome was written") in (["rolled_back"], ["unknown"])


def test_execute_of_a_wire_statement_after_its_meaning_changed(enforcing, postgres, flow_database):
    """evasion 76, 82, 131: prepared while the name meant a temporary table, run when it means the real one."""
    with connect(enforcing.port, database=flow_database) as client:
        client.simple("CREATE TEMP TABLE work (a int)")
        assert not errors(client.ask(parse("ALTER TABLE work ADD intruder_j int", "s"), SYNC))
        client.simple("DROP TABLE pg_temp.work")
        assert refusals(client.simple("EXECUTE s"))
        assert refusals(client.ask(bind("", "s"), execute(), SYNC))
    columns = postgres.query("SELECT attname FROM pg_attribute WHERE attrelid = 'work'::regclass AND attnum > 0", flow_database)
    assert columns == [("number",)]


# Cancelling.


def wait_for_activity(postgres, process_id, state):
    sql = f"SELECT 1 FROM pg_stat_activity WHERE pid = {process_id} AND state = '{state}' AND (state = 'idle' OR wait_event = 'PgSleep')"
    servers.wait_until(lambda: postgres.query(sql, "postgres"), f"the server's session is {state}")


@pytest.mark.parametrize("version", [protocol.PROTOCOL_3_0, protocol.PROTOCOL_3_2])
def test_cancel(version, enforcing, postgres, flow_database):
    """G8, G13, G15: the process ID is the server's, the secret is the guard's, and the answer is none."""
    with connect(enforcing.port, database=flow_database, version=version) as client, Client(enforcing.port) as canceller:
        assert len(client.secret) == (4 if version == protocol.PROTOCOL_3_0 else 32)
        assert postgres.query(f"SELECT 1 FROM pg_stat_activity WHERE pid = {client.process_id}", "postgres")
        client.send(query("SELECT pg_sleep(300)"))
        wait_for_activity(postgres, client.process_id, "active")
        canceller.send(cancel_request(client.process_id, client.secret))
        assert canceller.rest() == []
        assert sqlstates(client.ready()) == ["57014"]
        assert client.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("wrong", ["secret", "process", "length", "empty", "truncated"])
def test_cancel_with_a_wrong_key_does_nothing(wrong, enforcing, postgres, flow_database):
    with connect(enforcing.port, database=flow_database) as client:
        flipped = bytes([client.secret[0] ^ 1]) + client.secret[1:]
        request = {"secret": cancel_request(client.process_id, flipped),
                   "process": cancel_request(client.process_id + 1, client.secret),
                   "length": cancel_request(client.process_id, client.secret + b"\0" * 28),
                   "empty": cancel_request(client.process_id, b""),
                   "truncated": cancel_request(client.process_id, client.secret[:3])}[wrong]
        client.send(query("SELECT pg_sleep(300)"))
        wait_for_activity(postgres, client.process_id, "active")
        with Client(enforcing.port) as canceller:
            canceller.send(request)
            canceller.rest()
        assert not client.readable(0)
        with Client(enforcing.port) as canceller:
            canceller.send(cancel_request(client.process_id, client.secret))
            assert canceller.rest() == []
        assert sqlstates(client.ready()) == ["57014"]


def test_cancel_of_a_session_that_is_gone(enforcing, flow_database):
    with connect(enforcing.port, database=flow_database) as client:
        key = client.process_id, client.secret
        client.send(TERMINATE)
        assert client.rest() == []
    with Client(enforcing.port) as canceller:
        canceller.send(cancel_request(*key))
        assert canceller.rest() == []


def test_the_servers_own_key_is_not_given_out(enforcing, postgres, flow_database):
    with connect(enforcing.port, database=flow_database) as client:
        client.send(query("SELECT pg_sleep(300)"))
        wait_for_activity(postgres, client.process_id, "active")
        with Client(postgres.port) as canceller:
            canceller.send(cancel_request(client.process_id, client.secret))
            canceller.rest()
        assert not client.readable(0)
        with Client(enforcing.port) as canceller:
            canceller.send(cancel_request(client.process_id, client.secret))
            canceller.rest()
        assert sqlstates(client.ready()) == ["57014"]


# Ends of connections.


def test_half_close_still_gets_its_answers(client):
    """G22"""
    client.send(query("SELECT generate_series(1, 20000)"), query("SELECT 2"))
    client.finish_sending()
    answers = client.rest()
    assert kinds(answers).count("D") == 20001 and kinds(answers).count("Z") == 2


def test_half_close_in_a_transaction_rolls_back(client, postgres, flow_database):
    client.send(query("BEGIN"), query("INSERT INTO work VALUES (5)"))
    client.finish_sending()
    assert kinds(client.rest()).count("Z") == 2
    assert postgres.query("SELECT count(*) FROM work WHERE number = 5", flow_database) == [(0,)]


def test_half_close_in_the_middle_of_a_message(client):
    client.send(query("SELECT 1"), query("SELECT 2")[:-3])
    client.finish_sending()
    assert kinds(client.rest()).startswith("TDCZ")


@pytest.mark.parametrize("state", ["idle", "busy", "in a transaction"])
def test_termination_by_an_administrator_reaches_the_client(state, client, postgres):
    """G19, G22: FATAL 57P01 as the server sends it, then the end."""
    if state == "busy":
        client.send(query("SELECT pg_sleep(300)"))
        wait_for_activity(postgres, client.process_id, "active")
    elif state == "in a transaction":
        client.simple("BEGIN")
    postgres.query(f"SELECT pg_terminate_backend({client.process_id})", "postgres")
    answers = [answer for answer in client.rest() if answer.kind == "E"]
    assert [(answer.fields["S"], answer.fields["V"], answer.sqlstate, answer.fields["M"]) for answer in answers] == [
        ("FATAL", "FATAL", "57P01", "terminating connection due to administrator command")]


def test_notification_while_idle(client, postgres, flow_database):
    """G19"""
    client.simple("LISTEN somewhere")
    postgres.query("NOTIFY somewhere, 'something'", flow_database)
    message = client.read()
    assert message.kind == "A" and message.body[4:] == b"somewhere\0something\0"
    assert client.rows("SELECT 1") == [["1"]]


def test_notice_in_the_middle_of_a_result(client, postgres, flow_database):
    postgres.query("CREATE OR REPLACE FUNCTION talkative(n int) RETURNS int LANGUAGE plpgsql AS "
                   "$$BEGIN RAISE NOTICE 'row %', n; RETURN n; END$$", flow_database)
    answers = client.simple("SELECT talkative(n) FROM generate_series(1, 3) AS n")
    assert kinds(answers) in ("TNDNDNDCZ", "NNNTDDDCZ"), answers


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGQUIT, signal.SIGKILL], ids=["fast", "immediate", "killed"])
def test_server_that_stops_and_comes_back(how, scratch, guard_factory):
    """The client sees what the server sent, the guard goes on listening and serves again."""
    server = servers.PostgresServer(scratch / f"stopping_{how.name}")
    guard = guard_factory("enforce", upstream=server.port)
    try:
        with connect(guard.port) as idle, connect(guard.port) as busy:
            busy.send(query("SELECT pg_sleep(300)"))
            wait_for_activity(server, busy.process_id, "active")
            server.administrator = None
            if how == signal.SIGKILL:  # of one session's process: the server then ends all of them
                servers.os.kill(busy.process_id, signal.SIGKILL)
                expected = []
            else:
                server.stop(how)
                expected = ["57P01"]
            # Ordered to leave at once the server says so in a notice, not in an error.
            assert [answer.sqlstate for answer in busy.rest() if answer.kind in "EN"] == expected
            assert [answer.sqlstate for answer in idle.rest() if answer.kind in "EN"] == (expected or ["57P02"])
            assert guard.process.poll() is None
        if how != signal.SIGKILL:
            with Client(guard.port) as refused:
                answers = refused.login()
                assert [(answer.fields["S"], answer.sqlstate) for answer in errors(answers)] == [("FATAL", "08006")]
            server.start()

        def back():
            with Client(guard.port) as again:
                return again.login()[-1].kind == "Z"

        servers.wait_until(back, "the guard serves again")
    finally:
        server.stop()


def test_connecting_and_leaving_without_a_word(enforcing, flow_database):
    """G6"""
    for data in (b"", b"\0", b"\0\0\0", b"\0\0\0\x08\x04", protocol.SSL_REQUEST, protocol.startup({"user": "app"})[:-3]):
        with Client(enforcing.port) as client:
            client.send(data)
    with connect(enforcing.port, database=flow_database) as client:
        assert client.rows("SELECT 1") == [["1"]]
