"""MariaDB's own test-suite (Debian's mariadb-test), played against any port by its own program, mariadb-test.

Each test file is recorded: everything that the program prints of statements and answers, together with its exit status.
Two ways to equal servers are then compared by their recordings, whether the suite would call the test passed or not.
"""
import dataclasses
import os
import pathlib
import subprocess

SUITE = pathlib.Path("/usr/share/mysql/mysql-test")
PASSED, SKIPPED = 0, 62
# What the suite expects of its server, as far as tests depend on it.
SERVER_SETTINGS = (
    "--character-set-server=latin1", "--sql-mode=NO_ENGINE_SUBSTITUTION", "--default-storage-engine=myisam",
    "--log-bin-trust-function-creators", "--max-heap-table-size=1M", "--sort-buffer-size=256K", "--local-infile",
    "--key-buffer-size=1M", "--use-stat-tables=preferably", "--histogram-type=json_hb", "--max-allowed-packet=16M",
    "--default-time-zone=+03:00", "--connect-timeout=60", "--loose-performance-schema=ON")


@dataclasses.dataclass(frozen=True)
class Recording:
    status: int
    text: str


class SuitePlayer:
    """Plays tests at one port; `variables` (a directory) holds recordings and whatever the tests write."""

    def __init__(self, port, variables, data):
        self.port, self.variables, self.data = port, pathlib.Path(variables), data
        for name in ("tmp", "log", "std_data"):
            (self.variables / name).mkdir(parents=True, exist_ok=True)
        self.environment = dict(
            os.environ, MYSQL_TEST_DIR=str(SUITE), MYSQLTEST_VARDIR=str(self.variables), LC_ALL="C",
            MYSQL_TMP_DIR=str(self.variables / "tmp"), MASTER_MYPORT=str(port), USE_RUNNING_SERVER="1", TZ="GMT-3",
            MYSQL_TEST_LOGIN_HOME="/nowhere", MYSQLD_DATADIR=str(data), BIG_TEST="0", MYSQL_SHAREDIR="/usr/share/mysql",
            MASTER_MYSOCK="/nowhere", CHARSETSDIR="/usr/share/mysql/charsets", MTR_BINDIR="/usr",
            MYSQL=f"/usr/bin/mariadb --no-defaults --host=127.0.0.1 --port={port} --user=root",
            MYSQL_DUMP=f"/usr/bin/mariadb-dump --no-defaults --host=127.0.0.1 --port={port} --user=root",
            MYSQLADMIN=f"/usr/bin/mariadb-admin --no-defaults --host=127.0.0.1 --port={port} --user=root",
            MYSQL_CHECK=f"/usr/bin/mariadb-check --no-defaults --host=127.0.0.1 --port={port} --user=root",
            MYSQL_IMPORT=f"/usr/bin/mariadb-import --no-defaults --host=127.0.0.1 --port={port} --user=root",
            MYSQL_SHOW=f"/usr/bin/mariadb-show --no-defaults --host=127.0.0.1 --port={port} --user=root")

    def record(self, name, seconds_max=120):
        suite, _, test = name.partition(".")
        source = SUITE / "main" if suite == "main" else SUITE / "suite" / suite / "t"
        command = ["mariadb-test", "--no-defaults", "--protocol=tcp", "--host=127.0.0.1", f"--port={self.port}",
                   "--user=root", "--database=test", f"--test-file={source / test}.test", f"--basedir={SUITE}",
                   f"--logdir={self.variables / 'log'}", f"--tmpdir={self.variables / 'tmp'}", "--max-connect-retries=2"]
        try:
            result = subprocess.run(command, cwd=SUITE, env=self.environment, capture_output=True,
                                    stdin=subprocess.DEVNULL, timeout=seconds_max)
        except subprocess.TimeoutExpired:
            return Recording(-1, "took too long")
        text = (result.stdout + result.stderr).decode("latin-1")
        for once in (str(self.variables), str(self.data), str(self.port)):
            text = text.replace(once, "…")
        return Recording(result.returncode, text)
