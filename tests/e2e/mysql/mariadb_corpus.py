"""Plays the scripts of MariaDB's own test-suite against a throw-away server and notes what each statement changed.

A script may lock everybody out, stop the server or leave settings behind: the next one finds a server as good as new.
Statements that would hurt the run itself are left out (HARMFUL).
"""
import dataclasses
import itertools
import re
import shutil

import pymysql

import mysqltest_script
from explained_facts import Sent
from mariadb_server import MariaDbServer
from observed_catalog import ObservedCatalog
from server_suite import SERVER_SETTINGS
from servers import wait_until

# What only reads is left out, what only writes rows is played and not looked at.
LEADING = r"[\s(]*(/\*[^!M].*?\*/\s*)*"
READING = re.compile(LEADING + r"(select(?!.*\binto\b)|show|explain|desc|describe|values|checksum|help|handler|with|analyze"
                               r"(?!\s+(table|local|no_write)))\b", re.I | re.S)
WRITING = re.compile(
    LEADING + r"(select|insert|update|delete|replace|flush|lock|unlock|check|analyze|optimize|repair|commit|rollback|"
    r"savepoint|release|start|load|do|deallocate|cache|get|signal|xa|use|reset|drop\s+prepare|"
    r"set(?!\s+(statement|password|default)))\b", re.I | re.S)
HARMFUL = re.compile(
    r"[\s(]*(shutdown|restart|kill|change\s+master|(start|stop)\s+(all\s+)?(slave|replica)|install\s+soname|purge|binlog|"
    r"flush\s+tables\s+with|backup|set\s+(@@)?(global|persist)|delete\s+from\s+mysql|update\s+mysql|truncate\s+(table\s+)?mysql|"
    r"insert\s+into\s+mysql|replace\s+into\s+mysql)\b"
    r"|set\s.*(@@global\.|\bglobal\s)|debug_sync|debug_dbug|@@debug|sleep\s*\(|benchmark\s*\(|into\s+(out|dump)file"
    r"|(table|view|index|procedure|function|event|trigger|tables|on)\s+(if\s+(not\s+)?exists\s+)?`?mysql`?\s*\.|database\s+`?mysql`?\b"
    r"|(user|grant|revoke|password|role)\b.*\broot\b|to\s+''", re.I | re.S)
STATEMENT_SECONDS = 5
SCRIPT_STATEMENTS_MAX = 3000
_numbers = itertools.count(1)


@dataclasses.dataclass
class Record:
    """One statement that is no plain read or write, with the catalog before and after it."""
    connection: str
    sent: Sent
    accepted: bool
    before: dict
    after: dict


class CorpusPlayer:
    """`directory` holds the servers, one after the other."""

    def __init__(self, directory):
        self.directory = directory
        self.server = self.catalog = None
        self._start()

    def _start(self):
        self.stop()
        settings = [*SERVER_SETTINGS, f"--max-statement-time={STATEMENT_SECONDS}", "--lock-wait-timeout=2",
                    "--innodb-lock-wait-timeout=1", "--innodb-fast-shutdown=3"]
        self.server = MariaDbServer(self.directory / f"corpus-{next(_numbers)}", settings)
        self.catalog = ObservedCatalog(self.server)
        self.globals = self._globals()

    @property
    def version(self):
        return self.server.version

    def stop(self):
        if self.server is not None:
            self.catalog.close()
            self.server.stop()
            shutil.rmtree(self.server.directory)

    def play(self, script):
        """The records of one script."""
        try:
            self._clean()
        except (pymysql.Error, OSError, AssertionError):
            self._start()
            self._clean()
        records = []
        try:
            self._play(script, records)
        except (pymysql.Error, OSError, AssertionError) as error:  # the server is gone, or nobody may log in any more
            print(f"{script.name}: {error}")
            self._start()
        return records

    def _play(self, script, records):
        connections = Connections(self.server)
        catalog = self.catalog.read()
        for number, (name, statement) in enumerate(mysqltest_script.statements_of(script)):
            if number == SCRIPT_STATEMENTS_MAX:
                break
            if HARMFUL.search(statement) or "\ufffd" in statement:
                continue
            single = ";" not in statement
            if single and READING.match(statement):
                continue
            if single and WRITING.match(statement):
                connections.send(name, statement)
                if "mysql" in statement:  # into the server's own tables
                    catalog = self.catalog.read()
                continue
            sent = connections.describe(name, statement)
            accepted = connections.send(name, statement)
            before, catalog = catalog, self.catalog.read()
            if sent is not None:
                records.append(Record(name, sent, accepted, before, catalog))
        connections.close()

    def _globals(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SELECT variable_name, global_value FROM information_schema.system_variables"
                           " WHERE read_only = 'NO' AND global_value IS NOT NULL")
            return dict(cursor.fetchall())

    def _clean(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET lock_wait_timeout = 5, foreign_key_checks = 0")
            cursor.execute("SELECT id FROM information_schema.processlist WHERE user <> 'system user'"
                           " AND command <> 'Daemon' AND id <> CONNECTION_ID()")
            for (number,) in cursor.fetchall():
                try_one(cursor, f"KILL {number}")
            cursor.execute("XA RECOVER")
            assert not cursor.fetchall()
            cursor.execute("SELECT schema_name FROM information_schema.schemata WHERE schema_name NOT IN"
                           " ('information_schema', 'performance_schema', 'sys', 'mysql', 'mtr')")
            for (database,) in cursor.fetchall():
                cursor.execute("DROP DATABASE " + quoted(database))
            cursor.execute("SELECT user, host, is_role FROM mysql.user WHERE user NOT IN ('root', 'mariadb.sys', 'mysql', 'PUBLIC')")
            for user, host, role in cursor.fetchall():
                try_one(cursor, f"DROP ROLE {quoted(user)}" if role == "Y" else f"DROP USER {quoted(user)}@{quoted(host)}")
            cursor.execute("SELECT server_name FROM mysql.servers")
            for (name,) in cursor.fetchall():
                try_one(cursor, f"DROP SERVER {quoted(name)}")
            cursor.execute("CREATE DATABASE test")
        self.catalog.close()
        # A setting that cannot be put back is worth a new server.
        for name, value in self._globals().items():
            if self.globals.get(name) != value and not re.search(r"^(timestamp|.*_pos|gtid_.*|last_.*|rand_seed.*)$", name, re.I):
                self._restore(name, self.globals.get(name))

    def _restore(self, name, value):
        with self.server.connect() as connection, connection.cursor() as cursor:
            try:
                cursor.execute(f"SET GLOBAL {name} = %s", (int(value) if re.fullmatch(r"-?\d+", value or "") else value,))
            except pymysql.Error as error:
                print(f"{name} stays changed: {error}")
                raise


class Connections:
    """The connections of one script by their names, all of them root's."""

    def __init__(self, server):
        self.server = server
        self.open = {}

    def close(self):
        for connection in self.open.values():
            if connection.open:
                connection.close()

    def get(self, name):
        connection = self.open.get(name)
        if connection is None or not connection.open:
            connection = pymysql.connect(
                host="127.0.0.1", port=self.server.port, user="root", autocommit=True, charset="utf8mb4",
                client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS, read_timeout=STATEMENT_SECONDS + 3)
            self.open[name] = connection
            try_one(connection.cursor(), "USE test")
        return connection

    def describe(self, name, statement):
        """None where the session cannot be asked, and where the catalog writes names in other bytes than the text."""
        try:
            with self.get(name).cursor() as cursor:
                cursor.execute("SELECT @@sql_mode, DATABASE(), @@character_set_client")
                answer = cursor.fetchone()
        except (pymysql.Error, UnicodeError, LookupError):
            return None
        if answer is None:  # sql_select_limit
            return None
        mode, database, character_set = (value.decode() if isinstance(value, bytes) else value for value in answer)
        if not statement.isascii() and not character_set.startswith("utf8"):
            return None
        return Sent(statement, mode, character_set, database or "")

    def send(self, name, statement):
        """Whether the server accepted the whole text. A connection that got out of step is closed."""
        connection = self.get(name)
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                while cursor.nextset():
                    pass
            return True
        except (pymysql.Error, UnicodeError, ValueError, LookupError) as error:
            lost = not isinstance(error, pymysql.Error) or not error.args or error.args[0] in (0, 1927, 2006, 2013)
            if lost and connection.open:
                connection._force_close()
            if lost:
                self._end(connection.thread_id())
            return False

    def _end(self, number):
        """What a lost connection still runs must not go on beside the rest of the script."""
        with self.server.connect() as connection, connection.cursor() as cursor:
            def is_gone():
                try_one(cursor, f"KILL {number}")
                return not cursor.execute("SELECT id FROM information_schema.processlist WHERE id = %s", (number,))
            wait_until(is_gone, "a lost connection has ended")


def quoted(name):
    return "`" + name.replace("`", "``") + "`"


def try_one(cursor, statement):
    try:
        cursor.execute(statement)
    except pymysql.Error:
        pass
