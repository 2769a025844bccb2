"""upstream.target: primary with a real MariaDB primary, a replica of it and a promotion."""
import contextlib

import pymysql
import pytest

from protected_server import start_server
from servers import run_guard_command, wait_until


@pytest.fixture
def pair(scratch, request):
    """(primary, replica): the replica follows and is read-only."""
    directory = scratch / f"mysql-pair-{request.node.name[:30]}"
    directory.mkdir()
    directory.chmod(0o755)
    primary = start_server(directory / "primary", ["--log-bin=changes", "--server-id=1"])
    primary.query("CREATE USER schemaguard@'%' IDENTIFIED BY 'schemaguard'; GRANT REPLICATION SLAVE ON *.* TO app@'%'")
    replica = start_server(directory / "replica", ["--server-id=2", "--read-only=1"])
    replica.query("CREATE USER schemaguard@'%' IDENTIFIED BY 'schemaguard'")
    place = primary.query("SELECT @@gtid_binlog_pos")[0][0]
    replica.query(f"SET GLOBAL gtid_slave_pos = '{place}'; CHANGE MASTER TO master_host = '127.0.0.1', "
                  f"master_port = {primary.port}, master_user = 'app', master_password = 'app', "
                  "master_use_gtid = slave_pos; START SLAVE")
    primary.query("CREATE TABLE followed (a INT)", "shop")
    wait_until(lambda: "followed" in replica.tables(), "the replica follows")
    yield primary, replica
    replica.stop()
    primary.stop()


def upstream(*servers, target="primary"):
    return {"upstream": {"addresses": [f"127.0.0.1:{one.port}" for one in servers], "tls": "disable",
                         "target": target}}


def with_login(scratch):
    password = scratch / "mysql-primary-password"
    password.write_text("schemaguard\n", encoding="ascii")
    return {"guard_login": {"user": "schemaguard", "password_file": str(password)}}


def port_behind(server, guard):
    with contextlib.closing(server.connect_as("app", guard.port)) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@port")
        return cursor.fetchone()[0]


def tries(server, guard):
    """The port of the server that a session reaches, or the error that it meets."""
    try:
        return port_behind(server, guard)
    except pymysql.Error as error:
        return error.args


def promote(replica):
    replica.query("STOP SLAVE; RESET SLAVE ALL; SET GLOBAL read_only = 0")


def test_the_guards_login_finds_the_primary_and_follows_a_promotion(scratch, mysql_guards, pair):
    primary, replica = pair
    guard = mysql_guards("enforce", server={**upstream(replica, primary), **with_login(scratch)})
    wait_until(lambda: f"the primary is 127.0.0.1:{primary.port}" in guard.log(), "the guard has found the primary")
    assert {port_behind(primary, guard) for _ in range(3)} == {primary.port}
    primary.stop()
    promote(replica)
    wait_until(lambda: tries(replica, guard) == replica.port, "sessions reach the new primary")
    wait_until(lambda: f"the primary is 127.0.0.1:{replica.port}" in guard.log(), "the guard has seen the promotion")
    assert {port_behind(replica, guard) for _ in range(3)} == {replica.port}
    said = run_guard_command("check-config", guard.config_file, check=0).stdout
    assert "guard_login asks every address which one is the primary" in said


def test_a_session_that_meets_a_replica_is_told_and_the_next_one_is_not(mysql_guards, pair):
    primary, replica = pair
    guard = mysql_guards("enforce", server=upstream(replica, primary))
    number, text = tries(primary, guard)
    assert number == 1290 and f"the server at 127.0.0.1:{replica.port} is read-only" in text, text
    assert {port_behind(primary, guard) for _ in range(3)} == {primary.port}
    only = mysql_guards("enforce", server=upstream(replica))
    assert tries(primary, only)[0] == 1290
    anyone = mysql_guards("enforce", server=upstream(replica, primary, target="any"))
    assert port_behind(primary, anyone) == replica.port
    promote(replica)
    assert tries(replica, only) == replica.port
