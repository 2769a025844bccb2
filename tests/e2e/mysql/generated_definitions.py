"""Plays random definitions (definition_generator.py) against a throw-away server and notes what each changed."""
import random

from definition_generator import DATABASES, DefinitionGenerator
from definition_grammar import DRAWN_NAMES
from mariadb_corpus import Connections, Record
from mariadb_server import MariaDbServer
from observed_catalog import ObservedCatalog

STATEMENTS_PER_SEED = 120
MODES = ("", "", "", "ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "STRICT_ALL_TABLES,ANSI_QUOTES", "NO_ENGINE_SUBSTITUTION")
FIXTURE = """
CREATE DATABASE d1; CREATE DATABASE d2; CREATE DATABASE `d-3`; USE d1;
CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB; CREATE TABLE d2.parent (id INT PRIMARY KEY) ENGINE=InnoDB;
CREATE TABLE t1 (id INT PRIMARY KEY, c1 INT, c2 VARCHAR(20) DEFAULT 'n', c3 TEXT, INDEX i1 (c2)) ENGINE=InnoDB;
CREATE TABLE t2 (id INT, c1 DATE, c2 INT NOT NULL, UNIQUE u1 (c2), CONSTRAINT fk9 FOREIGN KEY (id) REFERENCES parent (id),
  CONSTRAINT ck9 CHECK (c2 > 0)) ENGINE=InnoDB;
CREATE TABLE t3 (id INT, c1 INT, c4 CHAR(10), KEY (c1), KEY i2 (c4, c1)) ENGINE=MyISAM;
CREATE TABLE versions (id INT, c1 INT) WITH SYSTEM VERSIONING;
CREATE TABLE part (id INT, v VARCHAR(5)) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20));
CREATE TABLE swap (id INT, v VARCHAR(5)); CREATE VIEW v1 AS SELECT 1 AS a; CREATE VIEW v2 AS SELECT id FROM t1;
CREATE PROCEDURE r1() SELECT 1; CREATE FUNCTION r2() RETURNS INT RETURN 1; CREATE SEQUENCE s1;
CREATE TRIGGER g1 BEFORE INSERT ON t1 FOR EACH ROW SET @a = 1; CREATE EVENT e1 ON SCHEDULE EVERY 1 DAY DO SET @a = 1;
CREATE TABLE `d-3`.`t 1` (id INT, `a b` INT); CREATE TABLE d2.t1 (id INT, c1 INT);
CREATE USER u1, u2; CREATE ROLE r1; CREATE SERVER srv1 FOREIGN DATA WRAPPER mysql OPTIONS (HOST '10.0.0.9')
"""


class GeneratedDefinitions:
    """`directory` is where the server lives."""

    def __init__(self, directory):
        self.server = MariaDbServer(directory / "generated", ("--lock-wait-timeout=2", "--max-statement-time=10", "--innodb-fast-shutdown=3"))
        self.catalog = ObservedCatalog(self.server)

    def stop(self):
        self.catalog.close()
        self.server.stop()

    def play(self, seed, count=STATEMENTS_PER_SEED):
        """The records of one seed, each against what the ones before left."""
        generator = DefinitionGenerator(random.Random(seed))
        self._clean()
        connections = Connections(self.server)
        connections.send("default", FIXTURE)
        catalog = self.catalog.read()
        records = []
        for _ in range(count):
            if generator.random.random() < 0.1:
                connections.send("default", f"SET sql_mode = '{generator.random.choice(MODES)}'")
                connections.send("default", f"USE `{generator.random.choice(DATABASES)}`")
            seen = connections.describe("default", "")
            text = generator.next(catalog, seen.database, "ANSI_QUOTES" in seen.sql_mode)
            sent = connections.describe("default", text)
            accepted = connections.send("default", text)
            before, catalog = catalog, self.catalog.read()
            records.append(Record("default", sent, accepted, before, catalog))
        connections.close()
        return records

    def play_one(self, text):
        """The record of one text against the fixture."""
        self._clean()
        connections = Connections(self.server)
        connections.send("default", FIXTURE)
        before = self.catalog.read()
        sent = connections.describe("default", text)
        accepted = connections.send("default", text)
        connections.close()
        return Record("default", sent, accepted, before, self.catalog.read())

    def _clean(self):
        with self.server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SET foreign_key_checks = 0")
            for database in (*DATABASES, *DRAWN_NAMES["other_database"]):
                cursor.execute(f"DROP DATABASE IF EXISTS `{database}`")
            for server in ("srv1", "srv2", "srv-3"):
                cursor.execute(f"DROP SERVER IF EXISTS `{server}`")
            cursor.execute("SELECT user, host, is_role FROM mysql.user WHERE user RLIKE '^[ur]-?[0-9]$'")
            for user, host, role in cursor.fetchall():
                cursor.execute(f"DROP ROLE `{user}`" if role == "Y" else f"DROP USER `{user}`@`{host}`")
