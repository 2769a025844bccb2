"""PostgreSQL's protocol by hand over a plain socket: builders for every client message, a reader for the server's.

Written against the protocol's documentation only, without any driver: a test may send what no driver would ever send,
in any order and cut at any byte. Every wait has a deadline; nothing here sleeps.
"""
import base64
import dataclasses
import hashlib
import hmac
import os
import select
import socket
import struct

DEADLINE_SECONDS = 20
SSL_REQUEST = struct.pack("!II", 8, 80877103)
GSSENC_REQUEST = struct.pack("!II", 8, 80877104)
PROTOCOL_3_0 = 3 << 16
PROTOCOL_3_2 = 3 << 16 | 2


def text(value):
    return value if isinstance(value, bytes) else value.encode()


def cstring(value):
    return text(value) + b"\0"


def frame(kind, body=b"", length=None):
    """One message; `length` overrides the truth."""
    return text(kind) + struct.pack("!I", (len(body) + 4 if length is None else length) & 0xFFFFFFFF) + body


def startup(parameters, version=PROTOCOL_3_0, final_nul=True):
    """`parameters`: a dictionary or pairs (so that a key can stand twice)."""
    pairs = parameters.items() if isinstance(parameters, dict) else parameters
    body = b"".join(cstring(name) + cstring(value) for name, value in pairs) + (b"\0" if final_nul else b"")
    return struct.pack("!II", len(body) + 8, version) + body


def query(sql):
    return frame("Q", cstring(sql))


def parse(sql, name="", types=()):
    return frame("P", cstring(name) + cstring(sql) + struct.pack(f"!H{len(types)}I", len(types), *types))


def bind(portal="", statement="", values=()):
    body = cstring(portal) + cstring(statement) + struct.pack("!HH", 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(text(value))) + text(value)
    return frame("B", body + struct.pack("!H", 0))


def describe(kind, name=""):
    return frame("D", text(kind) + cstring(name))


def execute(portal="", rows=0):
    return frame("E", cstring(portal) + struct.pack("!I", rows))


def close(kind, name=""):
    return frame("C", text(kind) + cstring(name))


def function_call(oid, values=(), result_format=0):
    body = struct.pack("!IHH", oid, 0, len(values))
    for value in values:
        body += struct.pack("!i", -1) if value is None else struct.pack("!i", len(text(value))) + text(value)
    return frame("F", body + struct.pack("!H", result_format))


SYNC = frame("S")
FLUSH = frame("H")
TERMINATE = frame("X")
COPY_DONE = frame("c")


def copy_data(data):
    return frame("d", text(data))


def copy_fail(reason="given up"):
    return frame("f", cstring(reason))


def cancel_request(process_id, secret):
    return struct.pack("!III", 12 + len(secret), 80877102, process_id) + secret


def one_shot(sql, name="", portal=""):
    """Parse, Bind and Execute, without the Sync."""
    return parse(sql, name) + bind(portal, name) + execute(portal)


@dataclasses.dataclass(frozen=True)
class Message:
    """One message of the server."""
    kind: str
    body: bytes

    @property
    def fields(self):
        """Of an ErrorResponse or a NoticeResponse."""
        parts = [part for part in self.body.split(b"\0") if part]
        return {part[:1].decode(): part[1:].decode("utf-8", "replace") for part in parts}

    @property
    def sqlstate(self):
        return self.fields.get("C", "") if self.kind in "EN" else ""

    @property
    def parameter(self):
        name, value = self.body.split(b"\0")[:2]
        return name.decode(), value.decode()

    def __repr__(self):
        if self.kind in "EN":
            return f"{self.kind}{self.fields}"
        return f"{self.kind}{self.body!r}"


class Closed(Exception):
    """The peer has closed or reset the connection."""


class Client:
    """A socket with deadlines. `received` keeps every byte that came since the login."""

    def __init__(self, port, host="127.0.0.1"):
        self.socket = socket.create_connection((host, port), timeout=DEADLINE_SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.parameters = {}
        self.process_id = None
        self.secret = None
        self.startup_answers = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, *pieces):
        self.socket.sendall(b"".join(pieces))

    def send_until_closed(self, data):
        """Sends what the peer still takes; a peer that has closed already has taken enough."""
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def finish_sending(self):
        self.socket.shutdown(socket.SHUT_WR)

    def _fill(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Closed()
        self.buffer += data

    def read_bytes(self, count):
        while len(self.buffer) < count:
            self._fill()
        result, self.buffer = self.buffer[:count], self.buffer[count:]
        return result

    def read(self):
        kind = self.read_bytes(1).decode("latin-1")
        length = struct.unpack("!I", self.read_bytes(4))[0]
        return Message(kind, self.read_bytes(length - 4))

    def read_until(self, kind, count=1):
        messages = []
        while count:
            messages.append(self.read())
            count -= messages[-1].kind == kind
        return messages

    def ready(self, count=1):
        """The messages up to the next ReadyForQuery."""
        return self.read_until("Z", count)

    def rest(self):
        """Everything up to the end of the connection."""
        messages = []
        try:
            while True:
                messages.append(self.read())
        except Closed:
            assert not self.buffer, self.buffer
            return messages

    def is_closed(self):
        """Reads to the end; False when something other than the end comes."""
        return not self.rest()

    def readable(self, seconds):
        return bool(self.buffer) or bool(select.select([self.socket], [], [], seconds)[0])

    def ask(self, *pieces, count=1):
        self.send(*pieces)
        return self.ready(count)

    def simple(self, sql):
        return self.ask(query(sql))

    def rows(self, sql):
        """Text values of the rows of one simple query; an error fails the test."""
        messages = self.simple(sql)
        assert not errors(messages), messages
        return [row_values(message.body) for message in messages if message.kind == "D"]

    # Logging in.

    def login(self, user="app", database="shop", password=None, parameters=None, version=PROTOCOL_3_0):
        pairs = [("user", user), ("database", database)]
        pairs += list((parameters or {}).items() if not isinstance(parameters, list) else parameters)
        self.send(startup(pairs, version))
        return self.authenticate(user, user if password is None else password)

    def authenticate(self, user, password):
        """Answers what the server asks until the first ReadyForQuery; returns the messages, an error included."""
        messages = []
        scram = Scram(password)
        while True:
            try:
                message = self.read()
            except Closed:
                break
            messages.append(message)
            if message.kind == "R":
                code = struct.unpack("!I", message.body[:4])[0]
                if code == 3:
                    self.send(frame("p", cstring(password)))
                elif code == 10:
                    first = scram.first()
                    self.send(frame("p", cstring("SCRAM-SHA-256") + struct.pack("!I", len(first)) + first))
                elif code == 11:
                    self.send(frame("p", scram.final(message.body[4:])))
                else:
                    assert code in (0, 12), f"authentication {code}"
            elif message.kind == "K":
                self.process_id, self.secret = struct.unpack("!I", message.body[:4])[0], message.body[4:]
            elif message.kind == "S":
                name, value = message.parameter
                self.parameters[name] = value
            elif message.kind == "Z" or (message.kind == "E" and message.fields.get("S") == "FATAL"):
                break
        self.startup_answers = messages
        return messages


class Scram:
    """The client's half of SCRAM-SHA-256 without channel binding."""

    def __init__(self, password):
        self.password = text(password)
        self.bare = b"n=,r=" + base64.b64encode(os.urandom(18))

    def first(self):
        return b"n,," + self.bare

    def final(self, server_first):
        attributes = dict(part.split(b"=", 1) for part in server_first.split(b","))
        salted = hashlib.pbkdf2_hmac("sha256", self.password, base64.b64decode(attributes[b"s"]), int(attributes[b"i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without_proof = b"c=biws,r=" + attributes[b"r"]
        signed = b",".join((self.bare, server_first, without_proof))
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(one ^ other for one, other in zip(client_key, signature))
        return without_proof + b",p=" + base64.b64encode(proof)


def connect(port, user="app", database="shop", parameters=None, version=PROTOCOL_3_0):
    """A client that is logged in; anything else fails the test."""
    client = Client(port)
    messages = client.login(user, database, parameters=parameters, version=version)
    assert messages and messages[-1].kind == "Z", messages
    return client


def errors(messages):
    return [message for message in messages if message.kind == "E"]


def sqlstates(messages):
    return [message.sqlstate for message in errors(messages)]


def kinds(messages):
    return "".join(message.kind for message in messages)


def is_refusal(message):
    return message.kind == "E" and message.sqlstate == "42501" and message.fields["M"].startswith("schemaguard: ")


def refusals(messages):
    return [message for message in messages if is_refusal(message)]


def row_values(body):
    count, values, at = struct.unpack("!H", body[:2])[0], [], 2
    for _ in range(count):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        values.append(None if length < 0 else body[at:at + length].decode("utf-8", "replace"))
        at += max(length, 0)
    return values
