"""libpq through ctypes: the simple and the extended protocol, statement by statement, without a driver's opinions."""
import ctypes
import ctypes.util

_libpq = ctypes.CDLL(ctypes.util.find_library("pq"))
for _name, _result, _arguments in (
        ("PQconnectdb", ctypes.c_void_p, [ctypes.c_char_p]),
        ("PQstatus", ctypes.c_int, [ctypes.c_void_p]),
        ("PQerrorMessage", ctypes.c_char_p, [ctypes.c_void_p]),
        ("PQfinish", None, [ctypes.c_void_p]),
        ("PQexec", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
        ("PQsendQuery", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
        ("PQprepare", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p]),
        ("PQdescribePrepared", ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_char_p]),
        ("PQsendQueryPrepared", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p,
                                               ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
        ("PQgetResult", ctypes.c_void_p, [ctypes.c_void_p]),
        ("PQresultStatus", ctypes.c_int, [ctypes.c_void_p]),
        ("PQresultErrorField", ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int]),
        ("PQnparams", ctypes.c_int, [ctypes.c_void_p]),
        ("PQntuples", ctypes.c_int, [ctypes.c_void_p]),
        ("PQnfields", ctypes.c_int, [ctypes.c_void_p]),
        ("PQgetvalue", ctypes.c_char_p, [ctypes.c_void_p, ctypes.c_int, ctypes.c_int]),
        ("PQcmdStatus", ctypes.c_char_p, [ctypes.c_void_p]),
        ("PQclear", None, [ctypes.c_void_p]),
        ("PQputCopyEnd", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p]),
        ("PQgetCopyData", ctypes.c_int, [ctypes.c_void_p, ctypes.POINTER(ctypes.c_void_p), ctypes.c_int]),
        ("PQfreemem", None, [ctypes.c_void_p]),
        ("PQtransactionStatus", ctypes.c_int, [ctypes.c_void_p])):
    _function = getattr(_libpq, _name)
    _function.restype = _result
    _function.argtypes = _arguments

COPY_OUT, COPY_IN = 3, 4


class Answer:
    """One result: `tag` of a success, `sqlstate` and `message` of an error, rows as lists of text."""

    def __init__(self, result):
        state = _libpq.PQresultErrorField(result, ord("C"))
        message = _libpq.PQresultErrorField(result, ord("M"))
        hint = _libpq.PQresultErrorField(result, ord("H"))
        self.sqlstate = state.decode() if state else ""
        self.message = message.decode(errors="replace") if message else ""
        self.hint = hint.decode(errors="replace") if hint else ""
        self.tag = (_libpq.PQcmdStatus(result) or b"").decode()
        self.rows = [[(_libpq.PQgetvalue(result, row, column) or b"").decode(errors="replace")
                      for column in range(_libpq.PQnfields(result))] for row in range(_libpq.PQntuples(result))]

    @property
    def refused(self):
        return self.message.startswith("schemaguard: ")

    def __repr__(self):
        return f"<{self.sqlstate} {self.message}>" if self.sqlstate else f"<{self.tag} {self.rows[:3]}>"


class Connection:
    def __init__(self, port, database, user, options=""):
        text = (f"host=127.0.0.1 port={port} dbname={database} user={user} password={user} connect_timeout=20 "
                f"sslmode=disable gssencmode=disable {options}")
        self._handle = _libpq.PQconnectdb(text.encode())
        self.error = _libpq.PQerrorMessage(self._handle).decode(errors="replace")
        self.connected = _libpq.PQstatus(self._handle) == 0

    def __enter__(self):
        assert self.connected, self.error
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._handle:
            _libpq.PQfinish(self._handle)
            self._handle = None

    @property
    def alive(self):
        return _libpq.PQstatus(self._handle) == 0

    def _drain(self):
        answers = []
        while True:
            result = _libpq.PQgetResult(self._handle)
            if not result:
                return answers
            status = _libpq.PQresultStatus(result)
            if status == COPY_IN:
                _libpq.PQputCopyEnd(self._handle, None)
            elif status == COPY_OUT:
                piece = ctypes.c_void_p()
                while _libpq.PQgetCopyData(self._handle, ctypes.byref(piece), 0) > 0:
                    _libpq.PQfreemem(piece)
            else:
                answers.append(Answer(result))
            _libpq.PQclear(result)
            if not self.alive:
                return answers

    def simple(self, sql):
        """One Query message; the answers of all its statements."""
        if not _libpq.PQsendQuery(self._handle, sql if isinstance(sql, bytes) else sql.encode()):
            raise AssertionError(_libpq.PQerrorMessage(self._handle).decode())
        return self._drain()

    def extended(self, sql, name=""):
        """Parse and Describe, then Bind, with NULL for every parameter, and Execute; stops at the first error."""
        for result in (_libpq.PQprepare(self._handle, name.encode(), sql.encode(), 0, None),
                       _libpq.PQdescribePrepared(self._handle, name.encode())):
            answer = Answer(result)
            parameters = _libpq.PQnparams(result)
            _libpq.PQclear(result)
            if answer.sqlstate:
                return [answer]
        values = (ctypes.c_char_p * max(parameters, 1))()
        if not _libpq.PQsendQueryPrepared(self._handle, name.encode(), parameters, values, None, None, 0):
            raise AssertionError(_libpq.PQerrorMessage(self._handle).decode())
        return self._drain()
