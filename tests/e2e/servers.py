"""The real programs that the end-to-end tests play with: a throw-away PostgreSQL and the guard.

PG_BIN names the folder with another PostgreSQL's programs (initdb, postgres, psql, pg_dump, pg_restore, pgbench); the
tests know the versions 15 to 18.

Nothing here waits by sleeping for a guessed time: a server is up when it accepts a connection, a process is gone when
its parent has been told. Everything listens on loopback and lives in one temporary directory.
"""
import contextlib
import functools
import os
import pathlib
import pwd
import re
import select
import shutil
import signal
import socket
import subprocess
import time

import psycopg2
import yaml

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("SCHEMAGUARD_BINARY", str(REPOSITORY / "build" / "schemaguard"))
DEADLINE_SECONDS = 60
PG_BIN = os.environ.get("PG_BIN", "/usr/lib/postgresql/15/bin")
os.environ["PATH"] = f"{PG_BIN}:{os.environ['PATH']}"  # psql is called by its bare name


def postgres_program(name):
    return str(pathlib.Path(PG_BIN) / name)


@functools.cache
def major_version():
    """Of the server's programs and of psql, which come from the same folder."""
    output = subprocess.run([postgres_program("postgres"), "--version"], check=True, capture_output=True, text=True).stdout
    return int(re.search(r"\) (\d+)", output)[1])


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, what, seconds=DEADLINE_SECONDS):
    """Polls a condition that another process makes true; fails loudly after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"still not true after {seconds} s: {what}")
        select.select([], [], [], 0.02)


def accepts_connections(port, host="127.0.0.1"):
    with contextlib.suppress(OSError), socket.create_connection((host, port), timeout=1):
        return True
    return False


class PostgresServer:
    """A PostgreSQL cluster of its own: scram passwords, every statement in its log, no fsync.

    Roles: postgres (superuser), app (an application that owns its databases, the strongest case), deploy (the
    migrator), reader (may only read). Each role's password is its name.
    """

    ROLES = ("app", "deploy", "reader")

    def __init__(self, directory, settings=None):
        self.directory = pathlib.Path(directory)
        self.data = self.directory / "data"
        self.log_file = self.directory / "postgres.log"
        self.port = free_port()
        self.as_postgres = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        self.directory.mkdir(parents=True, exist_ok=True)
        if self.as_postgres:
            account = pwd.getpwnam("postgres")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            for parent in self.directory.parents:  # pytest's own directories are closed to other users
                if parent.owner() == pwd.getpwuid(os.geteuid()).pw_name and not parent.stat().st_mode & 0o011:
                    parent.chmod(parent.stat().st_mode | 0o011)
        password_file = self.directory / "superuser_password"
        password_file.write_text("postgres\n")
        password_file.chmod(0o644)
        self._run([postgres_program("initdb"), "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--locale=C",
                   "-A", "scram-sha-256", f"--pwfile={password_file}", "--no-sync"])
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.directory),
            "fsync": "off",
            "full_page_writes": "off",
            "synchronous_commit": "off",
            "log_statement": "all",
            "log_line_prefix": "%p %e ",
            "log_connections": "on",
            "max_connections": "100",
            "max_prepared_transactions": "20",
            "shared_buffers": "32MB",
            "autovacuum": "off",
            "password_encryption": "scram-sha-256",
            "wal_level": "logical",
            "max_wal_senders": "4",
            "logging_collector": "off",
        }
        options.update(settings or {})
        with open(self.data / "postgresql.auto.conf", "a", encoding="utf-8") as config:
            for name, value in options.items():
                config.write(f"{name} = '{value}'\n")
        self.process = None
        self.administrator = None
        self.start()
        with self.connect("postgres") as connection, connection.cursor() as cursor:
            for role in self.ROLES:
                cursor.execute(f"CREATE ROLE {role} LOGIN PASSWORD '{role}'")
        self.create_database("shop")

    def _run(self, command):
        return subprocess.run(self.as_postgres + command, check=True, capture_output=True, text=True,
                              cwd=self.directory)

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.as_postgres + [postgres_program("postgres"), "-D", str(self.data)],
                                            stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=self.directory)
        wait_until(self._is_ready, "PostgreSQL accepts connections")

    def _is_ready(self):
        assert self.process.poll() is None, self.log()
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def postmaster_pid(self):
        return int((self.data / "postmaster.pid").read_text().split()[0])

    def stop(self, how=signal.SIGINT):
        if self.process is None or self.process.poll() is not None:
            return
        self.administrator = None
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            os.kill(self.postmaster_pid(), how)
        try:
            self.process.wait(timeout=DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            os.kill(self.postmaster_pid(), signal.SIGQUIT)
            self.process.wait(timeout=DEADLINE_SECONDS)

    def crash(self):
        """Ends every server process without a checkpoint, as a power cut would."""
        self.administrator = None
        os.kill(self.postmaster_pid(), signal.SIGQUIT)
        self.process.wait(timeout=DEADLINE_SECONDS)

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def connect(self, database="shop", user="postgres", port=None, **keywords):
        """A direct psycopg2 connection, or through whatever listens on `port`. Leaves with a commit, as psycopg2 does."""
        connection = psycopg2.connect(host="127.0.0.1", port=port or self.port, dbname=database, user=user,
                                      password=user, connect_timeout=10, **keywords)
        return connection

    def query(self, sql, database="shop", user="postgres"):
        """Rows of one statement over a direct connection, outside any transaction block."""
        if (database, user) == ("postgres", "postgres"):  # the busiest of all; kept open
            if self.administrator is None or self.administrator.closed:
                self.administrator = self.connect("postgres")
                self.administrator.autocommit = True
            with self.administrator.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        connection = self.connect(database, user)
        try:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def create_database(self, name, owner="app"):
        self.query(f'CREATE DATABASE "{name}" OWNER "{owner}" TEMPLATE template0', "postgres")
        self.query(f'GRANT ALL ON SCHEMA public TO {", ".join(self.ROLES)}', name)

    def drop_database(self, name):
        def dropped():
            # FORCE waits five seconds for a backend that is busy, with a text that takes longer to parse for instance.
            try:
                self.query(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)', "postgres")
            except psycopg2.errors.ObjectInUse:
                return False
            return True

        wait_until(dropped, f"database {name} is gone")


class Guard:
    """A running `schemaguard run`. `settings` is merged over a configuration for one server; see start()."""

    def __init__(self, directory, upstream_port, mode="enforce", migrators=({"user": "deploy"},), audit=True,
                 server=None, config=None, workers=1):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.admin_port = free_port()
        self.audit_file = self.directory / "audit.jsonl"
        self.log_file = self.directory / "schemaguard.log"
        self.config_file = self.directory / "schemaguard.yaml"
        self.config = {
            "servers": [{
                "name": "shop",
                "engine": "postgresql",
                "listen": f"127.0.0.1:{self.port}",
                "upstream": {"addresses": [f"127.0.0.1:{upstream_port}"], "tls": "disable"},
                "mode": mode,
                "migrators": list(migrators),
                **(server or {}),
            }],
            "admin": {"listen": f"127.0.0.1:{self.admin_port}"},
            "workers": workers,
            **(config or {}),
        }
        if audit:
            self.config.setdefault("audit", {"file": str(self.audit_file), "on_failure": "block"})
        self.process = None

    def write_config(self):
        self.config_file.write_text(yaml.safe_dump(self.config, sort_keys=False), encoding="utf-8")

    def start(self):
        self.write_config()
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen([BINARY, "run", "--config", str(self.config_file)], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL)
        wait_until(self._is_ready, "the guard accepts connections")
        return self

    def _is_ready(self):
        assert self.process.poll() is None, f"the guard ended at once:\n{self.log()}"
        return accepts_connections(self.port)

    def stop(self):
        """Asks for a drain, and says what the exit status was."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=DEADLINE_SECONDS)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        return self.process.returncode

    def kill(self):
        self.process.kill()
        self.process.wait()

    def log(self):
        return self.log_file.read_text(encoding="utf-8", errors="replace") if self.log_file.exists() else ""

    def audit_lines(self):
        import json
        if not self.audit_file.exists():
            return []
        with open(self.audit_file, encoding="utf-8") as file:
            return [json.loads(line) for line in file if line.endswith("\n")]

    def audit_events(self, event):
        return [line for line in self.audit_lines() if line["event"] == event]


def run_guard_command(*arguments, check=None, **keywords):
    """Runs a subcommand of the binary; `check` is the exit status that it has to have."""
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=DEADLINE_SECONDS,
                            **keywords)
    if check is not None:
        assert result.returncode == check, f"{arguments}: exit {result.returncode}\n{result.stdout}{result.stderr}"
    return result


def find_program(*names):
    for name in names:
        path = shutil.which(name)
        if path:
            return path
    raise AssertionError(f"none of these programs is installed: {', '.join(names)}")
