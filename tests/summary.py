"""Adds up the JUnit files of all runners and prints "N passed, N failed"; exit status 1 unless nothing failed.

A skipped or disabled test did not prove anything, so it counts as failed.
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def is_failed(case):
    if case.get("status") == "notrun" or case.get("result") == "skipped":
        return True
    return any(case.find(tag) is not None for tag in ("failure", "error", "skipped"))


def main():
    passed, failed = 0, []
    for file in sorted(pathlib.Path(sys.argv[1]).glob("*.xml")):
        for case in xml.parse(file).getroot().iter("testcase"):
            if is_failed(case):
                failed.append(f"{file.stem}: {case.get('classname') or ''}.{case.get('name')}".replace(": .", ": "))
            else:
                passed += 1
    for name in failed:
        print(f"failed: {name}")
    if passed == 0 and not failed:
        failed.append("no results at all")
    print(f"{passed} passed, {len(failed)} failed")
    return 1 if failed else 0


sys.exit(main())
