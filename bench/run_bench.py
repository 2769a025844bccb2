#!/usr/bin/python3
"""Measures the guard beside a minimal relay, PgBouncer (session mode) and HAProxy (TCP mode), in one run.

    bench/run_bench.py [--quick] [--rounds N] [--seconds N] [--only WORD] [--json FILE]

Every load is run through every door in turn, round after round, so that whatever else the machine does hits all of
them alike; the table shows medians over the rounds. Processor time is the proxy's own (all threads, user and system,
from /proc), per transaction. Ratios are to the relay: the floor. The guard runs in enforce mode, audit on, one worker.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time

from doors import Door, Doors, judge, medians, print_table, servers
from loads import COPY_IN, COPY_OUT, LOADS, POINT_SELECTS, write_scripts

PGBENCH = servers.postgres_program("pgbench")
SCALE = 10


class PostgresDoors(Doors):
    """Starts PostgreSQL and every proxy; stops them all again."""

    def __init__(self, directory):
        self.postgres = servers.PostgresServer(directory / "postgres", {
            "log_statement": "none", "log_connections": "off", "max_connections": "2100", "shared_buffers": "512MB",
            "max_wal_size": "4GB", "checkpoint_timeout": "1h", "autovacuum": "off"})
        super().__init__(directory, self.postgres.port)
        self.start_all((self.start_floor, self.start_pgbouncer, self.start_haproxy, self.start_guard))

    def start_pgbouncer(self):
        port = servers.free_port()
        folder = self.directory / "pgbouncer"
        folder.mkdir()
        (folder / "users.txt").write_text("".join(f'"{user}" "{user}"\n' for user in ("app", "deploy", "postgres")))
        (folder / "pgbouncer.ini").write_text(f"""[databases]
* = host=127.0.0.1 port={self.postgres.port}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder}/users.txt
pool_mode = session
max_client_conn = 3000
default_pool_size = 3000
server_reset_query = DISCARD ALL
log_connections = 0
log_disconnections = 0
ignore_startup_parameters = extra_float_digits,search_path
pidfile = {folder}/pid
""")
        account = ["runuser", "-u", "postgres", "--"] if os.geteuid() == 0 else []
        if account:
            shutil.chown(folder, "postgres")
        process = self.launch("pgbouncer", [*account, servers.find_program("pgbouncer", "/usr/sbin/pgbouncer"),
                                            str(folder / "pgbouncer.ini")])
        servers.wait_until(lambda: servers.accepts_connections(port), "PgBouncer listens")
        return Door("pgbouncer", port, process, int((folder / "pid").read_text()))

    def start_guard(self):
        self.guard = servers.Guard(self.directory / "guard", self.postgres.port, mode="enforce").start()
        return Door("guard", self.guard.port, self.guard.process)

    def stop(self):
        super().stop()
        self.postgres.stop()


def environment(port, user="app"):
    return dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER=user, PGPASSWORD=user, PGDATABASE="bench",
                PGSSLMODE="disable", PGGSSENCMODE="disable")


def run_pgbench(door, folder, arguments):
    result = subprocess.run([PGBENCH, "-n", *arguments], env=environment(door.port), cwd=folder, capture_output=True,
                            text=True, timeout=300)
    if result.returncode != 0 or "(without" not in result.stdout:
        raise RuntimeError(f"pgbench {arguments} through {door.name}: {result.stdout}{result.stderr[-2000:]}")
    processed = int(re.search(r"actually processed: (\d+)", result.stdout)[1])
    rate = float(re.search(r"tps = (\S+) \(without", result.stdout)[1])
    return processed, rate


def measure(door, folder, load, clients, seconds):
    before = door.cpu_seconds()
    processed, rate = run_pgbench(door, folder, [*load, "-c", str(clients), "-j", "1", "-T", str(seconds)])
    return {"rate": rate, "cpu_us": (door.cpu_seconds() - before) / max(processed, 1) * 1e6}


def measure_copy(door, folder, direction):
    """Megabytes a second and processor microseconds a megabyte."""
    megabytes = (folder / "copy.txt").stat().st_size / 1e6
    subprocess.run(["psql", "-Xqc", "TRUNCATE copied"], env=environment(door.port), check=True)
    before, started = door.cpu_seconds(), time.monotonic()
    if direction == COPY_IN:
        with open(folder / "copy.txt", "rb") as source:
            subprocess.run(["psql", "-Xqc", "COPY copied FROM STDIN"], env=environment(door.port), stdin=source, check=True)
    else:
        subprocess.run(["psql", "-Xqc", "COPY copy_source TO STDOUT"], env=environment(door.port),
                       stdout=subprocess.DEVNULL, check=True)
    elapsed = time.monotonic() - started
    return {"rate": megabytes / elapsed, "cpu_us": (door.cpu_seconds() - before) / megabytes * 1e6}


class Disturbance:
    """Another session that sends parse-heavy text, and a migrator that sends audited DDL, until told to stop."""

    HEAVY = "SELECT " + ", ".join(f"coalesce(nullif({n} + 1, 0), {n})::bigint AS c{n}" for n in range(900)) \
        + " FROM (SELECT version()) AS x WHERE lower('A') = 'a' -- {}"

    def __init__(self, door, postgres):
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(postgres, door, "app", self.HEAVY)),
                        threading.Thread(target=self.run, args=(postgres, door, "deploy",
                                                                "COMMENT ON TABLE disturbed IS 'number {}'"))]

    def run(self, postgres, door, user, text):
        connection = postgres.connect("bench", user, door.port)
        connection.autocommit = True
        cursor = connection.cursor()
        number = 0
        while not self.stopping.wait(0.01):
            number += 1
            cursor.execute(text.format(number))
        connection.close()

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def measure_tail(door, folder, postgres, seconds, disturbed):
    """p99 of point selects in microseconds."""
    for old in folder.glob("latency.*"):
        old.unlink()
    with Disturbance(door, postgres) if disturbed else contextlib.nullcontext():
        run_pgbench(door, folder, ["-S", "-M", "prepared", "-c", "4", "-j", "1", "-R", "1500", "-T", str(seconds), "-l",
                                   "--log-prefix", "latency"])
    latencies = sorted(int(line.split()[2]) - int(line.split()[6]) for log in folder.glob("latency.*")
                       for line in log.read_text().splitlines())
    return latencies[int(len(latencies) * 0.99)]


def measure_idle(door, postgres, count):
    """Kilobytes of anonymous memory that `count` idle connections cost the proxy."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 8192), hard))
    before = door.anonymous_kilobytes()
    connections = [postgres.connect("bench", "app", door.port) for _ in range(count)]
    for connection in connections[::50]:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    after = door.anonymous_kilobytes()
    for connection in connections:
        connection.close()
    servers.wait_until(lambda: postgres.query("SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'", "postgres")
                       [0][0] == 0, "the idle sessions are gone")
    return after - before


def main():
    parser = argparse.ArgumentParser(description="Benchmark the guard against its peers")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything works")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--only", default="", help="only loads whose name holds this word")
    parser.add_argument("--json", type=pathlib.Path, help="write all medians there")
    options = parser.parse_args()
    rounds = options.rounds or (1 if options.quick else 5)
    seconds = options.seconds or (1 if options.quick else 3)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-bench-"))
    directory.chmod(0o755)
    doors = PostgresDoors(directory)
    try:
        run(doors, directory, rounds, seconds, options)
    finally:
        doors.stop()
        shutil.rmtree(directory, ignore_errors=True)


def prepare(doors, folder, quick):
    postgres = doors.postgres
    postgres.create_database("bench")
    subprocess.run([PGBENCH, "-i", "-q", "-s", str(SCALE)], env=environment(postgres.port), check=True, capture_output=True)
    postgres.query("""
        CREATE UNLOGGED TABLE inserted (id bigint, name text, amount numeric, note text);
        CREATE TABLE orm (id bigserial PRIMARY KEY, name text, at timestamptz DEFAULT now());
        CREATE UNLOGGED TABLE copied (n int, a text, b text); CREATE UNLOGGED TABLE copy_source (n int, a text, b text);
        CREATE TABLE disturbed (a int)""", "bench", "app")
    rows = 100_000 if quick else 1_000_000
    postgres.query(f"INSERT INTO copy_source SELECT n, md5(n::text), repeat('filler ', 8) FROM generate_series(1, {rows}) n",
                   "bench", "app")
    postgres.query("GRANT app TO deploy", "postgres")
    postgres.query("VACUUM ANALYZE", "bench")
    write_scripts(folder)
    with open(folder / "copy.txt", "wb") as target:
        subprocess.run(["psql", "-Xqc", "COPY copy_source TO STDOUT"], env=environment(postgres.port), stdout=target, check=True)


def run(doors, directory, rounds, seconds, options):
    folder = directory / "scripts"
    folder.mkdir()
    prepare(doors, folder, options.quick)
    all_doors = doors.doors
    names = [door.name for door in all_doors]
    plan = [(label, clients, arguments) for label, clients, arguments in POINT_SELECTS + LOADS if options.only in label]
    samples = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for label, clients, arguments in plan:
            for offset in range(len(all_doors)):
                door = all_doors[(offset + number) % len(all_doors)]
                if arguments in (COPY_IN, COPY_OUT):
                    sample = measure_copy(door, folder, arguments)
                else:
                    sample = measure(door, folder, arguments, clients, seconds)
                samples.setdefault((label, clients), {}).setdefault(door.name, []).append(sample)
            doors.postgres.query("TRUNCATE inserted, orm, copied, pgbench_history", "bench", "app")
    rows = [(label, clients, {name: medians(taken) for name, taken in by_door.items()})
            for (label, clients), by_door in samples.items()]
    print_table(f"Medians of {rounds} round(s) of {seconds} s: transactions a second, proxy CPU microseconds a transaction, "
                "CPU ratio to the floor (COPY: megabytes)", names, rows, "rate    CPU  ratio ")
    results = {f"{label} {clients}": by_door for label, clients, by_door in rows}

    tails = {}
    if options.only in "p99":
        for disturbed in (False, True):
            for door in all_doors:
                taken = [measure_tail(door, folder, doors.postgres, seconds, disturbed) for _ in range(rounds)]
                tails.setdefault(disturbed, {})[door.name] = statistics.median(taken)
        print("\np99 of point selects in microseconds, 4 clients at 1,500 a second together")
        print(f"{'':<34}" + "".join(f"{name:>12}" for name in names))
        for disturbed, by_door in tails.items():
            print(f"{'beside heavy text and DDL' if disturbed else 'alone':<34}" + "".join(f"{by_door[name]:>12.0f}" for name in names))
        results["p99"] = {"alone": tails[False], "disturbed": tails[True]}

    idle = {}
    if options.only in "idle":
        count = 200 if options.quick else 2000
        for door in all_doors[1:]:
            idle[door.name] = measure_idle(door, doors.postgres, count) / 1024
        print(f"\nanonymous memory of {count} idle connections, megabytes: "
              + ", ".join(f"{name} {value:.1f}" for name, value in idle.items()))
        results["idle"] = idle

    print("\ntargets")
    for label, clients, by_door in rows:
        guard, floor = by_door["guard"], by_door["floor"]
        if label.startswith("point select"):
            judge(f"{label}, {clients} clients: CPU to the floor", guard["cpu_us"] / floor["cpu_us"], 1.15)
            if clients >= 8:
                judge(f"{label}, {clients} clients: CPU to PgBouncer", guard["cpu_us"] / by_door["pgbouncer"]["cpu_us"], 1.0)
        judge(f"{label}, {clients} clients: rate to HAProxy", guard["rate"] / by_door["haproxy"]["rate"], 1.0, True)
    if idle:
        judge("idle connections, megabytes", idle["guard"], 20.0)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
