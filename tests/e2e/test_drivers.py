"""Real drivers: through the observing guard they print what they print directly; in enforce mode a refusal costs them
one statement and nothing else."""
import os
import pathlib
import subprocess

import pytest

import servers

HERE = pathlib.Path(__file__).parent / "drivers"
BUILD = servers.REPOSITORY / "build" / "e2e"
NODE_PACKAGES = ["pg@8.23.1", "pg-cursor@2.22.0", "pg-copy-streams@7.0.0"]
JARS = ":".join(f"/usr/share/java/{jar}.jar" for jar in
                ("postgresql", "scram-client", "scram-common", "saslprep", "stringprep"))


def node_modules():
    folder = BUILD / "node" / "_".join(NODE_PACKAGES).replace("@", "-")
    if not (folder / "installed").exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--no-audit", "--no-fund", "--silent", "--prefix", str(folder), *NODE_PACKAGES],
                       check=True, stdin=subprocess.DEVNULL, timeout=300)
        (folder / "installed").touch()
    return folder / "node_modules"


def java_classes():
    folder = BUILD / "java"
    source = HERE / "Jdbc.java"
    target = folder / "Jdbc.class"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["javac", "-cp", JARS, "-d", str(folder), str(source)], check=True, timeout=300)
    return folder


def c_program():
    source, target = HERE / "libpq_play.c", BUILD / "libpq_play"
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        BUILD.mkdir(parents=True, exist_ok=True)
        include = subprocess.run(["pkg-config", "--cflags", "--libs", "libpq"], check=True, capture_output=True,
                                 text=True).stdout.split()
        subprocess.run(["cc", "-std=c11", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(target), *include],
                       check=True, timeout=300)
    return target


def command_of(driver):
    return {
        "libpq": lambda: [str(c_program())],
        "psycopg2": lambda: ["/usr/bin/python3", str(HERE / "psycopg_driver.py")],
        "node-postgres": lambda: ["node", "--no-deprecation", str(HERE / "node_postgres.js")],
        "jdbc": lambda: ["java", "-XX:+UseSerialGC", "-cp", f"{java_classes()}:{JARS}", "Jdbc"],
        "pdo": lambda: ["php", str(HERE / "pdo.php")],
        "dbi": lambda: ["perl", str(HERE / "dbi.pl")],
    }[driver]()


def run_driver(driver, port, database, play):
    environment = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC")
    if driver == "node-postgres":
        environment["NODE_PATH"] = str(node_modules())
    result = subprocess.run([*command_of(driver), str(port), database, play], env=environment, capture_output=True,
                            text=True, timeout=300, stdin=subprocess.DEVNULL)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout + result.stderr


DRIVERS = ["libpq", "psycopg2", "node-postgres", "jdbc", "pdo", "dbi"]


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver_sees_no_difference_through_the_observing_guard(driver, postgres, observing):
    outputs = []
    for port in (postgres.port, observing.port):
        postgres.drop_database("played")
        postgres.create_database("played")
        outputs.append(run_driver(driver, port, "played", "transparent"))
    postgres.drop_database("played")
    assert len(outputs[0].splitlines()) > 20
    assert outputs[1].splitlines() == outputs[0].splitlines()


# What every driver must report when its ALTER TABLE is refused; a driver that cannot say a line leaves it out.
REFUSED = {
    "before": "1",
    "alter": "42501",
    "after": "2",
    "prepared alter": "42501",
    "extended alter": "42501",
    "after prepared": "3",
    "batch": "42501",
    "count after batch": "0",
    "in transaction": "42501",
    "in failed": "25P02",
    "count after rollback": "0",
    "detail": "true",
    "hint": "true",
}


@pytest.mark.parametrize("driver", DRIVERS)
def test_driver_survives_a_refusal(driver, postgres, enforcing, database):
    postgres.query("CREATE TABLE guarded (n int); ALTER TABLE guarded OWNER TO app", database)
    output = run_driver(driver, enforcing.port, database, "refused")
    results = {}
    for line in output.splitlines():
        name, _, value = line.partition(": ")
        results.setdefault(name, value.strip("'").lower() if name in ("detail", "hint") else value.strip("'"))
    for name, expected in REFUSED.items():
        if name in results:
            assert results[name] == expected, f"{name} in\n{output}"
    assert len(set(results) & set(REFUSED)) >= 9, output
    message = results["message"]
    assert "schemaguard: ALTER TABLE" in message and "guarded" in message and "ref shop/" in message, message
    columns = postgres.query("SELECT attname FROM pg_attribute WHERE attrelid = 'guarded'::regclass AND attnum > 0", database)
    assert columns == [("n",)]


def test_pipeline_around_a_refusal_rolls_back_as_after_a_syntax_error(postgres, enforcing, database):
    postgres.query("CREATE TABLE guarded (n int); ALTER TABLE guarded OWNER TO app", database)
    output = run_driver("libpq", enforcing.port, database, "refused")
    pipeline = [line.split(": ", 1)[1].rsplit(" ", 1)[0] for line in output.splitlines() if line.startswith("pipeline: ")]
    assert pipeline == [
        "PGRES_COMMAND_OK INSERT 0 1 rows=0",
        "PGRES_FATAL_ERROR 42501 rows=0",
        "PGRES_PIPELINE_ABORTED  rows=0",
        "PGRES_PIPELINE_SYNC  rows=0",
        "PGRES_TUPLES_OK SELECT 1 rows=1 first=0",
        "PGRES_PIPELINE_SYNC  rows=0",
    ]
