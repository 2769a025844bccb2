"""libpq through ctypes: the simple and the extended protocol, statement by statement, without a driver's opinions."""
import contextlib
import ctypes
import ctypes.util
import os
import socket

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
        ("PQenterPipelineMode", ctypes.c_int, [ctypes.c_void_p]),
        ("PQexitPipelineMode", ctypes.c_int, [ctypes.c_void_p]),
        ("PQpipelineSync", ctypes.c_int, [ctypes.c_void_p]),
        ("PQsendQueryParams", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int, ctypes.c_void_p,
                                             ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int]),
        ("PQconsumeInput", ctypes.c_int, [ctypes.c_void_p]),
        ("PQisBusy", ctypes.c_int, [ctypes.c_void_p]),
        ("PQsocket", ctypes.c_int, [ctypes.c_void_p]),
        ("PQflush", ctypes.c_int, [ctypes.c_void_p]),
        ("PQgetCancel", ctypes.c_void_p, [ctypes.c_void_p]),
        ("PQcancel", ctypes.c_int, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]),
        ("PQfreeCancel", None, [ctypes.c_void_p]),
        ("PQtransactionStatus", ctypes.c_int, [ctypes.c_void_p])):
    _function = getattr(_libpq, _name)
    _function.restype = _result
    _function.argtypes = _arguments

_NOTICE_PROCESSOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_char_p)
_libpq.PQsetNoticeProcessor.restype = ctypes.c_void_p
_libpq.PQsetNoticeProcessor.argtypes = [ctypes.c_void_p, _NOTICE_PROCESSOR, ctypes.c_void_p]

COPY_OUT, COPY_IN, PIPELINE_SYNC = 3, 4, 10


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
        self.notices = []
        self._collect = _NOTICE_PROCESSOR(lambda _, text: self.notices.append(text.decode(errors="replace")))
        _libpq.PQsetNoticeProcessor(self._handle, self._collect, None)

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
            assert not self.alive, _libpq.PQerrorMessage(self._handle).decode()
            return []
        return self._drain()

    def send(self, sql):
        """One Query message without waiting for its answer."""
        _libpq.PQsendQuery(self._handle, sql.encode())
        _libpq.PQflush(self._handle)

    def receive(self):
        return self._drain()

    def busy(self):
        """Whether an answer is still due, after reading what has come."""
        if not self.alive:
            return False
        _libpq.PQconsumeInput(self._handle)
        return bool(_libpq.PQisBusy(self._handle))

    def extended_again(self, name):
        """Bind and Execute of a statement prepared before."""
        if self.alive and _libpq.PQsendQueryPrepared(self._handle, name.encode(), 0, None, None, None, 0):
            return self._drain()
        return []

    def cancel(self):
        """A cancel request over a connection of its own."""
        key = _libpq.PQgetCancel(self._handle)
        why = ctypes.create_string_buffer(256)
        sent = _libpq.PQcancel(key, why, len(why))
        _libpq.PQfreeCancel(key)
        return bool(sent)

    def break_off(self):
        """Cuts the connection without a Terminate message."""
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(_libpq.PQsocket(self._handle))) as broken:
            broken.shutdown(socket.SHUT_RDWR)
        self.close()

    def pipeline(self, batches):
        """Sends all batches, each a list of statements and a Sync, before it reads; the answers in order."""
        _libpq.PQenterPipelineMode(self._handle)
        for batch in batches:
            for sql in batch:
                _libpq.PQsendQueryParams(self._handle, sql.encode(), 0, None, None, None, None, 0)
            _libpq.PQpipelineSync(self._handle)
        answers, syncs, ends = [], 0, 0
        while syncs < len(batches) and self.alive and ends < 100_000:
            result = _libpq.PQgetResult(self._handle)
            if not result:
                ends += 1
                continue
            if _libpq.PQresultStatus(result) == PIPELINE_SYNC:
                syncs += 1
            else:
                answers.append(Answer(result))
            _libpq.PQclear(result)
        _libpq.PQexitPipelineMode(self._handle)
        return answers

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
            assert not self.alive, _libpq.PQerrorMessage(self._handle).decode()
            return []
        return self._drain()
