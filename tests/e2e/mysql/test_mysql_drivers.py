"""Real drivers and command line clients: through the observing guard they print what they print directly; in enforce
mode a refusal costs them one statement and nothing else."""
import os
import pathlib
import subprocess

import pytest

import servers

HERE = pathlib.Path(__file__).parent / "drivers"
BUILD = servers.REPOSITORY / "build" / "e2e"
NODE_PACKAGES = ["mysql2@3.24.6", "mariadb@3.5.4"]
JARS = "/usr/share/java/mariadb-java-client.jar"


def node_modules():
    folder = BUILD / "node" / "_".join(NODE_PACKAGES).replace("@", "-")
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), *NODE_PACKAGES],
                       check=True, stdin=subprocess.DEVNULL, timeout=300)
        (folder / "installed").touch()
    return folder / "node_modules"


def is_older(target, source):
    return not target.exists() or target.stat().st_mtime < source.stat().st_mtime


def java_classes():
    folder, source = BUILD / "java", HERE / "MariaDbJdbc.java"
    if is_older(folder / "MariaDbJdbc.class", source):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["javac", "-cp", JARS, "-d", str(folder), str(source)], check=True, timeout=300)
    return folder


def c_program():
    source, target = HERE / "libmariadb_play.c", BUILD / "libmariadb_play"
    if is_older(target, source):
        BUILD.mkdir(parents=True, exist_ok=True)
        flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libmariadb"], check=True, capture_output=True,
                               text=True).stdout.split()
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(target), *flags],
                       check=True, timeout=300)
    return target


COMMANDS = {
    "libmariadb": lambda: [str(c_program())],
    "pymysql": lambda: ["/usr/bin/python3", str(HERE / "pymysql_driver.py")],
    "mysql2": lambda: ["node", "--no-deprecation", str(HERE / "node_mysql.js"), "mysql2"],
    "mariadb-node": lambda: ["node", "--no-deprecation", str(HERE / "node_mysql.js"), "mariadb"],
    "jdbc": lambda: ["java", "-XX:+UseSerialGC", "-cp", f"{java_classes()}:{JARS}:/usr/share/java/slf4j-api.jar", "MariaDbJdbc"],
    "pdo": lambda: ["php", str(HERE / "pdo_mysql.php")],
    "dbd-mariadb": lambda: ["perl", str(HERE / "dbi_mysql.pl"), "MariaDB"],
    "dbd-mysql": lambda: ["perl", str(HERE / "dbi_mysql.pl"), "mysql"],
}
DRIVERS = list(COMMANDS)


def run_driver(driver, port, database, play, folder):
    environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
    if driver in ("mysql2", "mariadb-node"):
        environment["NODE_PATH"] = str(node_modules())
    result = subprocess.run([*COMMANDS[driver](), str(port), database, play], env=environment, capture_output=True,
                            text=True, timeout=300, stdin=subprocess.DEVNULL, cwd=folder)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver_sees_no_difference_through_the_observing_guard(driver, server, observing, tmp_path):
    outputs = []
    for port in (server.port, observing.port):
        server.fresh_database("played")
        outputs.append(run_driver(driver, port, "played", "transparent", tmp_path))
    assert len(outputs[0].splitlines()) > 20, outputs[0]
    assert outputs[1].splitlines() == outputs[0].splitlines()


# What every driver must report when its ALTER TABLE is refused; a driver that cannot say a line leaves it out.
REFUSED = {
    "before": "1",
    "alter": "1142",
    "after": "2",
    "prepared alter": "1142",
    "after prepared": "3",
    "batch": "1142",
    "count after batch": "0",
    "in transaction": "1142",
    "still inside": "1",
    "count after rollback": "0",
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver_survives_a_refusal(driver, server, enforcing, tmp_path):
    server.fresh_database("played")
    server.query("CREATE TABLE guarded (n INT) ENGINE=InnoDB", "played")
    output = run_driver(driver, enforcing.port, "played", "refused", tmp_path)
    results = {}
    for line in output.splitlines():
        name, _, value = line.partition(": ")
        results.setdefault(name, value.strip("'"))
    for name, expected in REFUSED.items():
        if name in results:
            assert results[name] == expected, f"{name} in\n{output}"
    assert len(set(results) & set(REFUSED)) >= 8, output
    message = results["message"]
    assert "schemaguard: ALTER TABLE" in message and "guarded" in message and "ref shop/" in message, message
    assert server.columns("guarded", "played") == ["n"]
