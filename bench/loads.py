"""The loads that run_bench.py sends, as pgbench arguments and scripts."""

COPY_IN, COPY_OUT = "copy in", "copy out"

POINT_SELECTS = [(f"point select, {protocol}", clients, ["-S", "-M", protocol])
                 for protocol in ("simple", "extended", "prepared") for clients in (1, 8, 32)]

LOADS = [
    ("TPC-B, prepared", 8, ["-b", "tpcb-like", "-M", "prepared"]),
    ("ORM mix, extended", 8, ["-f", "orm.sql", "-M", "extended"]),
    ("ORM mix, simple", 8, ["-f", "orm.sql", "-M", "simple"]),
    ("1 MB inserts, simple", 1, ["-f", "insert.sql", "-M", "simple"]),
    ("1 % temporary DDL, simple", 8, ["-f", "temporary.sql", "-M", "simple"]),
    ("pipelines of 10, prepared", 8, ["-f", "pipeline.sql", "-M", "prepared"]),
    ("COPY in", 1, COPY_IN),
    ("COPY out", 1, COPY_OUT),
]

ORM = """\
\\set account random(1, 100000)
BEGIN;
SELECT abalance FROM pgbench_accounts WHERE aid = :account;
INSERT INTO orm (name) VALUES ('some name, as a mapper would write it') RETURNING id, at;
SET LOCAL statement_timeout = '5s';
COMMIT;
"""
TEMPORARY = """\
\\set dice random(1, 100)
\\set account random(1, 100000)
\\if :dice = 1
CREATE TEMP TABLE passing (id int, note text);
DROP TABLE passing;
\\else
SELECT abalance FROM pgbench_accounts WHERE aid = :account;
\\endif
"""
PIPELINE = "\\set account random(1, 100000)\n\\startpipeline\n" \
    + "SELECT abalance FROM pgbench_accounts WHERE aid = :account;\n" * 10 + "\\endpipeline\n"


def insert_of_one_megabyte():
    row = "({number}, 'customer number {number}', {number}.25, 'a note with it''s quote and a semicolon; and more')"
    rows, size, number = [], 0, 0
    while size < 1_000_000:
        rows.append(row.format(number=number))
        size += len(rows[-1]) + 1
        number += 1
    return "INSERT INTO inserted VALUES " + ",".join(rows) + ";\n"


def write_scripts(folder):
    (folder / "orm.sql").write_text(ORM)
    (folder / "temporary.sql").write_text(TEMPORARY)
    (folder / "pipeline.sql").write_text(PIPELINE)
    (folder / "insert.sql").write_text(insert_of_one_megabyte())
