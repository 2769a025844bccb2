"""What every benchmark run shares: the doors to a server, their processor time, tables and targets.

A door is one way to the server: direct, the relay that is the floor, another proxy, or the guard. Processor time is the
proxy's own (all threads, user and system, from /proc). Ratios are to the floor.
"""
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "tests" / "e2e"))

import servers  # noqa: E402


class Door:
    """One way to the server: a port, and the process whose work is counted (none for the direct way)."""

    def __init__(self, name, port, process=None, pid=None):
        self.name, self.port, self.process = name, port, process
        self.pid = pid or (process.pid if process else None)

    def cpu_seconds(self):
        if self.pid is None:
            return 0.0
        total = 0
        for task in pathlib.Path(f"/proc/{self.pid}/task").iterdir():
            with contextlib.suppress(OSError):
                total += int((task / "schedstat").read_text().split()[0])
        return total / 1e9

    def anonymous_kilobytes(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status)[1])

    def threads(self):
        return len(list(pathlib.Path(f"/proc/{self.pid}/task").iterdir()))


class Doors:
    """Starts proxies in front of a server that a subclass brings, and stops them all again."""

    def __init__(self, directory, server_port):
        self.directory, self.server_port = directory, server_port
        self.doors = [Door("direct", server_port)]

    def start_all(self, starts):
        """Each of `starts` gives a door, or None when its program is not on this machine."""
        try:
            self.doors += [door for door in (start() for start in starts) if door]
        except BaseException:
            self.stop()
            raise

    def launch(self, name, command, **keywords):
        with open(self.directory / f"{name}.log", "wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **keywords)

    def start_floor(self):
        port = servers.free_port()
        process = self.launch("floor", [str(REPOSITORY / "build" / "bench" / "relay_floor"), str(port),
                                        str(self.server_port)])
        servers.wait_until(lambda: servers.accepts_connections(port), "the relay listens")
        return Door("floor", port, process)

    def start_haproxy(self):
        port = servers.free_port()
        folder = self.directory / "haproxy"
        folder.mkdir()
        (folder / "haproxy.cfg").write_text(f"""global
    maxconn 4096
    nbthread 1
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
listen database
    bind 127.0.0.1:{port}
    server one 127.0.0.1:{self.server_port}
""")
        process = self.launch("haproxy", [servers.find_program("haproxy", "/usr/sbin/haproxy"), "-f",
                                          str(folder / "haproxy.cfg"), "-db", "-q"])
        servers.wait_until(lambda: servers.accepts_connections(port), "HAProxy listens")
        return Door("haproxy", port, process)

    def stop(self):
        if hasattr(self, "guard"):
            self.guard.stop()
        for door in self.doors:
            if door.process and door.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(door.pid, 15)
                door.process.wait()


def medians(samples):
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}


def print_table(title, names, rows, unit):
    print(f"\n{title}")
    print(f"{'load':<26}{'clients':>8} " + "".join(f"{name:>22}" for name in names))
    print(f"{'':<26}{'':>8} " + f"{unit:>22}" * len(names))
    for label, clients, results in rows:
        line = f"{label:<26}{clients:>8} "
        floor = results["floor"]
        for name in names:
            result = results[name]
            share = result["rate"] / floor["rate"] if floor["rate"] else 0
            if name == "direct":
                line += f"{result['rate']:>13.0f} {share:>5.2f}x  "
            else:
                cpu_share = result["cpu_us"] / floor["cpu_us"] if floor["cpu_us"] else 0
                line += f"{result['rate']:>8.0f} {result['cpu_us']:>7.1f} {cpu_share:>4.2f}x"
        print(line, flush=True)


def judge(what, value, limit, higher_is_better=False):
    met = value >= limit if higher_is_better else value <= limit
    print(f"  {'met   ' if met else 'MISSED'} {what}: {value:.2f} ({'at least' if higher_is_better else 'at most'} {limit:.2f})")
