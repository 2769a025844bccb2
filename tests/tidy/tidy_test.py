"""The house rules that a machine can check: what each room may include, sizes, names, headers, formatting."""
import pathlib
import re
import subprocess

import pytest

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("parser", "policies", "proxy", "tests", "bench")
LINES_MAX = 700

# What each pure room may include from outside, as prefixes of the name between the brackets or quotes.
STANDARD_HEADERS = set("""
algorithm any array atomic bit bitset cassert cctype charconv chrono cinttypes climits cmath compare concepts cstddef
cstdint cstdio cstdlib cstring deque functional initializer_list iterator limits list map memory memory_resource
numeric optional ostream queue ranges ratio set span sstream stack stdexcept string string_view tuple type_traits
typeindex emmintrin.h unordered_map unordered_set utility variant vector version
""".split())
# emmintrin.h holds compiler intrinsics. <chrono>'s durations are values; its clocks are not allowed. <cstdio> is for snprintf only.
LIBRARIES = {
    "parser": ("absl/", "boost/json", "pg_query"),
    "policies": ("absl/", "boost/json", "boost/crc", "openssl/evp.h", "parser/", "policies/"),
}
OWN_ROOMS = {
    "parser": ("parser/",),
    "policies": ("parser/", "policies/"),
    "proxy": ("parser/", "policies/", "proxy/"),
}
FORBIDDEN_IN_PURE_ROOMS = re.compile(
    r"steady_clock|system_clock|high_resolution_clock|absl::Now\(|absl::GetCurrentTimeNanos|\btime\(nullptr\)|"
    r"\bstd::thread|\bstd::mutex|absl::Mutex|\bfopen\(|\bfstream\b|\bgetenv\(|\bsocket\(|std::cout|std::cerr")
TOP_LEVEL = {"CMakeLists.txt", "CMakePresets.json", "Makefile", "README.md", "GLOSSARY.md", "CONTRIBUTING.md", "parser",
             "policies", "proxy", "tests", "bench"}


def tracked_files():
    listing = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"], cwd=REPOSITORY,
                             check=True, capture_output=True, text=True).stdout.split("\n")
    return [pathlib.PurePath(line) for line in listing if line and (REPOSITORY / line).is_file()]


FILES = tracked_files()
SOURCES = [file for file in FILES if file.suffix in (".cc", ".h", ".c")]
TEXTS = [file for file in FILES if file.suffix in (".cc", ".h", ".c", ".py", ".sh", ".md", ".txt", ".cmake")
         or file.name in ("Makefile", "run")]


def read(file):
    return (REPOSITORY / file).read_text(encoding="utf-8")


def includes(file):
    for number, line in enumerate(read(file).splitlines(), 1):
        found = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if found:
            yield number, found[1], found[2]


def test_repository_has_sources():
    assert any(file.parts[0] == "parser" for file in SOURCES)


def test_top_level_holds_nothing_unexpected():
    extra = {file.parts[0] for file in FILES if not file.parts[0].startswith(".")} - TOP_LEVEL
    assert not extra


@pytest.mark.parametrize("room", ["parser", "policies"])
def test_pure_room_includes_only_what_it_may(room):
    wrong = []
    for file in SOURCES:
        if file.parts[0] != room:
            continue
        for number, bracket, name in includes(file):
            if bracket == "<" and name in STANDARD_HEADERS:
                continue
            if name.startswith(LIBRARIES[room] + OWN_ROOMS[room]):
                continue
            wrong.append(f"{file}:{number}: {name}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ["parser", "policies"])
def test_pure_room_has_no_clock_thread_file_or_socket(room):
    wrong = []
    for file in SOURCES:
        if file.parts[0] != room:
            continue
        for number, line in enumerate(read(file).splitlines(), 1):
            code = line.split("//", 1)[0]
            if FORBIDDEN_IN_PURE_ROOMS.search(code):
                wrong.append(f"{file}:{number}: {line.strip()}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("room", ["parser", "policies", "proxy"])
def test_rooms_point_one_way(room):
    wrong = []
    for file in SOURCES:
        if file.parts[0] != room:
            continue
        for number, bracket, name in includes(file):
            if name.startswith(tuple(f"{other}/" for other in ROOMS)) and not name.startswith(OWN_ROOMS[room]):
                wrong.append(f"{file}:{number}: {name}")
            if bracket == '"' and not name.startswith(OWN_ROOMS[room]):
                wrong.append(f"{file}:{number}: quoted includes are for this project's own headers: {name}")
    allowed = ("absl/", "gtest/", "gmock/", "benchmark/")
    wrong = [line for line in wrong if not line.rsplit(" ", 1)[1].startswith(allowed)]
    assert not wrong, "\n".join(wrong)


def test_folders_form_no_cycle():
    uses = {}
    for file in SOURCES:
        if file.parts[0] not in ("parser", "policies", "proxy"):
            continue
        folder = str(file.parent)
        for _, bracket, name in includes(file):
            if bracket == '"' and str(pathlib.PurePath(name).parent) != folder:
                uses.setdefault(folder, {}).setdefault(str(pathlib.PurePath(name).parent), f"{file} includes {name}")
    # Whatever uses nothing that is left can go; what remains turns in a circle.
    left = set(uses)
    while True:
        free = {folder for folder in left if not left & set(uses[folder])}
        if not free:
            break
        left -= free
    assert not left, "\n".join(why for folder in sorted(left) for target, why in uses[folder].items() if target in left)


def test_libpg_query_is_used_in_one_file_only():
    users = {str(file) for file in SOURCES if file.parts[0] in ("parser", "policies", "proxy")
             for _, _, name in includes(file) if name.startswith("pg_query")}
    assert len(users) <= 1, users


def test_no_file_is_too_long():
    wrong = []
    for file in SOURCES + [text for text in TEXTS if text.suffix in (".py", ".sh")]:
        lines = len(read(file).splitlines())
        if lines > LINES_MAX:
            wrong.append(f"{file}: {lines} lines")
    assert not wrong, "\n".join(sorted(set(wrong)))


def test_no_unfinished_marks():
    marks = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
    wrong = [f"{file}:{number}" for file in TEXTS for number, line in enumerate(read(file).splitlines(), 1)
             if marks.search(line)]
    assert not wrong, "\n".join(wrong)


def test_no_folder_is_a_dumping_ground():
    wrong = [str(file) for file in FILES if {"common", "utils", "util", "helpers", "misc"} & set(file.parts)]
    assert not wrong, wrong


def test_headers_open_with_a_paragraph_and_pragma_once():
    wrong = []
    for file in SOURCES:
        if file.suffix != ".h" or file.parts[0] == "tests":
            continue
        lines = read(file).splitlines()
        if not lines or not lines[0].startswith("// ") or not any(line == "#pragma once" for line in lines[:40]):
            wrong.append(str(file))
    assert not wrong, "\n".join(wrong)


def test_file_names_are_snake_case():
    wrong = [str(file) for file in SOURCES if not re.fullmatch(r"[a-z0-9_]+", file.stem)]
    assert not wrong, wrong


def test_every_source_has_its_unit_test_folder_mirrored():
    """A unit test lies where the file that it tests lies, one level down under tests/."""
    folders = {file.parent for file in SOURCES if file.parts[0] in ("parser", "policies", "proxy")}
    wrong = [str(file) for file in SOURCES
             if file.parts[0] == "tests" and len(file.parts) > 2 and file.parts[1] in ("parser", "policies", "proxy")
             and pathlib.PurePath(*file.parts[1:-1]) not in folders]
    assert not wrong, "\n".join(wrong)


def test_sources_are_formatted():
    result = subprocess.run(["clang-format-14", "--dry-run", "-Werror", *map(str, SOURCES)], cwd=REPOSITORY,
                            capture_output=True, text=True)
    places = sorted({line.split(": error:")[0] for line in result.stderr.splitlines() if ": error:" in line})
    assert result.returncode == 0, "\n".join(places) or result.stderr
