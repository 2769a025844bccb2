"""set_config() with a computed name may be any setting: refused to whoever is, or just becomes, a superuser."""
import pytest

import protocol
from protocol import SYNC, bind, execute, one_shot, parse, query

COMPUTED = "SELECT set_config(lower('SESSION_REPLICATION_ROLE'), 'replica', false)"
BY_PARAMETERS = parse("SELECT set_config($1, $2, false)", "s")
VALUES = ["session_replication_role", "replica"]

# Who logs in, and what is sent: each step is a list of messages in one write, answered before the next step.
# `climber` is a member of `summit`, a superuser.
ROADS = {
    "role and setting in one text": ("climber", [[query(f"SET ROLE summit; {COMPUTED}")]]),
    "role settled": ("climber", [[query("SET ROLE summit")], [query(COMPUTED)]]),
    "role pipelined": ("climber", [[query("SET ROLE summit"), query(COMPUTED)]]),
    "role for a transaction": ("climber", [[query(f"BEGIN; SET LOCAL ROLE summit; {COMPUTED}; COMMIT")]]),
    "role by set_config": ("climber", [[query("SELECT set_config('role', 'summit', false)")], [query(COMPUTED)]]),
    "role by a computed name": ("climber", [[query(f"SELECT set_config(lower('ROLE'), 'summit', false); {COMPUTED}")]]),
    "role by a computed name, pipelined": ("climber", [[query("SELECT set_config(lower('ROLE'), 'summit', false)"), query(COMPUTED)]]),
    "parsed before": ("climber", [[BY_PARAMETERS, SYNC], [query("SET ROLE summit")], [bind("", "s", VALUES), execute(), SYNC]]),
    "parsed before, pipelined": ("climber", [[BY_PARAMETERS, SYNC], [query("SET ROLE summit"), bind("", "s", VALUES), execute(), SYNC]]),
    "in one batch": ("climber", [[one_shot("SET ROLE summit"), BY_PARAMETERS, bind("", "s", VALUES), execute(), SYNC]]),
    "bound before": ("climber", [[one_shot("BEGIN"), BY_PARAMETERS, bind("p", "s", VALUES), SYNC], [query("SET ROLE summit")],
                                 [execute("p"), SYNC], [query("COMMIT")]]),
    "prepared before": ("climber", [[query("PREPARE p (text, text) AS SELECT set_config($1, $2, false)")],
                                    [query("SET ROLE summit; EXECUTE p ('session_replication_role', 'replica')")]]),
    "role rolled back": ("summit", [[query("BEGIN; SET ROLE app")], [query("ROLLBACK"), query(COMPUTED)]]),
    "role of a transaction that ends": ("summit", [[query("BEGIN; SET LOCAL ROLE app")], [query("COMMIT"), query(COMPUTED)]]),
    "role reset": ("summit", [[query("SET ROLE app")], [query(f"RESET ROLE; {COMPUTED}")]]),
    "role none": ("summit", [[query("SET ROLE app")], [query("SET ROLE NONE"), query(COMPUTED)]]),
    "everything discarded": ("summit", [[query("SET ROLE app")], [query("DISCARD ALL"), query(COMPUTED)]]),
    "authorization reset": ("summit", [[query("SET ROLE app")], [query("RESET SESSION AUTHORIZATION"), query(COMPUTED)]]),
    "twice": ("summit", [[query(COMPUTED)], [query(COMPUTED)]]),
}
ORDINARY = {
    "names from a list": "SELECT set_config(el->>0, el->>1, false) FROM json_array_elements('[[\"app.x\", \"y\"]]'::json) AS el",
    "computed": "SELECT set_config(lower('APP.X'), 'replica', false)",
}


@pytest.fixture(scope="module")
def climbers(postgres):
    postgres.query("CREATE ROLE summit SUPERUSER LOGIN PASSWORD 'summit'", "postgres")
    postgres.query("CREATE ROLE climber LOGIN PASSWORD 'climber' IN ROLE summit", "postgres")
    yield
    postgres.query("DROP ROLE climber", "postgres")
    postgres.query("DROP ROLE summit", "postgres")


def play(port, road):
    user, steps = road
    answers = []
    with protocol.connect(port, user) as client:
        for messages in steps:
            ends = sum(message.startswith((b"Q", b"S")) and message[:1] != b"P" for message in messages)
            answers += client.ask(*messages, count=ends)
        answers += client.simple("SHOW session_replication_role")
    rows = [protocol.row_values(message.body) for message in answers if message.kind == "D"]
    return rows[-1] if rows else None, protocol.refusals(answers)


@pytest.mark.parametrize("road", ROADS)
def test_no_road_leads_to_the_setting(road, climbers, postgres, enforcing):
    assert play(postgres.port, ROADS[road]) == (["replica"], [])
    setting, refusals = play(enforcing.port, ROADS[road])
    assert setting != ["replica"]
    assert refusals


@pytest.mark.parametrize("sql", ORDINARY.values(), ids=ORDINARY)
def test_who_is_no_superuser_sets_what_is_ordinary(sql, postgres, enforcing):
    for _ in range(2):
        assert play(enforcing.port, ("app", [[query(sql)]]))[1] == []
