"""What the guard lets through looks as it looks directly: every play, frame by frame, in both modes and in every cut."""
import pytest

from plays import FIXTURE, MARIADB, MYSQL, PLAYS, Way

# In enforce mode the guard stops what these plays do.
REFUSED_IN_ENFORCE = {"local_file", "prepared_local_file", "commands_that_nobody_knows",
                      "texts_that_no_server_reads", "character_sets_by_number"}


def fresh(server):
    server.fresh_database()
    server.query(FIXTURE, "shop")


@pytest.fixture(scope="module")
def seen_directly(server):
    """What each play sees without a guard, found out once."""
    seen = {}

    def look(name):
        if name not in seen:
            fresh(server)
            seen[name] = PLAYS[name][0](Way(server.port))
        return seen[name]
    return look


def play_through(name, server, seen_directly, guard, piece=0):
    play, marks = PLAYS[name]
    if (MYSQL if server.is_mariadb else MARIADB) in marks:
        return  # the other server's play
    expected = seen_directly(name)
    fresh(server)
    assert play(Way(guard.port, piece)) == expected


@pytest.mark.parametrize("name", PLAYS)
def test_play_through_the_observing_guard(name, server, seen_directly, observing):
    play_through(name, server, seen_directly, observing)


@pytest.mark.parametrize("piece", [1, 5])
@pytest.mark.parametrize("name", [name for name, (_, marks) in PLAYS.items() if "big" not in marks])
def test_play_cut_into_pieces(name, piece, server, seen_directly, observing):
    play_through(name, server, seen_directly, observing, piece)


@pytest.mark.parametrize("name", [name for name in PLAYS if name not in REFUSED_IN_ENFORCE])
def test_play_through_the_enforcing_guard(name, server, seen_directly, enforcing):
    play_through(name, server, seen_directly, enforcing)
