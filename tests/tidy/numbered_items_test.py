"""Every numbered item of the MySQL wire notes and every M-entry of the evasion catalogue is named by a test.

A test names what it stands for: in C++ by its own name (Wire26…, M21…, M3M4…), in Python by the numbers in front of its
docstring's first colon or full stop, in brackets behind a case's name, or in a comment; in the corpora by the entry.
"""
import pathlib
import re

TESTS = pathlib.Path(__file__).resolve().parents[1]
WIRE_ITEMS = {str(number) for number in range(1, 55)}
EVASIONS = {f"M{number}" for number in (*range(1, 8), *range(9, 19), *range(20, 28), *range(29, 33), 34, 36, 37, 38,
                                        *range(40, 48), 49, 50)}
LIST = r"(M?\d+(?:-M?\d+)?(?:, M?\d+(?:-M?\d+)?)*)"
IN_PYTHON = [re.compile(pattern) for pattern in (rf'^\s+"""{LIST}[.:]', rf"# {LIST}(?::|$)", rf'\({LIST}\)":')]


def numbers_of(listed):
    for part in listed.split(", "):
        first, _, last = part.partition("-")
        prefix = "M" if first.startswith("M") else ""
        for number in range(int(first.strip("M")), int((last or first).strip("M")) + 1):
            yield f"{prefix}{number}"


def named_by(file):
    for line in file.read_text(encoding="utf-8").splitlines():
        if file.suffix == ".py":
            for pattern in IN_PYTHON:
                for listed in pattern.findall(line):
                    yield from numbers_of(listed)
        elif file.suffix == ".sql":
            yield from re.findall(r"\bM\d+\b", line)
        elif test := re.match(r"TEST\(MySql\w+, (\w+)\)", line):
            for kind, number in re.findall(r"(Wire|M)(\d+)(?=[A-Z])", test[1]):
                yield number if kind == "Wire" else f"M{number}"


def test_every_item_is_named_by_a_test():
    files = [*(TESTS / "proxy/mysql").glob("*.cc"), *(TESTS / "e2e/mysql").rglob("*.py"), *(TESTS / "e2e/mysql").rglob("*.sql")]
    named = {number for file in files for number in named_by(file)}
    missing = sorted((WIRE_ITEMS | EVASIONS) - named, key=lambda item: (item[0] == "M", int(item.strip("M"))))
    assert not missing, missing


def test_nothing_else_is_taken_for_an_item():
    files = [*(TESTS / "proxy/mysql").glob("*.cc"), *(TESTS / "e2e/mysql").rglob("*.sql")]
    named = {number for file in files for number in named_by(file)}
    assert named <= WIRE_ITEMS | EVASIONS, named - WIRE_ITEMS - EVASIONS
