"""Plays tests of MariaDB's suite on two ways at once, directly and through a guard, and compares what they print.

Two equal servers, one for each way, begin every test in the same state. A difference counts when it comes back: both
ways are then played once more, and what either way prints differently each time is not compared.

    tests/e2e/mysql/suite_comparison.py [--mode enforce] [--every N] [--options=--ps-protocol] SUITE|SUITE.TEST …
"""
import argparse
import collections
import concurrent.futures
import dataclasses
import difflib
import hashlib
import json
import pathlib
import re
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from server_suite import SKIPPED, TOO_LONG, SuiteServer  # noqa: E402
from servers import Guard  # noqa: E402
from suite_selection import tests_of  # noqa: E402

EQUAL, DIFFERENT = "equal", "different"
REFUSED = "refused"  # different, and the guard has refused a statement of it as unread
VOLATILE = "volatile"  # different, but one way alone prints something else each time
UNPLAYABLE, SKIPPED_BY_ITSELF, OUT_OF_TIME = "unplayable", "skipped", "too long"
# Everybody who logs in is a migrator, so that nothing is refused but what the built-in policy refuses to all.
MIGRATORS = ({"user": "*"},)
# Lifts what no migrator may do by design. What is refused all the same is text that the guard could not read.
LIFTED = [{"name": "all-but-unread", "match": {"class": ["cluster", "catalog_write"]}, "action": "allow"}]
OBSERVING = {"engine": "mysql", "local_infile": "allow"}
ENFORCING = {**OBSERVING, "rules": LIFTED}


@dataclasses.dataclass
class Comparison:
    name: str
    outcome: str
    seconds: float
    explanation: list
    printed: str

    def __str__(self):
        return f"{self.outcome:10} {self.seconds:5.1f} s  {self.name}"


def judge(direct, guarded):
    if direct.status == TOO_LONG:
        return OUT_OF_TIME
    if direct != guarded:
        return REFUSED if "(rule builtin/unread" in guarded.text else DIFFERENT
    return {0: EQUAL, SKIPPED: SKIPPED_BY_ITSELF}.get(direct.status, UNPLAYABLE)


def judge_again(before, now):
    """Both are what the two ways have printed. What one way alone prints differently each time proves nothing."""
    outcome = judge(*now)
    if outcome != DIFFERENT or before == now:
        return outcome
    lines = [recording.text.split("\n") for recording in (*before, *now)]
    if len({len(one) for one in lines}) > 1:
        return VOLATILE
    varies_alone = all(c == d or a != c or b != d for a, b, c, d in zip(*lines))
    return VOLATILE if not varies_alone or now[0].status or now[1].status else EQUAL


def difference_of(direct, guarded):
    lines = difflib.unified_diff(direct.text.splitlines(), guarded.text.splitlines(), n=2, lineterm="")
    return [*lines, f"status {direct.status}, guarded {guarded.status}"]


class TwoWays:
    """The servers of both ways. `start_guard(upstream)` starts the guard that stands in front of the second."""

    def __init__(self, start_guard, options=()):
        self.servers = [SuiteServer(), SuiteServer()]
        self.guard = start_guard(self.servers[1].port)
        self.players = [self.servers[0].player(), self.servers[1].player(self.guard.port)]
        for player in self.players:  # what is replaced on one way by accident is replaced on the other one too
            player.volatile = {**self.players[0].volatile, **self.players[1].volatile}
        self.options = options
        self.threads = concurrent.futures.ThreadPoolExecutor(2)

    def stop(self):
        self.threads.shutdown()
        for server in self.servers:
            server.stop()

    def _record(self, name, seconds_max):
        return self.threads.map(lambda player: player.record(name, seconds_max, self.options), self.players)

    def compare(self, name, seconds_max):
        started = time.monotonic()
        list(self.threads.map(SuiteServer.clean, self.servers))
        direct, guarded = self._record(name, seconds_max)
        outcome, explanation = judge(direct, guarded), []
        if outcome == DIFFERENT:
            list(self.threads.map(SuiteServer.renew, self.servers))
            # On a busy machine either way may just have been slow; a guard that waits for something that never comes
            # will still do so after thrice the time.
            seconds_max *= 3 if guarded.status == TOO_LONG else 1
            before, (direct, guarded) = (direct, guarded), self._record(name, seconds_max)
            outcome = judge_again(before, (direct, guarded))
        if outcome in (DIFFERENT, VOLATILE, REFUSED):
            explanation = difference_of(direct, guarded)
        elif outcome == UNPLAYABLE:
            explanation = direct.text.splitlines()[-1:]
        return Comparison(name, outcome, time.monotonic() - started, explanation, guarded.text)


class AuditReader:
    """What a guard refused, or would have refused in enforce mode, as far as its audit has been written."""

    def __init__(self, guard):
        self.file = guard.audit_file
        self.offset = 0
        self.refusals = {}

    def news(self):
        """The refusals since the last look. What became of each is noted in `became`, when it is known."""
        with open(self.file, "rb") as file:
            file.seek(self.offset)
            text = file.read()
        whole = text[:text.rfind(b"\n") + 1]
        self.offset += len(whole)
        found = []
        for line in map(json.loads, whole.splitlines()):
            if "block" in (line.get("would"), line.get("verdict")):
                self.refusals[line["seq"]] = line
                found.append(line)
            elif line["event"] == "outcome" and line.get("of") in self.refusals:
                self.refusals[line["of"]]["became"] = line["outcome"]
        return found

    def counted(self):
        return collections.Counter((line["reason"], line.get("facts", {}).get("unread_reason", "")) for line in
                                   self.refusals.values())


def reveal(refusal, printed):
    """The text of a statement, which the audit keeps to itself when it could not be read, as the test has printed it."""
    statement = refusal.get("statement") or refusal.get("detail", "")
    hidden = re.match(r"<unread: (\d+) bytes, sha256 (\w+)", statement)
    if not hidden:
        return statement
    text, size = printed.encode("latin-1", "replace"), int(hidden[1])
    for start in [0, *(match.end() for match in re.finditer(b"\n|;", text))]:
        if hashlib.sha256(text[start:start + size]).hexdigest() == hidden[2]:
            return text[start:start + size].decode("latin-1")
    return statement


def selected(suites, every=1, offset=0):
    """Names of the tests that can be played, spread over the suites by a digest of their names; prints what is left out."""
    names = []
    for suite in suites:
        playable, left_out = tests_of(suite)
        print(f"{suite}: {len(playable)} tests; left out: {left_out}", flush=True)
        names += playable
    return sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())[offset::every]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="+", help="suites, or single tests as SUITE.TEST")
    parser.add_argument("--mode", default="observe")
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--seconds-max", type=float, default=120)
    parser.add_argument("--options", action="append", default=[], help="further arguments of mariadb-test")
    arguments = parser.parse_args()
    directory = pathlib.Path(tempfile.mkdtemp(prefix="schemaguard-suite-guard-"))
    names = [name for name in arguments.names if "." in name]
    names += selected([name for name in arguments.names if "." not in name], arguments.every, arguments.offset)

    def start_guard(upstream):
        return Guard(directory / "guard", upstream, mode=arguments.mode, migrators=MIGRATORS,
                     server=ENFORCING if arguments.mode == "enforce" else OBSERVING).start()

    ways = TwoWays(start_guard, arguments.options)
    counted, audit = collections.Counter(), AuditReader(ways.guard)
    try:
        for name in names:
            comparison = ways.compare(name, arguments.seconds_max)
            counted[comparison.outcome] += 1
            print(comparison, *comparison.explanation, sep="\n")
            for refusal in audit.news():
                print("  would refuse:", refusal["reason"], refusal["class"], json.dumps(reveal(refusal, comparison.printed)),
                      flush=True)
    finally:
        ways.stop()
        ways.guard.stop()
        print(dict(counted))
        audit.news()
        for (reason, detail), count in audit.counted().most_common():
            print(f"{count:6} × {reason} {detail}")


if __name__ == "__main__":
    main()
