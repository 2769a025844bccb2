"""Databases with rules and modes of their own, however a client calls them: the server converts names from the client's
character set (M46)."""
import struct

import pytest

import packets
from packets import BASIC, MULTI, Capability, Command, PacketClient, connect
from plays import FIXTURE
from refusals import assert_refused, assert_usable

LATIN1, UTF8 = 8, 45


@pytest.fixture(scope="module")
def protecting_one(mysql_guards):
    """Only what is called café is protected; everything else is watched."""
    return mysql_guards("observe", server={"databases": {"café": {"mode": "enforce"}}})


@pytest.fixture(autouse=True)
def databases(server):
    for name in ("café", "größe", "shop"):
        server.fresh_database(f"`{name}`")
        server.query(FIXTURE, name)
    yield
    assert server.tables("café") == {"t"}
    server.query("DROP DATABASE `café`; DROP DATABASE `größe`")


def named(name, charset):
    return name.encode("latin1" if charset == LATIN1 else "utf8")


def by_command(guard, name, charset):
    client = connect(guard.port, charset=charset)
    client.command(Command.INIT_DB, named(name, charset))
    assert not client.read_packet().error
    return client


def by_text(guard, name, charset):
    client = connect(guard.port, charset=charset)
    assert not client.ask(b"USE `" + named(name, charset) + b"`").error
    return client


def by_login(guard, name, charset):
    client = PacketClient(guard.port)
    client.read_greeting()
    plugin = client.greeting.plugin
    body = client.response("app", packets.scramble(plugin, b"app", client.greeting.nonce), "DATABASE", charset, plugin)
    client.send(packets.frame(body.replace(b"DATABASE", named(name, charset)), 1))
    assert not client.finish_login(b"app", plugin).error
    return client


def by_change_of_user(guard, name, charset):
    client = connect(guard.port)
    plugin = client.greeting.plugin
    response = packets.scramble(plugin, b"app", client.greeting.nonce)
    client.command(Command.CHANGE_USER, b"app\0" + bytes([len(response)]) + response + named(name, charset) + b"\0"
                   + struct.pack("<H", charset) + plugin.encode() + b"\0")
    assert not client.finish_login(b"app", plugin).error
    return client


def unreported(guard, name, charset):
    client = connect(guard.port, charset=charset)
    assert not client.ask("SET session_track_schema = OFF").error
    client.command(Command.INIT_DB, named(name, charset))
    assert not client.read_packet().error
    return client


@pytest.mark.parametrize("way", [by_command, by_text, by_login, by_change_of_user, unreported])
@pytest.mark.parametrize("charset", [LATIN1, UTF8])
def test_default_database(protecting_one, way, charset):
    with way(protecting_one, "café", charset) as client:
        assert client.value("SELECT HEX(CONVERT(DATABASE() USING utf8mb4))") == "636166C3A9"
        assert_refused(client.ask("ALTER TABLE t ADD COLUMN extra INT"))
        client.command(Command.RESET_CONNECTION)
        assert not client.read_packet().error
        assert_refused(client.ask("ALTER TABLE t ADD COLUMN extra INT"))
        assert_usable(client)
    if way is not unreported:
        with way(protecting_one, "größe", charset) as client:
            assert not client.ask("ALTER TABLE t ADD COLUMN extra INT").error


@pytest.mark.parametrize("charset", [LATIN1, UTF8])
def test_qualified_name(protecting_one, server, charset):
    with connect(protecting_one.port, charset=charset, capabilities=MULTI) as client:
        cafe = named("café", charset)
        for text in (b"DROP TABLE %s.t", b"CREATE TABLE %s.n (a INT)", b"RENAME TABLE t TO %s.n", b"SELECT 1; DROP TABLE %s.t",
                     b"USE `%s`; DROP TABLE t"):
            answers = client.query(text % cafe)
            assert len(answers) == 1, answers
            assert_refused(answers[0])
            if b";" not in text:
                client.command(Command.PREPARE, text % cafe)
                assert_refused(client.read_packet())
        assert not client.ask(b"ALTER TABLE t ADD COLUMN " + named("größe", charset) + b" INT").error
        assert not client.ask("ALTER TABLE shop.t ADD COLUMN other INT").error
    with connect(protecting_one.port, capabilities=MULTI) as client:
        answers = client.query(b"SET NAMES latin1; DROP TABLE " + named("café", LATIN1) + b".t")
        assert_refused(answers[0])
        assert not client.ask("ALTER TABLE größe.t ADD COLUMN extra INT").error


def test_more_databases_than_are_counted(protecting_one):
    with connect(protecting_one.port) as client:
        assert_refused(client.ask("DROP TABLE IF EXISTS café.t" + "".join(f", d{number}.t" for number in range(20))))


def test_a_client_that_tracks_sees_the_names_as_they_came(protecting_one, server):
    """21: what the guard learns from a report, the client gets as it was."""
    seen = []
    for port in (server.port, protecting_one.port):
        with connect(port, capabilities=BASIC | Capability.SESSION_TRACK, charset=LATIN1) as client:
            client.command(Command.INIT_DB, named("café", LATIN1))
            seen.append([client.read_packet().frames, client.query(b"USE `gr\xf6\xdfe`")[0].frames])
    assert seen[0] == seen[1]
