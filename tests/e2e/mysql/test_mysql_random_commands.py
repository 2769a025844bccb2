"""Random runs of commands, pipelined in one write, directly and through the observing guard: every byte of the answers is
the same. SCHEMAGUARD_LONG plays more of them. (What the guard answers itself is left out: the server has no warning of
it.)"""
import os
import random
import re
import struct

import pytest

import packets
from packets import BASIC, MULTI, Capability, Command, Extended
from plays import FIXTURE

RUNS = 2000 if os.environ.get("SCHEMAGUARD_LONG") else 120
TEXTS = [
    b"SELECT 1", b"SELECT * FROM t", b"DO 1", b"SET @a = 1", b"SET NAMES latin1", b"SET NAMES utf8mb4", b"USE shop", b"BEGIN",
    b"COMMIT", b"SELECT 1; SELECT 2", b"CALL two_results()", b"SELECT nosuch", b"", b"SET sql_mode = 'ANSI_QUOTES'",
    b"SET sql_mode = ''", b"SET session_track_system_variables = ''", b"CREATE TEMPORARY TABLE x (a INT)",
    b"DROP TEMPORARY TABLE IF EXISTS x", b"PREPARE p FROM 'SELECT 1'", b"EXECUTE p", b"INSERT INTO t VALUES (1, 'again')",
    b"LOCK TABLES t READ", b"UNLOCK TABLES", b"SELECT REPEAT('x', 100000)", b"SHOW WARNINGS",
    b"SELECT 1; SELECT nosuch; SELECT 2", b"SET session_track_schema = 0", b"SET session_track_state_change = 1",
    b"HANDLER t OPEN", b"EXPLAIN SELECT 1", b"SAVEPOINT s", b"ROLLBACK TO s", b"ROLLBACK",
]
CAPABILITIES = [BASIC, MULTI, MULTI | Capability.DEPRECATE_EOF, MULTI | Capability.SESSION_TRACK,
                MULTI | Capability.SESSION_TRACK | Capability.DEPRECATE_EOF]
# (weight, payload) of one command.
KINDS = [
    (55, lambda dice, ids: bytes([Command.QUERY]) + dice.choice(TEXTS)),
    (10, lambda dice, ids: bytes([Command.PREPARE]) + dice.choice(TEXTS)),
    (10, lambda dice, ids: bytes([Command.EXECUTE])
     + struct.pack("<IBI", dice.choice([*ids, packets.LAST_PREPARED]), dice.choice([0, 0, 1]), 1)),
    (6, lambda dice, ids: bytes([dice.choice([Command.PING, Command.RESET_CONNECTION, Command.SET_OPTION, Command.INIT_DB])])
     + dice.choice([b"", b"shop", b"mysql", b"nosuch"])),
    (5, lambda dice, ids: bytes([dice.choice([Command.CLOSE, Command.RESET])]) + struct.pack("<I", dice.choice(ids))),
    (3, lambda dice, ids: bytes([Command.SEND_LONG_DATA]) + struct.pack("<IH", dice.choice(ids), 0) + b"long"),
    (5, lambda dice, ids: bytes([Command.FETCH]) + struct.pack("<II", dice.choice(ids), 1)),
]


def commands(dice, ids, kinds=KINDS):
    """`ids`: of statements; a session may have prepared them or not."""
    weights, kinds = zip(*kinds)
    return b"".join(packets.frame(kind(dice, ids)) for kind in dice.choices(kinds, weights, k=dice.randint(1, 25)))


def answers(port, sent, capabilities, extended, piece=0):
    """All that comes until the server ends it, without what is another session's: numbers of statements."""
    with packets.connect(port, capabilities=capabilities, extended=extended) as client:
        client.piece = piece
        client.send(sent + packets.frame(bytes([Command.PING])) + packets.frame(bytes([Command.QUIT])))
        received = client.read_to_end()
    received = re.sub(rb"(handler|statement) \(\d+\)( given to \w+)?", rb"\1", received)
    return re.sub(rb"\x0c\0\0\x01\0....(....\0..)", rb"prepared\1", received, flags=re.DOTALL)


@pytest.mark.parametrize("part", range(4))
def test_random_commands(server, observing, part):
    server.fresh_database()
    server.query(FIXTURE, "shop")
    # MariaDB goes on counting from session to session: there only the last one can be called.
    ids = (900_000_001, 900_000_002) if server.is_mariadb else (1, 2, 3)
    kinds = KINDS if server.is_mariadb else KINDS[:-1]  # MySQL 9.7.4 itself ends with SIGSEGV at some FETCHes
    for seed in range(part, RUNS, 4):
        dice = random.Random(seed)
        sent, capabilities = commands(dice, ids, kinds), dice.choice(CAPABILITIES)
        extended = dice.choice([0, 0, Extended.CACHE_METADATA]) if server.is_mariadb else 0
        expected = answers(server.port, sent, capabilities, extended)
        assert answers(observing.port, sent, capabilities, extended, dice.choice([0, 0, 7])) == expected, seed
