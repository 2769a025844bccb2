"""Fixtures: one PostgreSQL for the whole run, a guard a test or a module, a fresh database a test."""
import itertools
import pathlib
import shutil
import sys
import tempfile

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

from servers import Guard, PostgresServer  # noqa: E402

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def scratch():
    """A directory that the server's own account may enter; gone after the run."""
    directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-e2e-"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(scratch):
    server = PostgresServer(scratch / "postgres")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def guard_factory(scratch, postgres):
    """guard_factory(mode=…, migrators=…, server={…}, config={…}, upstream=port) starts a guard; all stop with the module."""
    started = []

    def start(mode="enforce", upstream=None, **keywords):
        guard = Guard(scratch / f"guard-{next(_numbers)}", upstream or postgres.port, mode=mode, **keywords)
        started.append(guard)
        return guard.start()

    yield start
    for guard in started:
        guard.stop()


@pytest.fixture(scope="module")
def enforcing(guard_factory):
    return guard_factory("enforce")


@pytest.fixture(scope="module")
def observing(guard_factory):
    return guard_factory("observe")


@pytest.fixture
def database(postgres):
    """The name of a fresh database owned by app."""
    name = f"fresh_{next(_numbers)}"
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def trusting(scratch):
    """A PostgreSQL that asks nobody for a password, for raw sockets."""
    server = PostgresServer(scratch / "trusting-everybody")
    hba = server.data / "pg_hba.conf"
    hba.write_text("local all all trust\nhost all all 127.0.0.1/32 trust\n", encoding="ascii")
    server.query("SELECT pg_reload_conf()")
    yield server
    server.stop()
