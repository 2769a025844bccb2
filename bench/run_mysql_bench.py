#!/usr/bin/python3
"""Measures the guard beside a minimal relay and HAProxy (TCP mode) with sysbench on MariaDB, in one run.

    bench/run_mysql_bench.py [--quick] [--rounds N] [--seconds N] [--only WORD] [--json FILE]

As run_bench.py: every load through every door in turn, round after round, medians, processor time of the proxy per
query (a read-write transaction has twenty of them), ratios to the relay. The guard runs in enforce mode, audit on, one
worker. MySQL Router takes part where it is installed. MYSQL_BIN names another server's programs, as for the tests.
"""
import argparse
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

from doors import REPOSITORY, Door, Doors, judge, medians, print_table, servers

sys.path.insert(0, str(REPOSITORY / "tests" / "e2e" / "mysql"))

from protected_server import start_server  # noqa: E402

TABLE_ROWS = 100_000
MODES = {"prepared": "auto", "text": "disable"}
INSERT = str(pathlib.Path(__file__).with_name("insert_megabyte.lua"))
LOADS = [(f"point select, {name}", threads, "oltp_point_select", mode) for name, mode in MODES.items()
         for threads in (1, 8, 32)] \
    + [(f"read-write, {name}", 8, "oltp_read_write", mode) for name, mode in MODES.items()] \
    + [("1 MB inserts, text", 1, INSERT, "disable")]


class MySqlDoors(Doors):
    def __init__(self, directory):
        self.server = start_server(directory / "server", ["--max-connections=300", "--innodb-log-file-size=512M"])
        self.server.fresh_database("bench")
        super().__init__(directory, self.server.port)
        self.start_all((self.start_floor, self.start_haproxy, self.start_router, self.start_guard))

    def start_router(self):
        program = shutil.which("mysqlrouter")
        if not program:
            return None
        port = servers.free_port()
        folder = self.directory / "router"
        folder.mkdir()
        (folder / "router.conf").write_text(f"""[DEFAULT]
logging_folder = {folder}
runtime_folder = {folder}
data_folder = {folder}
[io]
threads = 1
[routing:bench]
bind_address = 127.0.0.1
bind_port = {port}
destinations = 127.0.0.1:{self.server_port}
routing_strategy = first-available
protocol = classic
max_connect_errors = 4294967295
client_ssl_mode = DISABLED
server_ssl_mode = DISABLED
""")
        process = self.launch("router", [program, "--user=root", "-c", str(folder / "router.conf")])
        servers.wait_until(lambda: servers.accepts_connections(port), "MySQL Router listens")
        return Door("router", port, process)

    def start_guard(self):
        self.guard = servers.Guard(self.directory / "guard", self.server_port, mode="enforce",
                                   server={"engine": "mysql"}).start()
        return Door("guard", self.guard.port, self.guard.process)

    def stop(self):
        super().stop()
        self.server.stop()


def sysbench(port, load, *arguments):
    command = [servers.find_program("sysbench"), load, "--db-driver=mysql", "--mysql-host=127.0.0.1",
               f"--mysql-port={port}", "--mysql-user=app", "--mysql-password=app", "--mysql-db=bench", *arguments]
    if not load.endswith(".lua"):
        command += ["--tables=1", f"--table-size={TABLE_ROWS}"]
    result = subprocess.run(command, capture_output=True, text=True, timeout=600)
    if result.returncode != 0:
        raise RuntimeError(f"sysbench {load} {arguments}: {result.stdout[-2000:]}{result.stderr[-2000:]}")
    return result.stdout


def measure(door, load, mode, threads, seconds):
    """Queries a second, and processor microseconds of the proxy a query."""
    before = door.cpu_seconds()
    output = sysbench(door.port, load, f"--threads={threads}", f"--time={seconds}", f"--db-ps-mode={mode}",
                      "--mysql-ignore-errors=1213,1020,1205", "run")
    used = door.cpu_seconds() - before
    queries, rate = re.search(r"queries:\s+(\d+)\s+\((\S+) per sec", output).groups()
    return {"rate": float(rate), "cpu_us": used / max(int(queries), 1) * 1e6}


def run(doors, rounds, seconds, options):
    sysbench(doors.server_port, "oltp_read_write", "prepare")
    sysbench(doors.server_port, INSERT, "prepare")
    names = [door.name for door in doors.doors]
    samples = {}
    for number in range(rounds):
        print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
        for label, threads, load, mode in LOADS:
            if options.only not in label:
                continue
            for offset in range(len(doors.doors)):
                door = doors.doors[(offset + number) % len(doors.doors)]
                sample = measure(door, load, mode, threads, seconds)
                samples.setdefault((label, threads), {}).setdefault(door.name, []).append(sample)
            doors.server.query("TRUNCATE inserted", "bench")
    rows = [(label, threads, {name: medians(taken) for name, taken in by_door.items()})
            for (label, threads), by_door in samples.items()]
    print_table(f"Medians of {rounds} round(s) of {seconds} s: queries a second, proxy CPU microseconds a query, CPU ratio "
                "to the floor", names, rows, "rate    CPU  ratio ")
    print("\ntargets")
    for label, threads, by_door in rows:
        guard, floor, haproxy = by_door["guard"], by_door["floor"], by_door["haproxy"]
        if label.startswith("point select"):
            judge(f"{label}, {threads} threads: CPU to the floor", guard["cpu_us"] / floor["cpu_us"], 1.15)
            judge(f"{label}, {threads} threads: CPU to HAProxy", guard["cpu_us"] / haproxy["cpu_us"], 1.0)
        judge(f"{label}, {threads} threads: rate to HAProxy", guard["rate"] / haproxy["rate"], 1.0, True)
    if options.json:
        options.json.write_text(json.dumps({f"{label} {threads}": by_door for label, threads, by_door in rows}, indent=1))


def main():
    parser = argparse.ArgumentParser(description="Benchmark the MySQL guard against its peers")
    parser.add_argument("--quick", action="store_true", help="one short round, to see that everything works")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--seconds", type=int)
    parser.add_argument("--only", default="", help="only loads whose name holds this word")
    parser.add_argument("--json", type=pathlib.Path, help="write all medians there")
    options = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-mysql-bench-"))
    directory.chmod(0o755)
    doors = MySqlDoors(directory)
    try:
        run(doors, options.rounds or (1 if options.quick else 5), options.seconds or (1 if options.quick else 3), options)
    finally:
        doors.stop()
        shutil.rmtree(directory, ignore_errors=True)


if __name__ == "__main__":
    main()
