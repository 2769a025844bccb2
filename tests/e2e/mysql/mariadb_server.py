"""A throw-away MariaDB for the tests: its own data directory, a free loopback port, no fsync; and what its catalog says.

The server is up when it accepts a login. The catalog is read as a dictionary, so that two readings can be compared.
"""
import os
import pathlib
import pwd
import shutil
import subprocess
import sys

import pymysql
from pymysql.constants import CLIENT

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from servers import free_port, wait_until  # noqa: E402

# What makes up an object, by the views of information_schema: name columns first, then all that describes it.
DESCRIPTIONS = {
    "table": (
        "SELECT table_schema, table_name, table_type, engine, row_format, table_collation, create_options, table_comment"
        " FROM information_schema.tables",
        "SELECT table_schema, table_name, column_name, ordinal_position, column_default, is_nullable, column_type,"
        " collation_name, extra, column_comment, generation_expression FROM information_schema.columns",
        "SELECT table_schema, table_name, index_name, non_unique, seq_in_index, column_name, sub_part, index_type,"
        " ignored FROM information_schema.statistics",
        "SELECT table_schema, table_name, constraint_name, constraint_type FROM information_schema.table_constraints",
        "SELECT constraint_schema, table_name, constraint_name, check_clause FROM information_schema.check_constraints",
        "SELECT constraint_schema, table_name, constraint_name, update_rule, delete_rule, referenced_table_name"
        " FROM information_schema.referential_constraints",
        "SELECT table_schema, table_name, partition_name, partition_method, partition_expression,"
        " partition_description, subpartition_name FROM information_schema.partitions WHERE partition_name IS NOT NULL",
    ),
    "view": ("SELECT table_schema, table_name, view_definition, definer, security_type FROM information_schema.views",),
    "trigger": ("SELECT trigger_schema, trigger_name, event_manipulation, action_statement, action_timing,"
                " event_object_table FROM information_schema.triggers",),
    "routine": ("SELECT routine_schema, routine_name, routine_type, routine_definition, routine_comment, security_type"
                " FROM information_schema.routines",),
    "event": ("SELECT event_schema, event_name, event_definition, status, interval_value"
              " FROM information_schema.events",),
    "database": ("SELECT schema_name, '', default_collation_name, schema_comment FROM information_schema.schemata",),
    "account": ("SELECT user, host, JSON_REMOVE(priv, '$.password_last_changed') FROM mysql.global_priv", "SELECT db, user, host, select_priv, insert_priv"
                " FROM mysql.db", "SELECT role, user, admin_option FROM mysql.roles_mapping"),
    "server": ("SELECT '', server_name, host, db FROM mysql.servers",),
    "loadable": ("SELECT '', name, dl FROM mysql.func", "SELECT '', name, dl FROM mysql.plugin"),
}
SYSTEM = {"information_schema", "performance_schema", "sys", "mysql"}


class MariaDbServer:
    def __init__(self, directory, settings=(), port=None, data_from=None):
        """`settings` are further arguments of the server; `data_from` is a data directory to begin with a copy of."""
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.data = self.directory / "data"
        self.port = port or free_port()
        as_root = os.geteuid() == 0
        if as_root:
            account = pwd.getpwnam("mysql")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
        self.user = ["--user=mysql"] if as_root else []
        # Every starting server clears the temporary tables from its TMPDIR, its neighbours' in use too.
        self.environment = dict(os.environ, TMPDIR=str(self.directory))
        if data_from:
            subprocess.run(["cp", "--archive", str(data_from), str(self.data)], check=True)
        else:
            install = subprocess.run(
                ["mariadb-install-db", "--no-defaults", f"--datadir={self.data}", "--skip-test-db",
                 "--auth-root-authentication-method=normal", *self.user], capture_output=True, text=True,
                env=self.environment)
            assert install.returncode == 0, install.stdout + install.stderr
        self.settings = settings
        self.log_file = self.directory / "mariadb.log"
        self.start()

    def start(self):
        program = shutil.which("mariadbd") or "/usr/sbin/mariadbd"
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(
                [program, "--no-defaults", f"--datadir={self.data}", f"--port={self.port}", "--bind-address=127.0.0.1",
                 f"--socket={self.directory / 'socket'}", f"--pid-file={self.directory / 'pid'}",
                 "--innodb-flush-log-at-trx-commit=0", "--innodb-flush-method=nosync", "--sync-frm=OFF",
                 "--innodb-buffer-pool-size=32M", "--skip-log-bin",
                 "--character-set-server=utf8mb4", *self.settings, *self.user], stdout=log, stderr=log,
                stdin=subprocess.DEVNULL, env=self.environment)
        wait_until(self._is_ready, "MariaDB accepts connections")
        with self.connect() as connection:
            self.version = connection.get_server_info()

    def _is_ready(self):
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            self.connect().close()
            return True
        except pymysql.Error:
            return False

    def connect(self, database=None):
        return pymysql.connect(host="127.0.0.1", port=self.port, user="root", database=database, autocommit=True,
                               charset="utf8mb4", client_flag=CLIENT.MULTI_STATEMENTS)

    def catalog(self):
        """{(kind, schema, name): what describes it}, the system's own databases left out."""
        found = {}
        with self.connect() as connection, connection.cursor() as cursor:
            for kind, queries in DESCRIPTIONS.items():
                for number, query in enumerate(queries):
                    cursor.execute(query)
                    for schema, name, *rest in cursor.fetchall():
                        if schema in SYSTEM and kind != "account":
                            continue
                        found.setdefault((kind, schema, name), set()).add((number, *rest))
        return found

    def crash(self):
        """As when the machine fails: nothing is written any more."""
        self.process.kill()
        self.process.wait(timeout=60)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)

    def kill(self):
        """The end of a server whose data nobody needs any more."""
        self.process.kill()
        self.process.wait()
