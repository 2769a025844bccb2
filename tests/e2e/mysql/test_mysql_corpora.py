"""Both corpora, played by an application against a guard in enforce mode: whatever is in bypasses/ is refused and leaves
the catalog as it was, nothing in false_alarms/ meets the guard's refusal. The same files feed a unit test of reader and
policy; here the server has the last word on what the texts are.
"""
import pathlib
import re

import pymysql
import pytest
from pymysql.constants import CLIENT

HERE = pathlib.Path(__file__).resolve().parent
# A text that waits for a lock of somebody else has passed the guard all the same.
LOCK_WAIT = "SET SESSION lock_wait_timeout = 1, innodb_lock_wait_timeout = 1"
TABLES = """
CREATE TABLE customers (id int PRIMARY KEY AUTO_INCREMENT, name varchar(50), email varchar(50)) ENGINE=InnoDB;
CREATE TABLE orders (id int PRIMARY KEY AUTO_INCREMENT, state varchar(9)) ENGINE=InnoDB
"""


class Conversation:
    """One connection that takes any answer, and says what the guard has refused."""

    def __init__(self, port, user):
        self.connection = pymysql.connect(host="127.0.0.1", port=port, user=user, password=user, database="shop",
                                          charset="utf8mb4", autocommit=True, read_timeout=20, local_infile=False,
                                          client_flag=CLIENT.MULTI_STATEMENTS)
        self.say(LOCK_WAIT.encode())

    def say(self, text):
        """'' when everything went well, otherwise the error; None when the connection is gone."""
        try:
            self.connection._execute_command(3, text)
            self.connection._read_query_result()
            while self.connection._result.has_next:
                self.connection._read_query_result()
            return ""
        except pymysql.err.OperationalError as error:
            if error.args[0] in (2006, 2013):
                return None
            return str(error)
        except pymysql.err.Error as error:
            return str(error)

    def close(self):
        try:
            self.connection.close()
        except pymysql.err.Error:
            pass  # ended by a KILL of its own


def harmless_texts():
    for file in sorted((HERE / "false_alarms").glob("*.sql")):
        for paragraph in file.read_text(encoding="utf-8").split("\n\n"):
            lines = paragraph.strip("\n").split("\n")
            directives = []
            while lines and lines[0].startswith("-- ") and not lines[0].startswith("-- MySQL dump"):
                directives.append(lines.pop(0)[3:])
            if lines and "mysql" not in directives:
                migrator = file.stem == "migrators" or "migrator" in directives
                yield file.stem, "deploy" if migrator else "app", "\n".join(lines)


def bypasses():
    cases = []
    for line in (HERE / "bypasses" / "statements.sql").read_text(encoding="utf-8").split("\n"):
        directive, _, value = line.removeprefix("-- ").partition(": ")
        if line.startswith("-- case: "):
            cases.append({"case": value, "texts": [""], "setup": [], "expect": "block", "server": "mariadb"})
        elif line == "-- next":
            cases[-1]["texts"].append("")
        elif line.startswith("-- ") and directive in ("expect", "server", "direct", "version"):
            cases[-1][directive] = value
        elif line.startswith("-- setup: "):
            cases[-1]["setup"].append(value)
        elif cases and line:
            cases[-1]["texts"][-1] += ("\n" if cases[-1]["texts"][-1] else "") + line
    return [case for case in cases if case["server"] == "mariadb"]


def as_bytes(text):
    """{0C} is the byte with that number."""
    return b"".join(bytes([int(part, 16)]) if index % 2 else part.encode()
                    for index, part in enumerate(re.split(r"\{([0-9A-F]{2})\}", text)))


@pytest.fixture(scope="module")
def enforced(mysql_guards):
    return mysql_guards("enforce")


def test_daily_traffic_is_never_refused(server, enforced):
    server.fresh_database()
    server.query(TABLES, "shop")
    conversations, alarms, played = {}, [], 0
    for file, user, text in harmless_texts():
        # One connection a file and login, for what builds on what came before; a new one where a text has ended it.
        conversation = conversations.get((file, user)) or Conversation(enforced.port, user)
        answer = conversation.say(text.encode())
        conversations[file, user] = None if answer is None else conversation
        played += 1
        if answer is not None and "schemaguard" in answer:
            alarms.append((user, text[:200], answer))
    assert played > 250
    assert not alarms


@pytest.mark.parametrize("case", bypasses(), ids=lambda case: case["case"])
def test_bypass(server, enforced, case):
    server.fresh_database()
    server.query(TABLES, "shop")
    for text in case["setup"]:
        server.query(text, "shop")
    before = server.catalog()
    conversation = Conversation(enforced.port, "app")
    answers = [conversation.say(as_bytes(text)) for text in case["texts"]]
    conversation.close()
    refused = any(answer is not None and "schemaguard" in answer for answer in answers)
    assert refused == (case["expect"] == "block"), answers
    if refused:
        assert server.catalog() == before
