"""pgbench in every protocol mode, and pipelining: the same work through the guard leaves the same tables."""
import os
import re
import subprocess

import pytest

import servers

PIPELINE = """\
\\set account random(1, 1000)
\\startpipeline
BEGIN;
UPDATE pgbench_accounts SET abalance = abalance + 7 WHERE aid = :account;
SELECT abalance FROM pgbench_accounts WHERE aid = :account;
INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (1, 1, :account, 7, NULL);
COMMIT;
\\endpipeline
"""
BRANCHES = """\
\\set account random(1, 1000)
SELECT abalance AS before FROM pgbench_accounts WHERE aid = :account \\gset
\\if :before > 0
UPDATE pgbench_accounts SET abalance = 0 WHERE aid = :account;
\\else
UPDATE pgbench_accounts SET abalance = 1 WHERE aid = :account;
\\endif
"""
LOADS = {
    "tpcb": ["-b", "tpcb-like", "-t", "200"],
    "select": ["-b", "select-only", "-t", "500"],
    "simple-update": ["-b", "simple-update", "-t", "200"],
    "branches": ["-f", "branches.sql", "-t", "200"],
    "pipeline": ["-f", "pipeline.sql", "-t", "200"],
}


def pgbench(arguments, port, database, folder):
    environment = dict(os.environ, PGHOST="127.0.0.1", PGPORT=str(port), PGUSER="app", PGPASSWORD="app",
                       PGDATABASE=database, PGOPTIONS="-c TimeZone=UTC")
    result = subprocess.run([servers.postgres_program("pgbench"), *arguments], env=environment, cwd=folder,
                            capture_output=True, text=True, timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def scripts(scratch):
    folder = scratch / "pgbench"
    folder.mkdir(exist_ok=True)
    (folder / "pipeline.sql").write_text(PIPELINE, encoding="utf-8")
    (folder / "branches.sql").write_text(BRANCHES, encoding="utf-8")
    return folder


def fingerprint(postgres, database):
    return postgres.query("""
        SELECT (SELECT md5(string_agg(aid || ':' || abalance, ',' ORDER BY aid)) FROM pgbench_accounts),
               (SELECT md5(string_agg(tid || ':' || tbalance, ',' ORDER BY tid)) FROM pgbench_tellers),
               (SELECT md5(string_agg(concat(tid, bid, aid, delta), ',' ORDER BY aid, tid, bid, delta)) FROM pgbench_history),
               (SELECT count(*) FROM pgbench_history)""", database)


# pgbench has no pipelines in simple mode.
@pytest.mark.parametrize("load, protocol", [(load, protocol) for load in LOADS
                                            for protocol in ("simple", "extended", "prepared")
                                            if (load, protocol) != ("pipeline", "simple")])
def test_load_leaves_the_same_tables(load, protocol, postgres, observing, scripts):
    results = []
    for port in (postgres.port, observing.port):
        postgres.drop_database("benched")
        postgres.create_database("benched")
        pgbench(["-i", "-q", "-s", "1", "--foreign-keys"], port, "benched", scripts)
        output = pgbench([*LOADS[load], "-n", "-M", protocol, "-c", "1", "--random-seed=7"], port, "benched", scripts)
        processed = re.search(r"number of transactions actually processed: (\S+)", output)[1]
        results.append((processed, fingerprint(postgres, "benched")))
    postgres.drop_database("benched")
    assert results[0] == results[1]


def test_many_clients_reconnecting(postgres, observing, scripts, database):
    pgbench(["-i", "-q", "-s", "1"], observing.port, database, scripts)
    output = pgbench(["-b", "select-only", "-n", "-C", "-c", "8", "-j", "2", "-t", "25"], observing.port, database, scripts)
    assert "number of transactions actually processed: 200/200" in output
    output = pgbench(["-b", "tpcb-like", "-n", "-c", "16", "-j", "2", "-t", "50"], observing.port, database, scripts)
    assert "number of transactions actually processed: 800/800" in output
    total = postgres.query("SELECT (SELECT sum(abalance) FROM pgbench_accounts) = (SELECT sum(delta) FROM pgbench_history)",
                           database)
    assert total == [(True,)]
