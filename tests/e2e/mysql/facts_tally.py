"""What comes of comparing the facts of played statements with what they changed: counts, and complaints in words."""
import collections
import re

from catalog_difference import follow_temporary, is_made_from_a_query, judge
from explained_facts import explain_all

CHANGING = {"schema", "access", "cluster", "temporary", "catalog_write"}
COMPOUND = {"COMPOUND STATEMENT", "BEGIN NOT ATOMIC"}
RUNNING = {"CALL", "EXECUTE", "PREPARE", "EXECUTE IMMEDIATE"}
UNKNOWN_PERCENT_MAX = 1
# What these run was read earlier, where it was prepared, or stands in the server.
CALLING = re.compile(r"\s*(call|execute(?!\s+immediate))\b", re.I)
CALLED = [{"command": "CALL", "class": ["opaque"], "changes": []}]


class Tally:
    def __init__(self):
        self.accepted = self.definitions = self.observed = self.named = 0
        self.unknown = self.from_query = 0
        self.wrong, self.unknown_texts = [], []

    def add(self, origin, records, version):
        """`records` in the order in which they were played, all of one script."""
        records = [record for record in records if record.accepted]
        asked = [record for record in records if not CALLING.match(record.sent.text)]
        facts = dict(zip(map(id, asked), explain_all([record.sent for record in asked], version)))
        hidden = collections.defaultdict(set)
        prepared = {}
        for record in records:
            self._one(origin, record, facts.get(id(record), CALLED), hidden[record.connection], prepared)

    def _one(self, origin, record, read, hidden, prepared):
        self.accepted += 1
        where = f"{origin}: {record.sent.text[:400]!r}"
        classes = {name for one in read for name in one["class"]}
        if "unread" in classes or any(one.get("changes_left_out") for one in read):
            self.wrong.append(f"unread: {where}")
            return
        commands = {one["command"] for one in read}
        unfinished = "PREPARE" in commands and "EXECUTE" not in commands
        if unfinished:
            prepared[record.connection, name_of_prepared(record.sent.text)] = read, record.sent.database
        database = record.sent.database
        if read is CALLED:
            # Names were looked up when it was prepared.
            read, database = prepared.get((record.connection, name_of_prepared(record.sent.text)), (read, database))
            classes |= {name for one in read for name in one["class"]}
        changes = [change for one in read for change in one["changes"]]
        if any(change["kind"].endswith("_event") for change in changes):
            # What an event will do belongs to its facts; it has not done it yet.
            changes = [change for change in changes if change["kind"].endswith("_event")]
        self._count(changes, record.sent.text, where)
        built = "opaque" in classes and bool(commands & (COMPOUND | RUNNING))
        conditional = unfinished or built or bool(commands & COMPOUND)
        judgement = judge(record.before, record.after, changes, database, hidden, conditional)
        if not unfinished:
            follow_temporary(changes, database, hidden)
        self.observed += judgement.observed
        if built:
            return  # code that builds its statements is judged as such
        if judgement.observed and not classes & CHANGING:
            judgement.complaints.append(f"changes the catalog and is {sorted(classes)}")
        # INSTALL and UNINSTALL are of class cluster and name no object.
        plugins = bool(commands & {"INSTALL", "UNINSTALL"})
        self.wrong += [f"{complaint}: {where}" for complaint in judgement.complaints
                       if not (plugins and complaint.startswith("loadable"))]

    def _count(self, changes, text, where):
        self.definitions += bool(changes)
        self.named += len(changes)
        unknown = [change for change in changes if change.get("shape_unknown")]
        if any(is_made_from_a_query(change, text) for change in unknown):
            self.from_query += 1
        elif unknown:
            self.unknown += 1
            self.unknown_texts.append(where)

    def unknown_percent(self):
        return 100 * self.unknown / max(self.definitions, 1)

    def report(self):
        return (f"{self.accepted} statements accepted, {self.definitions} of them name changes; {self.named} changes named and"
                f" {self.observed} changed objects observed, compared: {len(self.wrong)} wrong; shape unknown: {self.unknown}"
                f" ({self.unknown_percent():.2f} %), and {self.from_query} tables made LIKE another or from a query")


def name_of_prepared(text):
    words = text.split()
    return words[1].strip("`;").lower() if len(words) > 1 else ""
