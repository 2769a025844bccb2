"""Random definitions over definition_grammar.py, for a server that says which of them are right.

`DefinitionGenerator.next(…)` makes one text from what the catalog holds at that moment, so that most are accepted. The
same seed and the same server make the same texts.
"""
import re

from definition_grammar import DRAWN_NAMES, FIXED_NAMES, RULES
from definition_spelling import Name, Spelling, quoted

DATABASES = ("d1", "d2", "d-3")
TOKEN = re.compile(r"'(?:[^']|'')*'|\{[^}]+\}|[\[\]<>|]|[^\s\[\]<>|{}']+(?:'[^']*'[^\s\[\]<>|{}']*)*")
OPTIONAL_CHANCE = 0.3


def parsed(template):
    """A template as a list of tokens, ("one", alternatives) and ("maybe", alternatives)."""
    tokens = TOKEN.findall(template)

    def sequence(position, closing):
        alternatives, current = [], []
        while position < len(tokens) and tokens[position] != closing:
            token = tokens[position]
            position += 1
            if token in "[<":
                inner, position = sequence(position, {"[": "]", "<": ">"}[token])
                current.append(("maybe" if token == "[" else "one", inner))
            elif token == "|":
                alternatives.append(current)
                current = []
            else:
                current.append(token)
        return [*alternatives, current], position + 1

    [alone], _ = sequence(0, None)
    return alone


def weighed(template):
    weight, colon, rest = template.partition(": ")
    return (int(weight), parsed(rest)) if colon and weight.isdigit() else (1, parsed(template))


GRAMMAR = {rule: [weighed(template) for template in templates] for rule, templates in RULES.items()}


class DefinitionGenerator:
    def __init__(self, random):
        self.random = random
        self.spelling = Spelling(random)
        self.catalog, self.database, self.key = None, None, None

    def next(self, catalog, database, ansi_quotes=False):
        self.catalog, self.database = catalog, database
        self.key = (database, "t1")  # the table that columns and indexes are drawn from
        return self._wrapped(self.spelling.text(self._rule("definition"), ansi_quotes))

    def _wrapped(self, text):
        """The ways to hand a statement over."""
        way = self.random.random()
        string = text.replace("'", "''")
        if way < 0.04:
            return f"SET STATEMENT max_statement_time = 8 FOR {text}"
        if way < 0.08 and "\\" not in text:
            return f"EXECUTE IMMEDIATE '{string}'"
        if way < 0.11 and "\\" not in text:
            return f"PREPARE p FROM '{string}'; EXECUTE p"
        if way < 0.14:
            return f"BEGIN NOT ATOMIC {text}; END"
        if way < 0.16:
            return f"SELECT 1; {text}"
        if way < 0.18:
            return f"IF 1 THEN {text}; ELSE DROP TABLE nothing; END IF"
        return text

    def _rule(self, name):
        weights, templates = zip(*GRAMMAR[name])
        return self._expanded(self.random.choices(templates, weights)[0])

    def _expanded(self, template):
        made = []
        for part in template:
            if isinstance(part, tuple):
                if part[0] == "one" or self.random.random() < OPTIONAL_CHANCE:
                    made += self._expanded(self.random.choice(part[1]))
            elif part.startswith("{"):
                made += self._named(part[1:-1])
            else:
                made.append(part)
        return made

    def _named(self, name):
        if name in GRAMMAR:
            return self._rule(name)
        if name in FIXED_NAMES:
            return [Name(name)]
        if name in DRAWN_NAMES:
            return [Name(self.random.choice(DRAWN_NAMES[name]))]
        return getattr(self, f"_{name}")()

    # Names of what is there. A few are not there at all.
    def _chance(self, probability):
        return self.random.random() < probability

    def _existing(self, *kinds):
        keys = sorted(key for key, table in self.catalog["tables"].items() if table.kind in kinds and key[0] in DATABASES)
        near = [key for key in keys if key[0] == self.database]
        if not keys or self._chance(0.03):
            return self.database, "nothing"
        return self.random.choice(near if near and self._chance(0.8) else keys)

    def _written(self, key):
        database, name = key
        return [Name(name)] if database == self.database and self._chance(0.7) else [Name(database), ".", Name(name)]

    def _table(self):
        self.key = self._existing("BASE TABLE", "BASE TABLE", "SYSTEM VERSIONED")
        return self._written(self.key)

    def _triggered(self):
        return self._written(self.key)

    def _swap(self):
        return self._written(self.random.choice((self._existing("BASE TABLE"), ("d1", "swap"))))

    def _partitioned(self):
        keys = sorted(key for key, table in self.catalog["tables"].items() if any(len(one) == 5 for one in table.rest))
        self.key = self.random.choice(keys) if keys else self._existing("BASE TABLE")
        return self._written(self.key)

    def _view_name(self):
        return self._written(self._existing("VIEW"))

    def _sequence_name(self):
        return self._written(self._existing("SEQUENCE"))

    def _part_of_table(self, part, without=()):
        table = self.catalog["tables"].get(self.key)
        names = [name for name in getattr(table, part, ()) if name not in without]
        return [Name(self.random.choice(names) if names and not self._chance(0.03) else "nothing")]

    def _column(self):
        return self._part_of_table("columns")

    def _index(self):
        return self._part_of_table("indexes")

    def _constraint(self):
        return self._part_of_table("constraints", without=("primary",))

    def _any_index(self):
        table = self._table()
        return [*self._index(), "ON", *table]

    def _other(self, kind):
        keys = sorted(key[1:] for key in self.catalog["others"] if key[0] == kind and key[1] in DATABASES)
        return self._written(self.random.choice(keys) if keys and not self._chance(0.03) else (self.database, "nothing"))

    def _routine_name(self):
        return self._other("routines")

    def _trigger_name(self):
        return self._other("triggers")

    def _event_name(self):
        return self._other("events")

    # New names.
    def _new(self, stem):
        database = self.database if self._chance(0.8) else self.random.choice(DATABASES)
        odd = (f"{stem} 1", f"{stem}-2", f"{stem}`3", "table", f"{stem.upper()}1", "größe", f"1{stem}", f"{stem}$x", "select", "to", "if")
        return self._written((database, f"{stem}{self.random.randrange(9)}" if self._chance(0.7) else self.random.choice(odd)))

    def _new_table(self):
        return self._new("t")

    def _new_part(self):
        return self._new("part")

    def _new_view(self):
        return self._new("v")

    def _new_sequence(self):
        return self._new("s")

    def _new_routine(self):
        return self._new("r")

    def _new_event(self):
        return self._new("e")

    def _new_trigger(self):
        """Stands in its table's database."""
        self.key = self._existing("BASE TABLE")
        return self._written((self.key[0], f"g{self.random.randrange(6)}"))

    def _user(self):
        user = self.random.choice(("u1", "u2", "u-3"))
        return [self.random.choice((f"'{user}'", quoted(user), f"'{user}'@'%'", f"{quoted(user)}@`10.%`", f"'{user}'@localhost"))]

    def _server_name(self):
        return [self.random.choice((Name("srv1"), "'srv2'", Name("srv-3")))]
