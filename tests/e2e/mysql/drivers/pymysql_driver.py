#!/usr/bin/python3
"""Plays with PyMySQL: `pymysql_driver.py PORT DATABASE transparent|refused`, one line a result on standard output."""
import sys

import pymysql
import pymysql.cursors
from pymysql.constants import CLIENT


def connect(**keywords):
    return pymysql.connect(host="127.0.0.1", port=int(sys.argv[1]), database=sys.argv[2], user="app", password="app", **keywords)


def say(name, result):
    print(f"{name}: {result}")


def attempt(cursor, text, parameters=None):
    try:
        cursor.execute(text, parameters)
        return list(cursor.fetchall())
    except pymysql.MySQLError as error:
        return error.args[0]


def transparent():
    connection = connect(client_flag=CLIENT.MULTI_STATEMENTS | CLIENT.FOUND_ROWS, local_infile=True, charset="utf8mb4")
    say("server", connection.get_server_info())
    cursor = connection.cursor()
    say("create", attempt(cursor, "CREATE TABLE played (id INT AUTO_INCREMENT PRIMARY KEY, name VARCHAR(100), data BLOB,"
                                  " amount DECIMAL(10,2), at DATETIME(3)) ENGINE=InnoDB"))
    for name in ("o'clock \\ é", "second", None):
        say("insert", attempt(cursor, "INSERT INTO played (name, data, amount) VALUES (%s, %s, %s)", (name, b"\0'\\\xff", 1.25)))
        say("last id", cursor.lastrowid)
    cursor.executemany("INSERT INTO played (name) VALUES (%s)", [(f"row {n}",) for n in range(500)])
    say("many", cursor.rowcount)
    say("select", attempt(cursor, "SELECT id, name, data, amount FROM played WHERE id < 5"))
    say("description", cursor.description)
    say("found rows", (attempt(cursor, "UPDATE played SET name = name WHERE id < 3"), cursor.rowcount))
    say("error", attempt(cursor, "SELECT nosuch"))
    say("duplicate", attempt(cursor, "INSERT INTO played (id) VALUES (1)"))
    cursor.execute("SELECT 1; SELECT 2; INSERT INTO played (name) VALUES ('x'); SELECT 4")
    say("several", (cursor.fetchall(), cursor.nextset(), cursor.fetchall(), cursor.nextset(), cursor.nextset(), cursor.fetchall()))
    connection.rollback()
    say("count after rollback", attempt(cursor, "SELECT COUNT(*) FROM played"))
    attempt(cursor, "CREATE PROCEDURE played_twice(IN a INT, OUT b INT) BEGIN SELECT a; SELECT a + 1; SET b = a; END")
    cursor.callproc("played_twice", (5, 0))
    say("procedure", cursor.fetchall())
    while cursor.nextset():
        say("next", cursor.fetchall())
    say("out", attempt(cursor, "SELECT @_played_twice_1"))
    with open("played.csv", "w", encoding="utf-8") as file:
        file.write("".join(f"{n}\tloaded {n}\n" for n in range(1000, 1200)))
    say("load", (attempt(cursor, "LOAD DATA LOCAL INFILE 'played.csv' INTO TABLE played (id, name)"), cursor.rowcount))
    say("no file", attempt(cursor, "LOAD DATA LOCAL INFILE 'nosuch.csv' INTO TABLE played (id, name)"))
    stream = connection.cursor(pymysql.cursors.SSCursor)
    stream.execute("SELECT id FROM played ORDER BY id")
    say("stream", sum(row[0] for row in stream))
    stream.close()
    say("large", len(attempt(cursor, "SELECT REPEAT('x', 5000000)")[0][0]))
    say("large text", attempt(cursor, "SELECT LENGTH(%s)", ("y" * 3000000,)))
    say("ping", connection.ping())
    connection.select_db("mysql")
    say("database", attempt(cursor, "SELECT DATABASE()"))
    connection.autocommit(True)
    connection.set_charset("latin1")
    say("character set", attempt(cursor, "SELECT @@character_set_client, @@autocommit"))
    connection.close()
    try:
        connect(password="wrong")
    except (pymysql.MySQLError, TypeError) as error:
        say("wrong password", type(error).__name__)


def refused():
    alter = "ALTER TABLE guarded ADD COLUMN extra INT"
    connection = connect(client_flag=CLIENT.MULTI_STATEMENTS, autocommit=True)
    cursor = connection.cursor()
    say("before", attempt(cursor, "SELECT 1")[0][0])
    say("alter", attempt(cursor, alter))
    say("after", attempt(cursor, "SELECT 2")[0][0])
    say("batch", attempt(cursor, f"INSERT INTO guarded VALUES (1); {alter}"))
    say("count after batch", attempt(cursor, "SELECT COUNT(*) FROM guarded")[0][0])
    connection.begin()
    attempt(cursor, "INSERT INTO guarded VALUES (2)")
    say("in transaction", attempt(cursor, alter))
    say("still inside", attempt(cursor, "SELECT COUNT(*) FROM guarded")[0][0])
    connection.rollback()
    say("count after rollback", attempt(cursor, "SELECT COUNT(*) FROM guarded")[0][0])
    try:
        cursor.execute(alter)
    except pymysql.MySQLError as error:
        say("message", error.args[1])


{"transparent": transparent, "refused": refused}[sys.argv[3]]()
