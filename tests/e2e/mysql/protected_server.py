"""The server that stands behind the guard in these tests: MariaDB, or the MySQL whose programs MYSQL_BIN names.

Accounts: root (no password, for looking from outside), app (an application that may do everything, the strongest case:
whatever does not happen was stopped by the guard), deploy (the migrator), reader (may only read). Each account's
password is its name. The database shop is theirs. The server also speaks TLS, with a certificate of its own.
"""
import os
import pathlib
import pwd
import re
import subprocess

import pymysql
from pymysql.constants import CLIENT

from mariadb_server import MariaDbServer
from servers import free_port, wait_until

MYSQL_BIN = os.environ.get("MYSQL_BIN")
ACCOUNTS = """
CREATE USER app@'%' IDENTIFIED BY 'app';
CREATE USER deploy@'%' IDENTIFIED BY 'deploy';
CREATE USER reader@'%' IDENTIFIED BY 'reader';
GRANT ALL ON *.* TO app@'%' WITH GRANT OPTION;
GRANT ALL ON *.* TO deploy@'%' WITH GRANT OPTION;
GRANT SELECT ON *.* TO reader@'%';
CREATE DATABASE shop
"""
SETTINGS = ("--max-allowed-packet=64M", "--event-scheduler=OFF", "--local-infile=ON", "--max-connections=300")


def make_certificate(directory, name):
    """A self-signed certificate for loopback; (key, certificate)."""
    key, certificate = pathlib.Path(directory) / f"{name}.key", pathlib.Path(directory) / f"{name}.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", str(key), "-out",
                    str(certificate)], check=True, capture_output=True)
    key.chmod(0o644)
    return key, certificate


class OutsideLook:
    """What both servers share: questions over a connection that does not pass the guard."""

    def connect_as(self, user, port=None, database="shop", **keywords):
        keywords.setdefault("client_flag", CLIENT.MULTI_STATEMENTS)
        return pymysql.connect(host="127.0.0.1", port=port or self.port, user=user,
                               password="" if user == "root" else user, database=database, autocommit=True,
                               charset="utf8mb4", **keywords)

    def query(self, text, database=None):
        """Rows of the first of the statements; all of them are run."""
        with self.connect_as("root", database=database) as connection, connection.cursor() as cursor:
            cursor.execute(text)
            rows = cursor.fetchall()
            while cursor.nextset():
                pass
            return list(rows)

    def tables(self, database="shop"):
        return {name for (name,) in self.query(
            f"SELECT table_name FROM information_schema.tables WHERE table_schema = '{database}'")}

    def columns(self, table, database="shop"):
        return [name for (name,) in self.query(
            f"SELECT column_name FROM information_schema.columns WHERE table_schema = '{database}'"
            f" AND table_name = '{table}' ORDER BY ordinal_position")]

    def sessions(self, user="app"):
        return self.query(f"SELECT COUNT(*) FROM information_schema.processlist WHERE user = '{user}'")[0][0]

    def fresh_database(self, name="shop"):
        self.query(f"DROP DATABASE IF EXISTS {name}; CREATE DATABASE {name}")


class ProtectedMariaDb(OutsideLook, MariaDbServer):
    is_mariadb = True

    def __init__(self, directory, settings=()):
        parent = pathlib.Path(directory).parent
        key, certificate = make_certificate(parent, f"{pathlib.Path(directory).name}-certificate")
        self.certificate = certificate
        super().__init__(directory, [*SETTINGS, "--plugin-maturity=unknown", f"--ssl-key={key}",
                                     f"--ssl-cert={certificate}", *settings])
        self.query(ACCOUNTS)


class ProtectedMySql(OutsideLook):
    is_mariadb = False

    def __init__(self, directory, settings=()):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.data, self.log_file = self.directory / "data", self.directory / "mysql.log"
        self.port = free_port()
        key, self.certificate = make_certificate(self.directory.parent, f"{self.directory.name}-certificate")
        user = []
        if os.geteuid() == 0:
            account = pwd.getpwnam("mysql")
            os.chown(self.directory, account.pw_uid, account.pw_gid)
            user = ["--user=mysql"]
        program = [str(pathlib.Path(MYSQL_BIN) / "mysqld"), "--no-defaults", f"--datadir={self.data}", *user]
        with open(self.log_file, "ab") as log:
            subprocess.run([*program, "--initialize-insecure"], stdout=log, stderr=log, check=True)
        self.command = [
            *program, f"--port={self.port}", "--bind-address=127.0.0.1", f"--socket={self.directory / 'socket'}",
            f"--pid-file={self.directory / 'pid'}", "--mysqlx=OFF", "--skip-log-bin", "--secure-file-priv=",
            "--performance-schema=OFF", "--innodb-buffer-pool-size=64M", "--innodb-flush-log-at-trx-commit=0",
            *SETTINGS, f"--ssl-key={key}", f"--ssl-cert={self.certificate}", *settings]
        self.start()
        self.query(ACCOUNTS)
        self.version = self.query("SELECT VERSION()")[0][0]
        for account in ("app", "deploy", "reader"):  # the next logins find the server's cache warm
            self.connect_as(account, database=None).close()

    def start(self):
        with open(self.log_file, "ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL)
        wait_until(self._is_ready, "MySQL accepts connections")

    def _is_ready(self):
        assert self.process.poll() is None, self.log_file.read_text()
        try:
            self.connect_as("root", database=None).close()
            return True
        except pymysql.Error:
            return False

    def crash(self):
        self.process.kill()
        self.process.wait(timeout=60)

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(timeout=60)


def start_server(directory, settings=()):
    return (ProtectedMySql if MYSQL_BIN else ProtectedMariaDb)(directory, settings)


def client_program(name):
    """A command line program of the server's own distribution, as it is called there."""
    if MYSQL_BIN:
        return str(pathlib.Path(MYSQL_BIN) / re.sub("^mariadb-?", "mysql", name))
    return name
