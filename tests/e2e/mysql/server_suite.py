"""MariaDB's own test-suite (Debian's mariadb-test), played against any port by its own program, mariadb-test.

Each test file is recorded: everything that the program prints of statements and answers, together with its exit status.
Two ways to equal servers are then compared by their recordings, whether the suite would call the test passed or not.

A SuiteServer is laid out as the suite lays out its own: tests read and write files by paths relative to the data
directory. It begins with the same data each time, and says whether a test has left it as it was.
"""
import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import pymysql

from mariadb_server import MariaDbServer
from servers import free_port, wait_until
from suite_selection import SUITE, path_of

SKIPPED, TOO_LONG = 62, -1
# Tests read what the server writes, and the other way round: both run as the same account.
ACCOUNT = "mysql" if os.geteuid() == 0 else None
# What the suite expects of its server, as far as tests depend on it; the last lines are for speed alone.
SERVER_SETTINGS = (
    "--character-set-server=latin1", "--default-storage-engine=myisam",
    "--log-bin-trust-function-creators", "--max-heap-table-size=1M", "--sort-buffer-size=256K", "--local-infile",
    "--key-buffer-size=1M", "--use-stat-tables=preferably", "--histogram-type=json_hb", "--max-allowed-packet=16M",
    "--default-time-zone=+03:00", "--connect-timeout=60", "--loose-performance-schema=ON", "--log-basename=mysqld",
    "--innodb-buffer-pool-size=8M", "--innodb-log-file-size=10M", "--innodb-data-file-path=ibdata1:12M:autoextend",
    "--innodb-buffer-pool-load-at-startup=OFF", "--innodb-buffer-pool-dump-at-shutdown=OFF", "--debug-no-sync")
PROGRAMS = {
    "MYSQL": "mariadb", "MYSQL_DUMP": "mariadb-dump", "MYSQLADMIN": "mariadb-admin", "MYSQL_CHECK": "mariadb-check",
    "MYSQL_IMPORT": "mariadb-import", "MYSQL_SHOW": "mariadb-show", "MYSQL_SLAP": "mariadb-slap",
    "MYSQL_UPGRADE": "mariadb-upgrade"}
# What a test that puts everything back leaves unchanged: settings, accounts, databases and what they hold.
STATE = (
    "SELECT variable_name, variable_value FROM information_schema.global_variables WHERE variable_name NOT IN"
    " ('PID_FILE', 'SOCKET', 'PORT', 'DATADIR', 'TMPDIR', 'SLAVE_LOAD_TMPDIR', 'GENERAL_LOG_FILE', 'HOSTNAME', 'REPORT_PORT',"
    " 'SLOW_QUERY_LOG_FILE', 'SECURE_FILE_PRIV', 'INNODB_BUFFER_POOL_DUMP_NOW', 'SERVER_UID')",
    "SELECT schema_name, default_collation_name FROM information_schema.schemata WHERE schema_name <> 'test'",
    "SELECT user, host, priv FROM mysql.global_priv", "SELECT user, db FROM mysql.db",
    "SELECT user, role FROM mysql.roles_mapping", "SELECT user, table_name FROM mysql.tables_priv",
    "SELECT user, table_name FROM mysql.columns_priv", "SELECT user, routine_name FROM mysql.procs_priv",
    "SELECT user, proxied_user FROM mysql.proxies_priv",
    "SELECT db, name FROM mysql.proc WHERE db NOT IN ('test', 'sys')", "SELECT db, name FROM mysql.event WHERE db <> 'test'",
    "SELECT server_name FROM mysql.servers", "SELECT name FROM mysql.plugin", "SELECT name FROM mysql.func",
    "SELECT table_schema, table_name FROM information_schema.tables WHERE table_schema IN ('mysql', 'mtr')",
    "SELECT name FROM mysql.time_zone_name", "SELECT db_name, table_name FROM mysql.table_stats")


@dataclasses.dataclass(frozen=True)
class Recording:
    status: int
    text: str


class SuiteServer:
    """A server with the suite's settings, in memory where the machine has room: the tests write a lot."""

    def __init__(self):
        memory = pathlib.Path("/dev/shm")
        roomy = memory.is_dir() and shutil.disk_usage(memory).free > 4 << 30
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-suite-", dir=memory if roomy else None))
        self.directory.chmod(0o755)
        self.port = free_port()
        for name in (".", "tmp", "log"):
            (self.directory / name).mkdir(exist_ok=True)
            if ACCOUNT:
                shutil.chown(self.directory / name, ACCOUNT, ACCOUNT)
        shutil.copytree(SUITE / "std_data", self.directory / "std_data", symlinks=True)  # --secure-file-priv sees through links
        self.first_data = self.directory / "first-data"
        self.server = self._start()
        self._prepare()
        self.server.stop()
        self.server.data.rename(self.first_data)
        shutil.rmtree(self.server.directory)
        self.server = self._start(self.first_data)
        self.first_state = self._state()

    def _start(self, data_from=None):
        own = self.directory / "mysqld.1"
        settings = (*SERVER_SETTINGS, f"--secure-file-priv={self.directory}", f"--general-log-file={own / 'mysqld.log'}",
                    f"--slow-query-log-file={own / 'mysqld-slow.log'}", f"--log-error={self.directory / 'log/mysqld.1.err'}")
        return MariaDbServer(own, settings, port=self.port, data_from=data_from)

    def _prepare(self):
        """The database of the suite's own helpers, and the one of them that tests call: what to ignore in logs."""
        self._run("CREATE DATABASE test CHARSET latin1", "CREATE DATABASE mtr CHARSET latin1",
                  "CREATE PROCEDURE mtr.add_suppression(pattern VARCHAR(255)) BEGIN END")

        time_zones = pathlib.Path("/usr/share/mysql/mysql_test_data_timezone.sql").read_bytes()
        subprocess.run(["mariadb", "--no-defaults", "--host=127.0.0.1", f"--port={self.port}", "--user=root", "mysql"],
                       input=time_zones, check=True)

    def _run(self, *statements):
        with self.server.connect() as connection, connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)

    def _state(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            found = []
            for query in STATE:
                cursor.execute(query)
                found.append(sorted(map(repr, cursor.fetchall())))
            return found

    def _is_idle(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT COUNT(*) FROM information_schema.processlist WHERE user <> 'system user'")
            return cursor.fetchone() == (1,)

    def clean(self):
        """Makes the database test anew, and the whole server where a test has left other traces."""
        try:
            wait_until(self._is_idle, "the test's sessions are gone", seconds=5)
            self._run("DROP DATABASE IF EXISTS test", "CREATE DATABASE test CHARSET latin1")
            if self._state() == self.first_state:
                return
        except (AssertionError, pymysql.Error):  # a server that a test has brought into a state like this goes too
            pass
        self.renew()

    def renew(self):
        self.server.kill()
        shutil.rmtree(self.server.directory)
        for file in (self.directory / "tmp").iterdir():
            shutil.rmtree(file) if file.is_dir() and not file.is_symlink() else file.unlink()
        self.server = self._start(self.first_data)

    def player(self, port=None):
        return SuitePlayer(port or self.port, self)

    def stop(self):
        self.server.kill()
        shutil.rmtree(self.directory, ignore_errors=True)


class SuitePlayer:
    """Plays tests at one port; `server` is the SuiteServer that stands there or behind it."""

    def __init__(self, port, server):
        self.port, self.variables = port, server.directory
        # What differs from one server to the other. A port is replaced as a whole word only: E38085 is a character.
        self.volatile = {str(server.directory): "(directory)", str(port): "(port)", str(server.port): "(port)"}
        (self.variables / "my.cnf").write_text(
            f"[client]\nhost=127.0.0.1\nport={port}\nuser=root\nprotocol=tcp\n"
            "[mysql]\ndefault-character-set=latin1\n[mysqldump]\ndefault-character-set=latin1\n", encoding="ascii")
        options = f"--defaults-file={self.variables / 'my.cnf'}"
        self.environment = dict(
            os.environ, MYSQL_TEST_DIR=str(SUITE), MYSQLTEST_VARDIR=str(self.variables), LC_ALL="C",
            MYSQL_TMP_DIR=str(self.variables / "tmp"), MASTER_MYPORT=str(port), USE_RUNNING_SERVER="1", TZ="GMT-3",
            MYSQL_TEST_LOGIN_HOME="/nowhere", MYSQLD_DATADIR=str(server.server.data), BIG_TEST="0", MYSQL_SHAREDIR="/usr/share/mysql",
            MASTER_MYSOCK="/nowhere", CHARSETSDIR="/usr/share/mysql/charsets", MTR_BINDIR="/usr", MYSQL_BINDIR="/usr",
            MYSQL_CHARSETSDIR="/usr/share/mysql/charsets", EXE_MYSQL="/usr/bin/mariadb", DEFAULT_MASTER_PORT=str(port),
            MYSQL_MY_PRINT_DEFAULTS="/usr/bin/my_print_defaults", MY_PERROR="/usr/bin/perror",
            MYSQL_BINLOG=f"/usr/bin/mariadb-binlog {options}", SECURE_LOAD_PATH=str(SUITE / "std_data"),
            MYSQL_TEST=f"/usr/bin/mariadb-test {options} --silent --tmpdir={self.variables / 'tmp'}",
            **{variable: f"/usr/bin/{program} {options}" for variable, program in PROGRAMS.items()})

    def record(self, name, seconds_max=120, options=()):
        command = ["mariadb-test", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}",
                   "--user=root", "--database=test", f"--test-file={path_of(name)}", f"--basedir={SUITE}",
                   f"--logdir={self.variables / 'log'}", f"--tmpdir={self.variables / 'tmp'}", "--max-connect-retries=2",
                   "--tail-lines=0", *options]
        with subprocess.Popen(command, cwd=SUITE, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, start_new_session=True, user=ACCOUNT, group=ACCOUNT) as process:
            try:
                output = b"".join(process.communicate(timeout=seconds_max))
            except subprocess.TimeoutExpired:
                process.kill()
                output = b""
            with contextlib.suppress(ProcessLookupError, PermissionError):  # the programs that the test has started, too
                os.killpg(process.pid, signal.SIGKILL)
        if process.returncode < 0:
            return Recording(TOO_LONG, "")
        text = output.decode("latin-1")
        for once, always in self.volatile.items():
            text = re.sub(rf"(?<!\w){re.escape(once)}(?!\w)", always, text)
        return Recording(process.returncode, text)
