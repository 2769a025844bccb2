"""The beginning of a connection: what may stand before, in and behind the startup packet (evasion section 5, G1-G12)."""
import struct

import pytest

import protocol
from protocol import Client, connect, cstring, errors, query, sqlstates, startup


@pytest.fixture(scope="module")
def startup_database(postgres):
    postgres.create_database("startups")
    postgres.query("CREATE TABLE victim (a int); ALTER TABLE victim OWNER TO app", "startups")
    yield "startups"
    postgres.drop_database("startups")


def attempt(port, *pieces):
    """Sends raw first bytes; the messages up to the end or to the first question for a password."""
    with Client(port) as client:
        client.send_until_closed(b"".join(pieces))
        return client.authenticate("app", "app")


def ordinary(database, extra=()):
    return [("user", "app"), ("database", database), *extra]


# Before the startup packet.


@pytest.mark.parametrize("requests", [[protocol.SSL_REQUEST], [protocol.GSSENC_REQUEST], [protocol.SSL_REQUEST, protocol.GSSENC_REQUEST],
                                      [protocol.GSSENC_REQUEST, protocol.SSL_REQUEST]])
def test_negotiation_is_answered_no_and_the_login_goes_on(requests, enforcing, startup_database):
    """G1, evasion 106, 107, 110: a listener without TLS; the answers are the guard's own."""
    with Client(enforcing.port) as client:
        for request in requests:
            client.send(request)
            assert client.read_bytes(1) == b"N"
        client.login("app", startup_database)
        assert client.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("request_bytes", [protocol.SSL_REQUEST, protocol.GSSENC_REQUEST])
def test_negotiation_asked_twice_ends_the_connection(request_bytes, enforcing):
    with Client(enforcing.port) as client:
        client.send(request_bytes)
        assert client.read_bytes(1) == b"N"
        client.send_until_closed(request_bytes)
        answers = client.rest()
        assert all(error.fields["S"] == "FATAL" for error in errors(answers)) and not sqlstates(answers).count("")


@pytest.mark.parametrize("request_bytes", [protocol.SSL_REQUEST, protocol.GSSENC_REQUEST])
def test_plain_bytes_behind_a_negotiation_request(request_bytes, enforcing, startup_database):
    """G2, evasion 109: sent together, the startup packet may be somebody else's."""
    with Client(enforcing.port) as client:
        client.send_until_closed(request_bytes + startup(ordinary(startup_database)))
        data = b""
        while chunk := receive(client):
            data += chunk
        assert b"FATAL" in data and b"08P01" in data and b"\x00\x00\x00\x17" not in data
        assert b"R\x00\x00" not in data


def receive(client):
    try:
        return client.socket.recv(65536)
    except ConnectionResetError:
        return b""


def test_direct_tls_on_a_plain_listener(enforcing):
    """evasion 108: a ClientHello is not read as a length of hundreds of megabytes; the connection ends."""
    hello = bytes.fromhex("16030100a5010000a10303") + bytes(range(150))
    with Client(enforcing.port) as client:
        client.send_until_closed(hello)
        data = receive(client)
        assert data == b"" or b"FATAL" in data
        assert receive(client) == b"" or True


@pytest.mark.parametrize("packet", [
    struct.pack("!I", 0), struct.pack("!I", 4), struct.pack("!II", 7, 0), struct.pack("!I", 10_001) + b"\0" * 100,
    struct.pack("!I", 0x7FFFFFFF) + b"\0" * 100, struct.pack("!I", 0xFFFFFFFF), struct.pack("!II", 8, 196608),
    struct.pack("!II", 9, 196608) + b"u", startup({"user": "app"}, final_nul=False), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    struct.pack("!III", 12, 80877102, 1), struct.pack("!II", 8, 80877102), struct.pack("!II", 8, 80877199),
    struct.pack("!II", 300, 80877102) + b"k" * 292,
], ids=["zero", "four", "seven", "too long", "huge", "minus one", "no parameters", "cut", "no end", "http", "short cancel",
        "empty cancel", "unknown code", "long cancel"])
def test_malformed_first_packets_end_the_connection(packet, enforcing, startup_database):
    """G5, evasion 106: what cannot be read is never passed on."""
    answers = attempt(enforcing.port, packet)
    assert all(answer.kind == "E" and answer.fields["S"] == "FATAL" for answer in answers), answers
    with connect(enforcing.port, database=startup_database) as client:
        assert client.rows("SELECT 1") == [["1"]]


@pytest.mark.parametrize("packet", [struct.pack("!I", 7), struct.pack("!I", 20_000), protocol.TERMINATE],
                         ids=["too short", "too long", "terminate"])
def test_impossible_lengths_are_closed_as_the_server_closes_them(packet, postgres, enforcing):
    """Without a word: drivers that are told to end before they began take an error for one of their own."""
    endings = []
    for port in (postgres.port, enforcing.port):
        with Client(port) as client:
            client.send_until_closed(packet)
            endings.append(receive(client))
    assert endings == [b"", b""]


@pytest.mark.parametrize("version", [2 << 16, 1 << 16, 4 << 16, 0x00030000 - 1, 0x04D20000])
def test_other_protocol_versions_are_refused(version, enforcing):
    """evasion 111"""
    answers = attempt(enforcing.port, startup({"user": "app"}, version))
    assert [error.fields["S"] for error in errors(answers)] == ["FATAL"] and len(answers) == 1


@pytest.mark.parametrize("version, options, answered", [
    (3 << 16 | 2, [], False), (3 << 16 | 9999, [], True), (3 << 16, ["_pq_.x"], True), (3 << 16 | 2, ["_pq_.x", "_pq_.y"], True),
    (3 << 16 | 9999, ["_pq_.test_protocol_negotiation"], True)])
def test_newer_minor_versions_and_unknown_options(version, options, answered, enforcing, startup_database):
    """G7, evasion 112: one NegotiateProtocolVersion, before the authentication, with every unknown option."""
    extra = [(option, "on") for option in options]
    with Client(enforcing.port) as client:
        client.send(startup(ordinary(startup_database, extra), version))
        messages = client.authenticate("app", "app")
        negotiations = [message for message in messages if message.kind == "v"]
        assert len(negotiations) == answered and messages[-1].kind == "Z"
        if answered:
            assert messages[0].kind == "v"
            minor, count = struct.unpack("!II", negotiations[0].body[:8])
            assert minor in (2, 3 << 16 | 2, 0, 3 << 16) and count == len(options)
            assert negotiations[0].body[8:] == b"".join(cstring(option) for option in options)
        assert client.rows("SELECT 1") == [["1"]]


# Who and where.


@pytest.mark.parametrize("parameters", [{}, {"user": ""}, {"database": "postgres"}, {"user": "", "database": "app"}, {"USER": "app"}])
def test_without_a_user_name(parameters, enforcing):
    """G5: an empty name must not become anybody's."""
    answers = attempt(enforcing.port, startup(parameters))
    assert sqlstates(answers) == ["28000"] and answers[-1].fields["S"] == "FATAL"


@pytest.mark.parametrize("key", ["user", "database", "options", "application_name", "Application_Name"])
def test_keys_given_twice(key, enforcing, startup_database):
    """evasion 113: the server takes the last, a careless guard the first."""
    pairs = [("user", "app"), ("database", startup_database), ("application_name", "a"), ("options", "-c work_mem=1MB")]
    value = {"user": "deploy", "database": "postgres"}.get(key, "-c work_mem=2MB")
    answers = attempt(enforcing.port, startup(pairs + [(key, value)]))
    assert len(answers) == 1 and answers[0].fields["S"] == "FATAL"


@pytest.mark.parametrize("user, password", [("app", "wrong"), ("nobody_at_all", "x"), ("postgres", "")])
def test_failing_logins_are_the_servers_own(user, password, enforcing, postgres, startup_database):
    answers = []
    for port in (postgres.port, enforcing.port):
        with Client(port) as client:
            answers.append(client.login(user, startup_database, password)[-1])
    assert answers[0] == answers[1] and answers[0].sqlstate == "28P01"


def test_database_that_does_not_exist(enforcing, postgres):
    answers = []
    for port in (postgres.port, enforcing.port):
        with Client(port) as client:
            answers.append(client.login("app", "no_such_database")[-1])
    assert answers[0] == answers[1] and answers[0].sqlstate == "3D000"


def test_no_database_means_the_users_name(enforcing, postgres):
    """evasion 117"""
    postgres.create_database("reader", "reader")
    try:
        with Client(enforcing.port) as client:
            client.send(startup({"user": "reader"}))
            client.authenticate("reader", "reader")
            assert client.rows("SELECT current_database()") == [["reader"]]
            assert protocol.refusals(client.simple("CREATE TABLE intruder (a int)"))
    finally:
        postgres.drop_database("reader")


def test_requests_behind_the_password_are_judged(enforcing, postgres, startup_database):
    """Pipelined with the end of the login; the guard must not take them for part of it."""
    with Client(enforcing.port) as client:
        client.send(startup(ordinary(startup_database)))
        scram = protocol.Scram("app")
        while True:
            message = client.read()
            code = struct.unpack("!I", message.body[:4])[0] if message.kind == "R" else -1
            if code == 10:
                first = scram.first()
                client.send(protocol.frame("p", cstring("SCRAM-SHA-256") + struct.pack("!I", len(first)) + first))
            elif code == 11:
                client.send(protocol.frame("p", scram.final(message.body[4:])) + query("SELECT 1") + query("CREATE TABLE intruder (a int)"))
            elif message.kind == "Z":
                break
        assert not errors(client.ready())
        assert protocol.refusals(client.ready())
    assert postgres.query("SELECT 1 FROM pg_class WHERE relname = 'intruder'", startup_database) == []


@pytest.mark.parametrize("message", [query("CREATE TABLE intruder (a int)"), protocol.SYNC, protocol.frame("Z", b"I"), protocol.copy_data("x")])
@pytest.mark.parametrize("ahead", [False, True])
def test_anything_but_a_password_ends_the_login(message, ahead, enforcing, postgres, startup_database):
    """G12: where the server asks for a password it takes nothing else, and says so at once; the guard does the same."""
    endings = []
    for port in (postgres.port, enforcing.port):
        with Client(port) as client:
            client.send_until_closed(startup(ordinary(startup_database)) + (message if ahead else b""))
            if not ahead:
                assert client.read().kind == "R"
                client.send_until_closed(message)
            endings.append([(answer.kind, *(answer.fields[field] for field in "SCM" if answer.kind == "E")) for answer in client.rest()])
    assert endings[0] == endings[1] and endings[1][-1][:3] == ("E", "FATAL", "08P01")
    assert postgres.query("SELECT 1 FROM pg_class WHERE relname = 'intruder'", startup_database) == []


@pytest.mark.parametrize("message", [protocol.frame("p", b"x" * 70_000), protocol.frame("p", b"", 3), protocol.frame("p", b"", -1)])
def test_impossible_lengths_of_a_password(message, enforcing, startup_database):
    with Client(enforcing.port) as client:
        client.send(startup(ordinary(startup_database)))
        assert client.read().kind == "R"
        client.send_until_closed(message)
        answers = client.rest()
        assert set(sqlstates(answers)) <= {"08P01"} and "Z" not in protocol.kinds(answers)


# Settings.


ORDINARY = [
    [("application_name", "psql")], [("client_encoding", "UTF8")], [("client_encoding", "utf-8")], [("client_encoding", "'utf-8'")],
    [("client_encoding", "LATIN1")], [("DateStyle", "ISO")], [("datestyle", "ISO, MDY")], [("TimeZone", "Europe/Berlin")],
    [("extra_float_digits", "2")], [("options", "-c work_mem=4MB")], [("options", "-c statement_timeout=5s -c lock_timeout=1s")],
    [("options", "--work-mem=4MB")], [("options", "-cgeqo=off")], [("options", "")], [("options", "  ")],
    [("options", "-c search_path=public,app")], [("search_path", "public")], [("statement_timeout", "1000")],
    [("standard_conforming_strings", "on")], [("options", "-c standard_conforming_strings=on")], [("replication", "false")],
    [("replication", "0")], [("replication", "off")], [("options", "-c application_name=two\\ words")],
    [("default_transaction_isolation", "serializable")], [("options", "-c my.own_setting=1")],
]


@pytest.mark.parametrize("extra", ORDINARY, ids=str)
def test_ordinary_settings_pass(extra, enforcing, postgres, startup_database):
    """evasion 114: what drivers and people send; the server reports the same parameters as without a guard."""
    with connect(postgres.port, database=startup_database, parameters=extra) as direct:
        with connect(enforcing.port, database=startup_database, parameters=extra) as guarded:
            assert guarded.parameters == direct.parameters
            assert protocol.kinds(guarded.startup_answers) == protocol.kinds(direct.startup_answers)
            for name in ("work_mem", "search_path", "application_name"):
                assert guarded.rows(f"SHOW {name}") == direct.rows(f"SHOW {name}")


OFF = "standard_conforming_strings"
GUARDED = [
    [(OFF, "off")], [("STANDARD_conforming_STRINGS", "OFF")], [(OFF, "of")], [(OFF, "0")], [(OFF, "false")], [(OFF, "no")], [(OFF, "f")],
    [("options", f"-c {OFF}=off")], [("options", f"-c{OFF}=off")], [("options", f"--{OFF}=off")],
    [("options", "--standard-conforming-strings=off")], [("options", "--Standard-Conforming_Strings=off")],
    [("options", f"-c work_mem=4MB -c {OFF}=off")], [("options", f"-c {OFF}\\=off")], [("options", f"-c stand\\ard_conforming_strings=off")],
    [("options", f"\t-c\n{OFF}=off")], [("options", f"\v-c\f{OFF}=off")], [("options", f"-c {OFF}=on -c {OFF}=off")],
    [("options", f"-e -c {OFF}=off")], [("options", f"-d 0 -c {OFF}=off")], [("options", f"-fs -c {OFF}=off")], [("options", f"-S 64 -c {OFF}=off")],
    [("options", "-c STANDARD-CONFORMING-STRINGS=off")], [("options", f"-c \\{OFF}=off")],
    [("client_encoding", "SJIS")], [("client_encoding", "Shift-JIS")], [("client_encoding", "sjis")], [("CLIENT_ENCODING", "GBK")],
    [("client_encoding", "gb18030")], [("client_encoding", "Big5")], [("client_encoding", "'GBK'")], [("options", "-c client_encoding=GBK")],
    [("options", "--client-encoding=BIG5")], [("client_encoding", "shiftjis2004")], [("client_encoding", "uhc")], [("client_encoding", "johab")],
    [("session_authorization", "postgres")], [("options", "-c session_authorization=postgres")],
    [("session_replication_role", "replica")], [("options", "-c session_replication_role=replica")],
    [("local_preload_libraries", "evil")], [("session_preload_libraries", "evil")], [("options", "-c dynamic_library_path=/tmp")],
    [("allow_system_table_mods", "on")], [("options", "-O")], [("options", "-P")], [("options", "-c ignore_system_indexes=on")],
]


@pytest.mark.parametrize("extra", GUARDED, ids=str)
def test_settings_that_change_reading_identity_or_code_are_refused(extra, enforcing, postgres, startup_database):
    """evasion 47, 53, 114, 124, 151, 152, 154 in every spelling that the server understands."""
    with Client(enforcing.port) as client:
        answers = client.login("app", startup_database, parameters=extra)
        if answers[-1].kind == "Z":  # let through: then the server must not have understood it that way
            assert client.parameters["standard_conforming_strings"] == "on", answers
            assert client.parameters["client_encoding"].upper() in ("UTF8", "SQL_ASCII", "LATIN1"), client.parameters
            assert client.parameters["session_authorization"] == "app"
            for name in ("session_replication_role", "local_preload_libraries", "session_preload_libraries", "allow_system_table_mods",
                         "ignore_system_indexes"):
                assert client.rows(f"SHOW {name}") in ([["origin"]], [[""]], [["off"]])
        else:
            assert len(errors(answers)) == 1 and answers[-1].fields["S"] == "FATAL"


@pytest.mark.parametrize("extra", [GUARDED[0], GUARDED[7], GUARDED[10], GUARDED[24], [("session_replication_role", "replica")],
                                   [("local_preload_libraries", "evil")]], ids=str)
def test_such_a_setting_is_refused_before_the_server_is_asked(extra, enforcing, startup_database):
    with Client(enforcing.port) as client:
        answers = client.login("app", startup_database, parameters=extra)
        assert sqlstates(answers) == ["42501"] and "schemaguard: startup setting" in answers[-1].fields["M"]
        assert answers[-1].fields["H"]


@pytest.mark.parametrize("extra", [[("role", "reader")], [("options", "-c role=reader")]], ids=str)
def test_role_at_startup_is_tracked(extra, enforcing, postgres, startup_database):
    postgres.query("GRANT reader TO app", "postgres")
    with connect(enforcing.port, database=startup_database, parameters=extra) as client:
        assert client.rows("SELECT current_user") == [["reader"]]
        assert protocol.refusals(client.simple("ALTER TABLE victim ADD b int"))


@pytest.mark.parametrize("value", ["true", "on", "yes", "1", "t", "TRUE", "database", "DataBase", "y", "tru"])
@pytest.mark.parametrize("key", ["replication", "Replication"])
def test_replication_connections_are_refused_unless_listed(key, value, enforcing, startup_database):
    """evasion 119, G11"""
    with Client(enforcing.port) as client:
        answers = client.login("postgres", startup_database, parameters=[(key, value)])
        if key == "replication":
            assert sqlstates(answers) == ["28000"] and "schemaguard" in answers[-1].fields["M"]
        else:  # the server knows the key in lower case only
            assert errors(answers)


def test_search_path_of_the_startup_packet_counts(enforcing, postgres, startup_database):
    """G10: a temporary schema named there does not make persistent names temporary."""
    extra = [("options", "-c search_path=public,pg_temp")]
    with connect(enforcing.port, database=startup_database, parameters=extra) as client:
        client.simple("CREATE TEMP TABLE victim (a int)")
        assert protocol.refusals(client.simple("ALTER TABLE victim ADD b int"))
    assert postgres.query("SELECT count(*) FROM pg_attribute WHERE attrelid = 'victim'::regclass AND attnum > 0", startup_database) == [(1,)]
