"""Facts against an observed change of the catalog: what the statement was said to do, and what it did.

`judge` compares two readings of observed_catalog.py with the changes that the reader named: nothing may have happened
that no change names, and what a change names must have happened. Tables are told apart by their exact names, columns,
indexes and all other objects without regard to case.
"""
import collections
import dataclasses
import re

from observed_catalog import SYSTEM

CREATING = {"create_table", "create_view", "create_sequence", "alter_view", "exchange_partition"}
DROPPING = {"drop_table", "drop_view", "drop_sequence", "rename_table"}
# Changes of a table as a whole: they say nothing about single columns and indexes but may touch them.
WHOLE_TABLE = CREATING | DROPPING | {
    "convert_character_set", "alter_options", "partition_table", "remove_partitioning", "import_tablespace",
    "add_system_versioning", "drop_system_versioning", "convert_partition", "reorganize_partition", "add_partition",
    "drop_partition", "coalesce_partition", "add_period", "drop_period", "upgrade_partition", "alter_sequence"}
# What an observed difference of another kind may be called.
OTHER_KINDS = {"databases": "database", "routines": "procedure function package package_body", "events": "event",
               "triggers": "trigger", "accounts": "role", "servers": "server", "loadable": "function plugin"}


@dataclasses.dataclass
class Judgement:
    complaints: list
    observed: int  # objects that changed


class NamedChanges:
    """What the facts of one statement name, found by the table that it is about."""

    def __init__(self, changes, default_database):
        self.default = default_database
        self.all = changes
        self.by_table = collections.defaultdict(list)
        self.targets = set()  # names that a change gives
        for change in changes:
            key = self.table_of(change)
            self.by_table[key].append(change)
            if change["kind"] in ("rename_table", "alter_event"):
                database, dot, name = change.get("new_name", "").rpartition(".")
                # Without a database it goes into the default one, wherever it comes from.
                target = (database if dot else self.default, name)
                if change.get("shape_unknown"):  # the name itself has a '.' in it
                    target = (self.default, change.get("new_name", ""))
                self.targets.add(target)
                # Clauses of the same statement speak of the table by its old name.
                self.by_table[target].append(change)

    def key(self, use):
        return use.get("schema", self.default), use.get("name", "")

    def table_of(self, change):
        return self.key(change.get("relation") or change["object"])

    def of(self, key):
        return self.by_table.get(key, [])

    def kinds(self, key):
        return {change["kind"] for change in self.of(key)}


def judge(before, after, changes, default_database, hidden=frozenset(), conditional=False):
    """`hidden`: keys of temporary tables of the session, which stand before others of their name. `conditional`: the
    changes may or may not have been reached."""
    named = NamedChanges(changes, default_database)
    complaints, observed = [], 0
    gone = {key[1] for key in before["others"].keys() - after["others"].keys() if key[0] == "databases"}
    gone |= {change["object"].get("name") for change in changes if change["kind"] == "drop_database"}
    for key in sorted(before["tables"].keys() | after["tables"].keys()):
        old, new = before["tables"].get(key), after["tables"].get(key)
        if old is not new and old != new and key[0] not in gone and not _grew_by_itself(old, new):
            observed += 1
            complaints += _table_difference(key, old, new, named)
    for key in sorted(before["others"].keys() | after["others"].keys()):
        if before["others"].get(key) == after["others"].get(key) or key[1] in gone and key[0] != "databases":
            continue
        observed += 1
        complaints += _other_difference(key, before["others"].get(key, set()), after["others"].get(key, set()), named)
    for change in [] if conditional else changes:
        if named.table_of(change) in hidden and change["object"].get("persistence") != "persistent":
            continue
        complaint = _unfulfilled(change, named, before, after)
        if complaint:
            complaints.append(complaint)
    return Judgement(complaints, observed)


def follow_temporary(changes, default_database, hidden):
    """Brings the keys of a session's temporary tables up to date behind an accepted statement."""
    named = NamedChanges(changes, default_database)
    for change in changes:
        key, persistence = named.table_of(change), change["object"].get("persistence")
        if change["kind"] in ("create_table", "create_sequence") and persistence == "temporary":
            hidden.add(key)
        elif change["kind"] in ("drop_table", "drop_sequence") and persistence != "persistent":
            hidden.discard(key)
        elif change["kind"] == "rename_table" and key in hidden:
            hidden.discard(key)
            database, dot, name = change["new_name"].rpartition(".")
            hidden.add((database if dot else default_database, name))


def _grew_by_itself(old, new):
    """PARTITION BY SYSTEM_TIME INTERVAL … AUTO: rows that are written make partitions."""
    if old is None or new is None or {**vars(old), "rest": None} != {**vars(new), "rest": None}:
        return False
    return all(len(row) == 5 and row[1] == "SYSTEM_TIME" for row in old.rest | new.rest)


def _other_difference(key, old, new, named):
    kind, database, name = key
    if kind == "accounts" and _accounts_are_named(name, old ^ new, named.all):
        return []
    for change in named.all:
        use = change["object"]
        if use.get("kind", "other") not in OTHER_KINDS[kind].split() + ["other"]:
            continue
        schema, called = named.key(use)
        if kind == "databases" and called in (database, "") and (called or database == named.default):
            return []
        if kind in ("routines", "events", "triggers") and (database, name) == (schema, called.lower()):
            return []
        if kind == "events" and change["kind"] == "alter_event" and (database, name) in {
                (schema, called.lower()) for schema, called in named.targets}:
            return []
        if kind in ("servers", "loadable") and called.lower() == name:
            return []
    if kind == "triggers":
        # They go with their table, and are renamed and rewritten with it.
        tables = {(database, row[2]) for row in old | new}
        if any(not change["kind"].endswith("_trigger") for table in tables for change in named.of(table)):
            return []
    if kind == "accounts" and any(change["kind"] in ("drop_procedure", "drop_function", "create_procedure",
                                                     "create_function", "drop_package", "drop_package_body") for change in named.all):
        return []  # automatic_sp_privileges
    return [f"{kind} {database}.{name} changed"]


def _accounts_are_named(name, rows, changes):
    """Accounts are compared without their hosts. Who makes a role administers it; who had a role that is dropped has it
    no more; some texts say "the current one"."""
    changes = [change for change in changes if change["object"].get("kind") == "role" or change["kind"] in ("grant", "revoke")]
    called, together = set(), set()
    for change in changes:
        names = {text.split("@")[0].strip("'`\" ").lower() for text in (
            change["object"].get("name", ""), change.get("new_name", ""), change.get("member", ""))}
        called |= names
        if change["kind"] in ("grant", "revoke"):
            called |= set(re.findall(r"[\w$]+", change.get("definition", "").lower()))
        if change["kind"].endswith(("_role", "_user")):
            together |= names - {""}
        if "name" not in change["object"] and change["kind"] == "alter_user":
            called.add("root")  # SET PASSWORD without FOR
    if {name, "current_user", "current_role"} & called:
        return True
    return bool(together) and all(any(one in field.lower() for one in together for field in row if field) for row in rows)


def _table_difference(key, old, new, named):
    mine, kinds = named.of(key), named.kinds(key)
    if old is None:
        return [] if kinds & CREATING or key in named.targets else [f"{key} appeared"]
    if new is None:
        return [] if kinds & DROPPING else [f"{key} disappeared"]
    if not mine:
        # What a view shows follows the tables that it reads.
        return [] if new.kind == old.kind == "VIEW" and new.rest == old.rest else [f"{key} changed"]
    if any(change.get("shape_unknown") for change in mine) or kinds & WHOLE_TABLE:
        return []
    return [*_column_difference(key, old, new, mine), *_index_difference(key, old, new, mine)]


def _members(changes, *kinds):
    return {change.get("member", "").lower() for change in changes if not kinds or change["kind"] in kinds}


def _new_names(changes, kind):
    return {change.get("new_name", "").lower() for change in changes if change["kind"] == kind}


def _written_columns(changes):
    return {change["column"].get("name", "").lower() for change in changes if "column" in change}


def _column_difference(key, old, new, mine):
    complaints = []
    added = _members(mine, "add_column") | _new_names(mine, "rename_column") | _written_columns(mine)
    removed = _members(mine, "drop_column", "rename_column")
    touched = added | _members(mine)
    # A primary key makes its columns NOT NULL; an expression names the renamed column in its new way.
    elsewhere = any(change["kind"] == "rename_column" or change["kind"] in ("add_constraint", "drop_constraint")
                    and "primary" in (change.get("member", "") + change.get("definition", "")).lower() for change in mine)
    for column in old.columns.keys() | new.columns.keys():
        if old.columns.get(column) == new.columns.get(column):
            continue
        if column not in old.columns and column not in added:
            complaints.append(f"{key}: column {column} appeared")
        elif column not in new.columns and column not in removed:
            complaints.append(f"{key}: column {column} disappeared")
        elif column in old.columns and column in new.columns and column not in touched and not elsewhere:
            complaints.append(f"{key}: column {column} changed")
    return complaints


def _index_difference(key, old, new, mine):
    names = {change["object"].get("name", "").lower() for change in mine if change["object"]["kind"] == "index"}
    names |= _new_names(mine, "rename_index") | _members(mine, "add_constraint", "drop_constraint", "alter_constraint")
    kinds = {change["kind"] for change in mine}
    # A definition of a column may ask for an index or a check, and an index follows the columns that it is made of. What
    # has no name gets one from the server.
    unnamed = any(change["kind"] in ("create_index", "add_constraint") and not (
        change["object"].get("name") if change["object"]["kind"] == "index" else change.get("member")) for change in mine)
    if unnamed or kinds & {"add_column", "modify_column", "drop_column", "rename_column"}:
        return []
    complaints = []
    for what, before, after in (("index", old.indexes, new.indexes), ("constraint", old.constraints, new.constraints)):
        # A foreign key makes an index for itself, which gives way to a better one.
        elsewhere = what == "index" and "add_constraint" in kinds
        for name in before.keys() | after.keys():
            replaced = name not in after and "create_index" in kinds
            if before.get(name) != after.get(name) and name not in names and not replaced and not elsewhere:
                complaints.append(f"{key}: {what} {name} changed")
    return complaints


def _unfulfilled(change, named, before, after):
    """A change that was named and has not happened; "" when it has, or when nobody can tell from here."""
    kind, use = change["kind"], change["object"]
    key = named.table_of(change)
    if change.get("shape_unknown") or use.get("persistence") == "temporary" or key[0] in SYSTEM:
        return ""
    old, new = before["tables"].get(key), after["tables"].get(key)
    siblings = named.of(key)
    kinds = named.kinds(key)
    if kind in ("create_table", "create_view", "create_sequence"):
        if new is None:
            later = siblings[next(index for index, one in enumerate(siblings) if one is change):]
            return "" if any(one["kind"] in DROPPING for one in later) else f"{key} was not created"
        written = [column["name"].lower() for column in change.get("columns", [])]
        if kind == "create_table" and not change.get("if_not_exists") and written and new.columns and (
                written != list(new.columns)):
            return f"{key} has columns {list(new.columns)}, read {written}"
        return ""
    if kind in ("drop_table", "drop_view", "drop_sequence"):
        again = kinds & {"create_table", "create_view", "create_sequence"} or key in named.targets
        # IF EXISTS passes by what exists as something else; a sequence is a table too.
        others = {"drop_table": ("VIEW",), "drop_view": ("BASE TABLE", "SEQUENCE", "SYSTEM VERSIONED"),
                  "drop_sequence": ("BASE TABLE", "VIEW", "SYSTEM VERSIONED")}
        passed = change.get("if_exists") and old is not None and old.kind in others[kind]
        return f"{key} is still there" if old is not None and new is not None and not again and not passed else ""
    if kind in ("create_procedure", "create_function", "create_trigger", "create_package"):
        return _unmade(change, named, after)
    # From here on about tables that this statement changes and that stay where they are.
    if old is None or new is None or kinds & {"rename_table"}:
        return ""
    return _unfulfilled_inside(change, key, old, new, siblings)


def _unmade(change, named, after):
    kind = "triggers" if change["kind"] == "create_trigger" else "routines"
    schema, name = named.key(change["object"])
    if kind == "triggers" and "schema" not in change["object"]:
        schema = named.key(change.get("relation", {}))[0]
    if (kind, schema, name.lower()) in after["others"] or "soname" in change.get("definition", "").lower():
        return ""
    return f"{kind} {schema}.{name} was not created"


def _unfulfilled_inside(change, key, old, new, siblings):
    kind, member = change["kind"], change.get("member", "").lower()
    new_name = change.get("new_name", "").lower()
    index = change["object"].get("name", "").lower() if change["object"]["kind"] == "index" else ""
    kinds = [one["kind"] for one in siblings]
    again = _members(siblings, "add_column") | _new_names(siblings, "rename_column") | _written_columns(siblings)
    if kind == "add_column" and member not in new.columns:
        return f"{key}: no column {member}"
    if kind == "drop_column" and member in new.columns and member not in again:
        return f"{key}: column {member} is still there"
    if kind == "rename_column" and new_name not in new.columns and not (change.get("if_exists") and member not in old.columns):
        return f"{key}: no column {new_name}"
    if kind in ("modify_column", "set_default", "drop_default") and member not in old.columns and not (
            change.get("if_exists") or member in again):
        return f"{key}: no column {member} to change"
    if new.options[0] == "MRG_MYISAM":
        return ""  # shows no indexes
    if kind == "create_index" and index and index not in new.indexes:
        return f"{key}: no index {index}"
    if kind == "drop_index" and index in new.indexes and not {"create_index", "rename_index"} & set(kinds):
        return f"{key}: index {index} is still there"
    if kind == "rename_index" and new_name not in new.indexes and not (change.get("if_exists") and index not in old.indexes):
        return f"{key}: no index {new_name}"
    return ""


def is_made_from_a_query(change, text):
    """CREATE TABLE … SELECT, LIKE, and CONVERT PARTITION … TO TABLE: no text could show the columns."""
    definition = change.get("definition", "select")
    if definition == "'***'":  # cannot be shown without its secrets
        definition = text
    return change["kind"] == "create_table" and bool(re.search(r"\b(like|select|values|with|table)\b", definition, re.I))
