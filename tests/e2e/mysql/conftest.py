"""Fixtures: one server for the whole run, guards in front of it, and the tables that the tests play with."""
import itertools

import pytest

from plays import FIXTURE
from protected_server import start_server
from servers import Guard

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def server(scratch):
    started = start_server(scratch / "protected-server")
    yield started
    started.stop()


@pytest.fixture(scope="module")
def mysql_guards(scratch, server):
    """mysql_guards(mode, server={…}, config={…}, upstream=port) starts a guard; all stop with the module."""
    started = []

    def start(mode="enforce", upstream=None, **keywords):
        settings = {"engine": "mysql", **keywords.pop("server", {})}
        guard = Guard(scratch / f"mysql-guard-{next(_numbers)}", upstream or server.port, mode=mode, server=settings,
                      **keywords)
        started.append(guard)
        return guard.start()

    yield start
    for guard in started:
        assert guard.stop() == 0, guard.log()


@pytest.fixture(scope="module")
def enforcing(mysql_guards):
    return mysql_guards("enforce")


@pytest.fixture(scope="module")
def observing(mysql_guards):
    return mysql_guards("observe")


@pytest.fixture
def shop(server):
    """The database shop as every test finds it."""
    server.fresh_database()
    server.query(FIXTURE, "shop")
    return server
