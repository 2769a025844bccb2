"""What a MariaDB server holds, object by object, read again and again while statements are played against it.

`ObservedCatalog.read()` gives {"tables": {(database, name): Table}, "others": {(kind, database, name): rows}}; two such
readings are compared by catalog_difference.py. A table is asked about again only when the file that holds its
definition has changed, so the server's data directory must be in reach; everything else is asked about each time.
Names of databases and tables are as the server writes them, all others in lower case. The system's own databases are
left out.
"""
import os
import re

import pymysql

SYSTEM = {"information_schema", "performance_schema", "sys", "mysql", "mtr"}
SYSTEM_LIST = ", ".join(f"'{name}'" for name in sorted(SYSTEM))
TABLE_QUERIES = {
    "options": "SELECT table_type, engine, table_collation, create_options, table_comment"
               " FROM information_schema.tables WHERE table_schema = %s AND table_name = %s",
    "columns": "SELECT column_name, column_default, is_nullable, column_type, collation_name, extra, column_comment,"
               " generation_expression FROM information_schema.columns WHERE table_schema = %s AND table_name = %s"
               " ORDER BY ordinal_position",
    "indexes": "SELECT index_name, non_unique, seq_in_index, column_name, sub_part, index_type, ignored"
               " FROM information_schema.statistics WHERE table_schema = %s AND table_name = %s"
               " ORDER BY index_name, seq_in_index",
    "constraints": "SELECT constraint_name, constraint_type FROM information_schema.table_constraints"
                   " WHERE table_schema = %s AND table_name = %s",
    "checks": "SELECT constraint_name, check_clause FROM information_schema.check_constraints"
              " WHERE constraint_schema = %s AND table_name = %s",
    "references": "SELECT constraint_name, update_rule, delete_rule"
                  " FROM information_schema.referential_constraints WHERE constraint_schema = %s AND table_name = %s",
    "partitions": "SELECT partition_name, partition_method, partition_expression, partition_description,"
                  " subpartition_name FROM information_schema.partitions WHERE table_schema = %s AND table_name = %s"
                  " AND partition_name IS NOT NULL",
    "views": "SELECT view_definition, definer, security_type FROM information_schema.views"
             " WHERE table_schema = %s AND table_name = %s",
}
PRIVILEGES = {
    "db": "CONCAT(host, db), CONCAT_WS(',', select_priv, insert_priv, update_priv, delete_priv, create_priv, drop_priv,"
          " grant_priv, references_priv, index_priv, alter_priv, create_tmp_table_priv, lock_tables_priv,"
          " create_view_priv, show_view_priv, create_routine_priv, alter_routine_priv, execute_priv, event_priv,"
          " trigger_priv, delete_history_priv)",
    "tables_priv": "CONCAT(host, db, table_name), CONCAT(table_priv, column_priv)",
    "columns_priv": "CONCAT(host, db, table_name, column_name), column_priv",
    "procs_priv": "CONCAT(host, db, routine_name, routine_type), proc_priv",
    "roles_mapping": "CONCAT(host, role), admin_option",
    "global_priv": "host, JSON_REMOVE(priv, '$.password_last_changed')",
}
# Kind, database, name and what describes it, in one query: it is asked behind every statement.
OTHERS = " UNION ALL ".join([
    "SELECT 'databases', schema_name, '', default_collation_name, schema_comment FROM information_schema.schemata"
    f" WHERE schema_name NOT IN ({SYSTEM_LIST})",
    "SELECT 'routines', db, name, type, CONCAT_WS('|', body, comment, security_type, definer, param_list, is_deterministic,"
    f" sql_data_access) FROM mysql.proc WHERE db NOT IN ({SYSTEM_LIST})",
    "SELECT 'events', db, name, status, CONCAT_WS('|', body, interval_value, interval_field, execute_at, starts, ends,"
    " comment, on_completion) FROM mysql.event",
    "SELECT 'servers', '', server_name, host, CONCAT_WS('|', db, username) FROM mysql.servers",
    "SELECT 'loadable', '', name, dl, '' FROM mysql.func",
    "SELECT 'loadable', '', name, dl, '' FROM mysql.plugin",
    *(f"SELECT 'accounts', '', user, {columns} FROM mysql.{table}" for table, columns in PRIVILEGES.items())])
TRIGGERS = ("SELECT trigger_schema, trigger_name, event_object_table, action_timing, event_manipulation,"
            " action_statement, definer FROM information_schema.triggers WHERE trigger_schema = %s")


class Table:
    """A table, view or sequence: its type and options, columns in their order, indexes, constraints and the rest."""

    def __init__(self, kind, options):
        self.kind, self.options = kind, options
        self.columns, self.indexes, self.constraints = {}, {}, {}
        self.rest = set()

    def __eq__(self, other):
        return isinstance(other, Table) and vars(self) == vars(other)


class ObservedCatalog:
    def __init__(self, server):
        self.server = server
        self.connection = None
        self.known = {}  # {(database, table): (what its file looks like, Table)}
        self.triggers = {}  # {database: (what the files look like, rows)}

    def close(self):
        if self.connection is not None:
            self.connection.close()
        self.connection = None

    def read(self):
        """Asks once more over a new connection when the old one is lost."""
        try:
            return self._read()
        except (pymysql.OperationalError, pymysql.InterfaceError):
            self.close()
            return self._read()

    def _read(self):
        if self.connection is None:
            self.connection = self.server.connect()
            with self.connection.cursor() as cursor:
                cursor.execute("SET lock_wait_timeout = 10, max_statement_time = 30, sql_mode = ''")
        tables, others = {}, {}
        with self.connection.cursor() as cursor:
            cursor.execute(OTHERS)
            for kind, database, name, *description in cursor.fetchall():
                others.setdefault((kind, database, _text(name).lower()), set()).add(tuple(map(_text, description)))
            for _, database, _ in [key for key in others if key[0] == "databases"]:
                tables.update(self._tables(cursor, database))
                for row in self._triggers(cursor, database):
                    others.setdefault(("triggers", row[0], row[1].lower()), set()).add(row)
        self.known = {key: self.known[key] for key in tables if key in self.known}
        return {"tables": {key: table for key, (_, table) in tables.items()}, "others": others}

    def _tables(self, cursor, database):
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", (database,))
        found = {}
        for (name,) in cursor.fetchall():
            signature = self._signature(database, name)
            known = self.known.get((database, name))
            if known is None or signature is None or known[0] != signature:
                table = read_table(cursor, database, name)
                if table is None:  # gone meanwhile
                    continue
                self.known[database, name] = known = (signature, table)
            found[database, name] = known
        return found

    def _triggers(self, cursor, database):
        signature = None
        if re.fullmatch(r"\w+", database, re.ASCII):
            files = [entry for entry in os.scandir(self.server.data / database) if entry.name.endswith((".TRG", ".TRN"))]
            signature = {(file.name, stat.st_ino, stat.st_size, stat.st_mtime_ns)
                         for file, stat in ((file, file.stat()) for file in files)}
        known = self.triggers.get(database)
        if known is None or signature is None or known[0] != signature:
            cursor.execute(TRIGGERS, (database,))
            self.triggers[database] = known = (signature, cursor.fetchall())
        return known[1]

    def _signature(self, database, name):
        """What the file of the definition looks like from outside; None when its name on the disk is another."""
        if not re.fullmatch(r"\w+", database + name, re.ASCII):
            return None
        try:
            stat = os.stat(self.server.data / database / f"{name}.frm")
        except OSError:
            return None
        return stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns


def _text(value):
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def read_table(cursor, database, name):
    rows = {}
    for part, query in TABLE_QUERIES.items():
        cursor.execute(query, (database, name))
        rows[part] = cursor.fetchall()
    if not rows["options"]:
        return None
    kind, *options = rows["options"][0]
    table = Table(kind, tuple(options))
    for column, *description in rows["columns"]:
        table.columns[column.lower()] = tuple(description)
    for index, *description in rows["indexes"]:
        table.indexes.setdefault(index.lower(), []).append(tuple(description))
    for constraint, *description in (*rows["constraints"], *rows["checks"], *rows["references"]):
        table.constraints.setdefault(constraint.lower(), set()).add(tuple(description))
    table.rest = {*rows["partitions"], *rows["views"]}
    return table
