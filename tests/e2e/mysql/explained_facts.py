"""The facts of many texts, asked of `schemaguard explain` in few runs.

One run reads one long text in which a marker announces each statement and sets its reading. A statement that swallows
the marker behind it, or whatever else goes wrong, only costs another run: the reading goes on behind it.
"""
import dataclasses
import json
import re
import subprocess

from servers import BINARY

MARKER = re.compile(r"sg_mark_(\d+)$")
BATCH_BYTES_MAX = 400_000


@dataclasses.dataclass(frozen=True)
class Sent:
    """A text and what decided its reading when it was sent."""
    text: str
    sql_mode: str = ""
    character_set: str = "utf8mb4"
    database: str = "test"


def run_explain(text, version, *arguments):
    command = [BINARY, "explain", "--engine", "mysql", "--server-version", version, "--format", "json", *arguments, "-"]
    result = subprocess.run(command, input=text.encode(), capture_output=True, timeout=300)
    assert result.returncode in (0, 2, 3), result.stderr
    return json.loads(result.stdout)["statements"]


def explain_one(sent, version):
    return run_explain(sent.text, version, f"--sql-mode={sent.sql_mode}", f"--character-set={sent.character_set}")


def _batch(all_sent, version):
    """The facts of as many as can be told apart, from the first on."""
    text = "".join(f"DO sg_mark_{number}();SET sql_mode = '{sent.sql_mode}';SET NAMES {sent.character_set};{sent.text}\n;"
                   for number, sent in enumerate(all_sent)) + f"DO sg_mark_{len(all_sent)}()"
    found, skip = {}, 0
    for one in run_explain(text, version):
        marker = MARKER.match(one["functions"][0]) if one["command"] == "DO" and len(one["functions"]) == 1 else None
        if marker:
            current, skip = int(marker[1]), 2
            found[current] = []
        elif skip:
            skip -= 1
        else:
            found[current].append(one)
    facts = []
    while len(facts) + 1 in found and len(facts) < len(all_sent):
        facts.append(found[len(facts)])
    return facts


def explain_all(all_sent, version):
    """A list of statements for each text. What is unread among others is asked about once more alone: the reading of a
    text whose settings become uncertain in the middle is another."""
    facts = _explain_in_batches(all_sent, version)
    return [explain_one(sent, version) if any("unread" in one["class"] for one in read) else read
            for sent, read in zip(all_sent, facts)]


def _explain_in_batches(all_sent, version):
    facts = []
    while len(facts) < len(all_sent):
        batch, size = [], 0
        for sent in all_sent[len(facts):]:
            size += len(sent.text) + 150
            if batch and size > BATCH_BYTES_MAX:
                break
            batch.append(sent)
        read = _batch(batch, version) if len(batch) > 1 else []
        facts += read
        if len(read) < len(batch):
            facts.append(explain_one(batch[len(read)], version))
    return facts
