"""Reads the case files of tests/e2e/bypasses.

A file is a list of cases. `-- case: NAME` begins one; the lines after it are one Query message, `-- next` begins the
next message. Directives: `-- setup: SQL` is run before by a superuser, directly; `-- direct: fails` says that the
server itself rejects something of the case (otherwise every message has to succeed without a guard, which proves that
the case is real), with ` before 17` or ` from 16` behind it only those versions do; `-- server: before 17` or
`-- server: from 17` leaves the case out on all others. In the text {0C} is the byte with that hexadecimal number, {PORT} and {DATABASE} are the server's,
{REPEAT 5000 SELECT 1;} is that text so many times.
"""
import dataclasses
import pathlib
import re


@dataclasses.dataclass
class Case:
    name: str
    file: str
    messages: list = dataclasses.field(default_factory=lambda: [""])
    setup: str = ""
    fails_directly: bool = False

    @property
    def title(self):
        return f"{self.file}: {self.name}"

    def bytes_of(self, port, database):
        def expand(text):
            text = re.sub(r"\{REPEAT (\d+) (.*?)\}", lambda found: found[2] * int(found[1]), text)
            text = text.replace("{PORT}", str(port)).replace("{DATABASE}", database)
            parts = re.split(r"\{([0-9A-F]{2})\}", text)
            return b"".join(bytes([int(part, 16)]) if number % 2 else part.encode() for number, part in enumerate(parts))

        return [expand(message.rstrip("\n")) for message in self.messages]


def concerns(condition, version):
    """Whether `before N`, `from N` or nothing holds for this major version of PostgreSQL."""
    found = re.fullmatch(r"(?:(before|from) (\d+))?", condition.strip())
    assert found, condition
    return not found[1] or (version < int(found[2])) == (found[1] == "before")


def read_cases(folder, version):
    cases, elsewhere = [], []
    for file in sorted(pathlib.Path(folder).glob("*.sql")):
        for line in file.read_text(encoding="utf-8").splitlines(keepends=True):
            directive = re.match(r"-- (case|setup|direct|server|next)(?:: (.*))?$", line.rstrip("\n"))
            if directive and directive[1] == "case":
                cases.append(Case(directive[2], file.stem))
            elif directive and directive[1] == "setup":
                cases[-1].setup += directive[2] + ";"
            elif directive and directive[1] == "direct":
                assert directive[2].startswith("fails"), line
                cases[-1].fails_directly = concerns(directive[2].removeprefix("fails"), version)
            elif directive and directive[1] == "server":
                elsewhere += [] if concerns(directive[2], version) else [cases[-1]]
            elif directive:
                cases[-1].messages.append("")
            elif cases and cases[-1].file == file.stem:
                cases[-1].messages[-1] += line
    titles = [case.title for case in cases]
    for number, case in enumerate(cases):
        if titles.count(case.title) > 1:
            raise AssertionError(f"two cases are called {case.title}")
        assert all(message.strip() for message in case.messages), case.title
    return [case for case in cases if case not in elsewhere]


# Everything persistent that a schema change could touch. A row that was written again has another xmin and ctid, so these
# two say whether anything changed, at a fraction of the price of the whole rows; temporary objects are left out.
_CATALOGS = """
pg_class pg_attribute pg_attrdef pg_proc pg_type pg_enum pg_range pg_constraint pg_index pg_inherits pg_partitioned_table
pg_trigger pg_event_trigger pg_rewrite pg_namespace pg_description pg_shdescription pg_authid pg_auth_members
pg_db_role_setting pg_database pg_tablespace pg_extension pg_policy pg_publication pg_publication_rel
pg_publication_namespace pg_subscription pg_foreign_data_wrapper pg_foreign_server pg_foreign_table pg_user_mapping
pg_statistic_ext pg_ts_config pg_ts_config_map pg_ts_dict pg_ts_parser pg_ts_template pg_cast pg_operator pg_opclass
pg_opfamily pg_amop pg_amproc pg_am pg_aggregate pg_collation pg_conversion pg_language pg_default_acl pg_seclabel
pg_shseclabel pg_largeobject_metadata pg_sequence pg_transform pg_init_privs pg_replication_origin
""".split()
_TEMPORARY = """
    SELECT oid FROM pg_class WHERE relpersistence = 't' UNION SELECT reltype FROM pg_class WHERE relpersistence = 't'
    UNION SELECT oid FROM pg_type WHERE typelem IN (SELECT reltype FROM pg_class WHERE relpersistence = 't')
    UNION SELECT oid FROM pg_namespace WHERE nspname ~ '^pg_(toast_)?temp_'"""
_IDENTITY = {"pg_class": "oid", "pg_type": "oid", "pg_attribute": "attrelid", "pg_index": "indrelid",
             "pg_attrdef": "adrelid", "pg_namespace": "oid", "pg_constraint": "conrelid"}


def fingerprint_query():
    parts = []
    for catalog in _CATALOGS:
        where = ""
        if catalog in _IDENTITY:
            where = f"WHERE {_IDENTITY[catalog]} NOT IN (SELECT oid FROM temporary)"
        if catalog == "pg_database":
            where = "WHERE datname !~ '^(fresh_|bypass_|played|scripted)'"
        parts.append(f"SELECT '{catalog}', count(*)::text || coalesce(sum(hashtextextended(r.xmin::text || r.ctid::text, 0)), 0)"
                     f" FROM {catalog} AS r {where}")
    parts += [f"SELECT '{view}', coalesce(string_agg({name}, ',' ORDER BY {name}), '') FROM {view}"
              for view, name in (("pg_prepared_xacts", "gid"), ("pg_replication_slots", "slot_name"))]
    return f"WITH temporary (oid) AS MATERIALIZED ({_TEMPORARY}) " + " UNION ALL ".join(parts)


FINGERPRINT = fingerprint_query()


def fingerprint(postgres, connection):
    with connection.cursor() as cursor:
        cursor.execute(FINGERPRINT)
        digests = dict(cursor.fetchall())
    digests["postgresql.auto.conf"] = (postgres.data / "postgresql.auto.conf").read_text()
    return digests


def changed_catalogs(before, after):
    return sorted(name for name in before if before[name] != after[name])
