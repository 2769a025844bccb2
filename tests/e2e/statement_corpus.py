"""Reads tests/parser/postgres/statements.corpus: the same cases that the unit test reads, with their live parts."""
import dataclasses
import pathlib
import re

PATH = pathlib.Path(__file__).resolve().parents[1] / "parser" / "postgres" / "statements.corpus"


@dataclasses.dataclass
class CorpusCase:
    line: int
    nodes: list
    setup: str = ""
    sql: str = ""
    cleanup: str = ""
    expected: str = ""
    live: str = ""

    @property
    def title(self):
        return f"{self.line} {self.sql[:60]}"

    @property
    def alone(self):
        return self.live == "alone"

    @property
    def never_live(self):
        return self.live.startswith("no, ")


def read_statement_corpus():
    cases = []
    for number, line in enumerate(PATH.read_text(encoding="utf-8").splitlines(), start=1):
        if line.startswith("["):
            cases.append(CorpusCase(number, [name.strip() for name in line.strip("[]").split(",")]))
            continue
        key = re.match(r"(setup|sql|cleanup|live|is): (.*)$", line)
        if key is None:
            assert not line or line.startswith(("#", "internal: ")), f"line {number} of the corpus: {line}"
            continue
        field = "expected" if key[1] == "is" else key[1]
        before = getattr(cases[-1], field)
        setattr(cases[-1], field, f"{before} {key[2]}".strip())
    return cases
