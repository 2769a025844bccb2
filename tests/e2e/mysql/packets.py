"""A small client that speaks the MySQL protocol in packets: what a driver would hide can be said and seen.

Capabilities, sequence numbers, splits and pipelines are the caller's; nothing is retried and nothing is read ahead. An
answer keeps the frames that it was made of, so that two ways to a server can be compared byte for byte.
"""
import contextlib
import enum
import hashlib
import socket
import ssl
import struct

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PAYLOAD_MAX = 0xFFFFFF
SECONDS_MAX = 60


class Capability(enum.IntFlag):
    LONG_PASSWORD = 1
    FOUND_ROWS = 1 << 1
    LONG_FLAG = 1 << 2
    CONNECT_WITH_DB = 1 << 3
    NO_SCHEMA = 1 << 4
    COMPRESS = 1 << 5
    LOCAL_FILES = 1 << 7
    IGNORE_SPACE = 1 << 8
    PROTOCOL_41 = 1 << 9
    INTERACTIVE = 1 << 10
    SSL = 1 << 11
    TRANSACTIONS = 1 << 13
    SECURE_CONNECTION = 1 << 15
    MULTI_STATEMENTS = 1 << 16
    MULTI_RESULTS = 1 << 17
    PS_MULTI_RESULTS = 1 << 18
    PLUGIN_AUTH = 1 << 19
    CONNECT_ATTRS = 1 << 20
    PLUGIN_AUTH_LENENC = 1 << 21
    EXPIRED_PASSWORDS = 1 << 22
    SESSION_TRACK = 1 << 23
    DEPRECATE_EOF = 1 << 24
    OPTIONAL_METADATA = 1 << 25
    ZSTD = 1 << 26
    QUERY_ATTRIBUTES = 1 << 27


class Extended(enum.IntFlag):
    """MariaDB's own, in the four bytes that MySQL leaves empty."""
    PROGRESS = 1
    MULTI = 2
    BULK = 4
    METADATA = 8
    CACHE_METADATA = 16
    BULK_UNIT_RESULTS = 32


BASIC = (Capability.LONG_PASSWORD | Capability.LONG_FLAG | Capability.PROTOCOL_41 | Capability.TRANSACTIONS
         | Capability.SECURE_CONNECTION | Capability.MULTI_RESULTS | Capability.PS_MULTI_RESULTS
         | Capability.PLUGIN_AUTH | Capability.PLUGIN_AUTH_LENENC)
MULTI = BASIC | Capability.MULTI_STATEMENTS


class Command(enum.IntEnum):
    QUIT = 0x01
    INIT_DB = 0x02
    QUERY = 0x03
    FIELD_LIST = 0x04
    CREATE_DB = 0x05
    DROP_DB = 0x06
    REFRESH = 0x07
    SHUTDOWN = 0x08
    STATISTICS = 0x09
    PROCESS_INFO = 0x0A
    PROCESS_KILL = 0x0C
    DEBUG = 0x0D
    PING = 0x0E
    CHANGE_USER = 0x11
    BINLOG_DUMP = 0x12
    TABLE_DUMP = 0x13
    REGISTER_SLAVE = 0x15
    PREPARE = 0x16
    EXECUTE = 0x17
    SEND_LONG_DATA = 0x18
    CLOSE = 0x19
    RESET = 0x1A
    SET_OPTION = 0x1B
    FETCH = 0x1C
    BINLOG_DUMP_GTID = 0x1E
    RESET_CONNECTION = 0x1F
    CLONE = 0x20
    GROUP_REPLICATION = 0x21
    BULK_EXECUTE = 0xFA


IN_TRANSACTION, MORE_RESULTS, CURSOR_EXISTS, STATE_CHANGED = 1, 8, 0x40, 0x4000
LAST_PREPARED = 0xFFFFFFFF


class Closed(Exception):
    """The other side has closed the connection."""


def frame(payload, sequence=0):
    """One physical packet."""
    return struct.pack("<I", len(payload))[:3] + bytes([sequence & 0xFF]) + payload


def chain(payload, sequence=0):
    """All the physical packets of one payload."""
    pieces = []
    while len(payload) >= PAYLOAD_MAX:
        pieces.append(frame(payload[:PAYLOAD_MAX], sequence))
        payload, sequence = payload[PAYLOAD_MAX:], sequence + 1
    return b"".join([*pieces, frame(payload, sequence)])


def lenenc(data):
    """A string behind its length-encoded length."""
    return lenenc_number(len(data)) + data


def lenenc_number(value):
    if value < 251:
        return bytes([value])
    if value < 1 << 16:
        return b"\xfc" + struct.pack("<H", value)
    if value < 1 << 24:
        return b"\xfd" + struct.pack("<I", value)[:3]
    return b"\xfe" + struct.pack("<Q", value)


def read_number(data, at):
    first = data[at]
    if first < 0xFB:
        return first, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(data[at + 1:at + 1 + width], "little"), at + 1 + width


def read_text(data, at):
    length, at = read_number(data, at)
    return data[at:at + length], at + length


class Greeting:
    def __init__(self, payload):
        self.payload = payload
        end = payload.index(b"\0", 1)
        self.version = payload[1:end].decode()
        self.connection_id = struct.unpack_from("<I", payload, end + 1)[0]
        rest = payload[end + 5:]
        self.nonce = rest[:8]
        self.capabilities = Capability(int.from_bytes(rest[9:11], "little") | int.from_bytes(rest[14:16], "little") << 16)
        self.charset, self.status = rest[11], int.from_bytes(rest[12:14], "little")
        self.extended = Extended(int.from_bytes(rest[23:27], "little"))
        nonce_length = max(13, rest[16] - 8)
        self.nonce += rest[27:27 + nonce_length].rstrip(b"\0")
        self.plugin = rest[27 + nonce_length:].split(b"\0")[0].decode()

    @property
    def is_mariadb(self):
        return "MariaDB" in self.version


class ServerError:
    def __init__(self, payload):
        self.code = struct.unpack_from("<H", payload, 1)[0]
        text = payload[3:]
        self.sqlstate = text[1:6].decode() if text[:1] == b"#" else ""
        self.message = (text[6:] if self.sqlstate else text).decode("utf-8", "replace")

    def __repr__(self):
        return f"ERR {self.code}/{self.sqlstate} {self.message}"


class Ok:
    def __init__(self, payload):
        self.affected, at = read_number(payload, 1)
        self.insert_id, at = read_number(payload, at)
        self.status, self.warnings = struct.unpack_from("<HH", payload, at)
        self.rest = payload[at + 4:]  # info and session state, as they came


class Answer:
    """One result: an error, an OK, or columns and rows. `frames` are all its packets, as (sequence, payload)."""

    def __init__(self):
        self.frames = []
        self.error = self.ok = self.file_wanted = self.statement_id = None
        self.columns, self.rows = [], []
        self.status = self.parameters = 0
        self.progress_reports = 0

    @property
    def refused(self):
        return self.error is not None and self.error.message.startswith("schemaguard: ")

    def values(self):
        """Rows of the text protocol."""
        return [text_row(row) for row in self.rows]

    def __repr__(self):
        if self.error:
            return f"<{self.error}>"
        return f"<{len(self.columns)} columns, {self.rows[:3]}>" if self.columns else f"<OK {self.status:#x}>"


def text_row(payload):
    values, at = [], 0
    while at < len(payload):
        if payload[at] == 0xFB:
            values.append(None)
            at += 1
        else:
            text, at = read_text(payload, at)
            values.append(text.decode("utf-8", "replace"))
    return values


def native_scramble(password, nonce):
    if not password:
        return b""
    once = hashlib.sha1(password).digest()
    mask = hashlib.sha1(nonce[:20] + hashlib.sha1(once).digest()).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def sha2_scramble(password, nonce):
    if not password:
        return b""
    once = hashlib.sha256(password).digest()
    mask = hashlib.sha256(hashlib.sha256(once).digest() + nonce[:20]).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def scramble(plugin, password, nonce):
    """The first answer to a nonce; MariaDB's ed25519 equals the standard's for passwords of 32 bytes."""
    if plugin == "caching_sha2_password":
        return sha2_scramble(password, nonce)
    if plugin == "client_ed25519":
        return Ed25519PrivateKey.from_private_bytes(password).sign(nonce[:32])
    if plugin == "mysql_clear_password":
        return password + b"\0"
    return native_scramble(password, nonce)


class PacketClient:
    """A connection from its greeting on. `piece` cuts everything that is sent into pieces of so many bytes."""

    def __init__(self, port, capabilities=BASIC, extended=0, piece=0, source=None):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=SECONDS_MAX, source_address=source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.piece = piece
        self.buffer = bytearray()
        self.capabilities, self.extended = Capability(capabilities), Extended(extended)
        self.sequence = 0
        self.auth_frames = []
        self.greeting = None
        self.encrypted = False

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        with contextlib.suppress(OSError):
            self.socket.close()

    # Bytes

    def send(self, data):
        if not self.piece:
            self.socket.sendall(data)
            return
        for start in range(0, len(data), self.piece):
            self.socket.sendall(data[start:start + self.piece])

    def _fill(self, count):
        while len(self.buffer) < count:
            try:
                data = self.socket.recv(262144)
            except (ConnectionResetError, BrokenPipeError) as error:
                raise Closed(bytes(self.buffer)) from error
            if not data:
                raise Closed(bytes(self.buffer))
            self.buffer += data

    def read_frame(self):
        """One physical packet, as (sequence, payload)."""
        self._fill(4)
        length = int.from_bytes(self.buffer[:3], "little")
        self._fill(4 + length)
        sequence, payload = self.buffer[3], bytes(self.buffer[4:4 + length])
        del self.buffer[:4 + length]
        self.sequence = sequence + 1
        return sequence, payload

    def read_payload(self, frames):
        """One logical packet; its frames are appended to `frames`."""
        whole = b""
        while True:
            sequence, payload = self.read_frame()
            frames.append((sequence, payload))
            whole += payload
            if len(payload) < PAYLOAD_MAX:
                return whole

    def read_to_end(self):
        """Whatever still comes until the other side closes."""
        with contextlib.suppress(Closed):
            while True:
                self._fill(len(self.buffer) + 1)
        return bytes(self.buffer)

    # Login

    def read_greeting(self):
        frames = []
        payload = self.read_payload(frames)
        if payload[:1] == b"\xff":
            answer = Answer()
            answer.frames, answer.error = frames, ServerError(payload)
            return answer
        self.greeting = Greeting(payload)
        return None

    def start_tls(self, charset=45, asked_for=None):
        """`asked_for`: the capabilities in the request; MySQL goes by these, whatever the login inside says."""
        self.capabilities |= Capability.SSL
        asked_for = self.capabilities if asked_for is None else asked_for | Capability.SSL
        self.send(frame(struct.pack("<IIB", asked_for, 1 << 30, charset) + b"\0" * 19
                        + struct.pack("<I", self.extended), self.sequence))
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        self.socket = context.wrap_socket(self.socket)
        self.encrypted = True
        self.sequence += 1

    def _wanted(self, database, attributes):
        return (self.capabilities | (Capability.CONNECT_WITH_DB if database is not None else 0)
                | (Capability.CONNECT_ATTRS if attributes is not None else 0))

    def response(self, user, response, database=None, charset=45, plugin="mysql_native_password", attributes=None):
        """The body of a HandshakeResponse41."""
        capabilities = self._wanted(database, attributes)
        if self.extended:
            capabilities &= ~Capability.LONG_PASSWORD  # the bit that MySQL always sets tells MariaDB's clients apart
        body = struct.pack("<IIB", capabilities, 1 << 30, charset) + b"\0" * 19 + struct.pack("<I", self.extended)
        body += user.encode() + b"\0"
        body += lenenc(response) if capabilities & Capability.PLUGIN_AUTH_LENENC else bytes([len(response)]) + response
        if database is not None:
            body += database.encode() + b"\0"
        if capabilities & Capability.PLUGIN_AUTH:
            body += plugin.encode() + b"\0"
        if attributes is not None:
            body += lenenc(b"".join(lenenc(key.encode()) + lenenc(value.encode()) for key, value in attributes.items()))
        return body

    def login(self, user="app", password=None, database="shop", charset=45, plugin=None, tls=False, attributes=None):
        """The whole way from the greeting to OK or ERR."""
        return self.read_greeting() or self.login_after_greeting(user, password, database, charset, plugin, tls, attributes)

    def login_after_greeting(self, user, password=None, database="shop", charset=45, plugin=None, tls=False,
                             attributes=None):
        password = (user if password is None else password).encode()
        plugin = plugin or self.greeting.plugin
        if tls:
            self.start_tls(charset, self._wanted(database, attributes))
        answer = scramble(plugin, password, self.greeting.nonce)
        self.send(frame(self.response(user, answer, database, charset, plugin, attributes), self.sequence))
        return self.finish_login(password, plugin)

    def finish_login(self, password, plugin, answers=()):
        """Follows the server's authentication to its end; `answers` are given to a plugin that asks in dialogs."""
        nonce, answers = self.greeting.nonce, list(answers)
        while True:
            answer = self.read_packet()
            self.auth_frames.append(answer.frames[-1])
            payload = answer.frames[-1][1]
            if answer.error or payload[:1] == b"\0":
                return answer
            if payload[:1] == b"\xfe":
                name, _, nonce = payload[1:].partition(b"\0")
                plugin = name.decode()
                nonce = nonce[:-1] if nonce.endswith(b"\0") else nonce
                reply = answers.pop(0) if plugin == "dialog" else scramble(plugin, password, nonce)
            elif plugin == "dialog":
                reply = answers.pop(0)
            elif payload == b"\1\3":
                continue
            elif payload == b"\1\4":
                reply = password + b"\0" if self.encrypted else b"\2"
            else:
                reply = encrypt_password(payload[1:], password, nonce)
            self.send(frame(reply, self.sequence))

    # Commands

    def command(self, command, body=b"", sequence=0):
        self.send(chain(bytes([command]) + body, sequence))

    def query(self, text):
        """Every result of one text."""
        self.command(Command.QUERY, encoded(text))
        return self.read_results()

    def ask(self, text):
        """The only result of a text."""
        answers = self.query(text)
        assert len(answers) == 1, answers
        return answers[0]

    def value(self, text):
        answer = self.ask(text)
        assert not answer.error, answer.error
        return answer.values()[0][0]

    def prepare(self, text):
        self.command(Command.PREPARE, encoded(text))
        return self.read_prepared()

    def execute(self, statement_id, parameters=(), cursor=0):
        self.command(Command.EXECUTE, execute_body(statement_id, parameters, cursor, self.capabilities))
        return self.read_results()

    # Answers

    def read_packet(self):
        """A single packet: OK, ERR, EOF or whatever a command answers with."""
        answer = Answer()
        payload = self.read_payload(answer.frames)
        while payload[:3] == b"\xff\xff\xff" and self.extended & Extended.PROGRESS:
            answer.progress_reports += 1
            answer.frames.pop()
            payload = self.read_payload(answer.frames)
        if payload[:1] == b"\xff":
            answer.error = ServerError(payload)
        elif payload[:1] == b"\0" and len(payload) >= 7:
            answer.ok = Ok(payload)
            answer.status = answer.ok.status
        return answer

    def read_results(self):
        """Results until one says that no more follow."""
        answers = [self.read_result()]
        while answers[-1].status & MORE_RESULTS and not answers[-1].error and answers[-1].file_wanted is None:
            answers.append(self.read_result())
        return answers

    def read_result(self):
        answer = self.read_packet()
        payload = answer.frames[-1][1]
        if answer.error or payload[:1] == b"\0" and answer.ok:
            return answer
        if payload[:1] == b"\xfb":
            answer.file_wanted = payload[1:].decode()
            return answer
        count, described = self._column_count(payload)
        if described:
            answer.columns = [self.read_payload(answer.frames) for _ in range(count)]
        else:
            answer.columns = [b""] * count
        if not self.capabilities & Capability.DEPRECATE_EOF:
            eof = self.read_payload(answer.frames)
            answer.status = struct.unpack_from("<H", eof, 3)[0]
            if answer.status & CURSOR_EXISTS:
                return answer
        self.read_rows(answer)
        return answer

    def _column_count(self, payload):
        """Number of columns, and whether their descriptions follow."""
        count, at = read_number(payload, 0)
        if self.extended & Extended.CACHE_METADATA or self.capabilities & Capability.OPTIONAL_METADATA:
            return count, payload[at] != 0
        return count, True

    def read_rows(self, answer):
        while True:
            payload = self.read_payload(answer.frames)
            if payload[:1] == b"\xff":
                answer.error = ServerError(payload)
                return
            if payload[:1] == b"\xfe" and self.capabilities & Capability.DEPRECATE_EOF and len(payload) < PAYLOAD_MAX:
                answer.status = Ok(payload).status
                return
            if payload[:1] == b"\xfe" and len(payload) < 9:
                answer.status = struct.unpack_from("<H", payload, 3)[0]
                return
            answer.rows.append(payload)

    def read_prepared(self):
        answer = self.read_packet()
        if answer.error:
            return answer
        payload = answer.frames[-1][1]
        answer.ok = None
        answer.statement_id, columns, answer.parameters = struct.unpack_from("<IHH", payload, 1)
        # MariaDB goes on counting from session to session: no two ways to it give the same number.
        answer.frames[-1] = (answer.frames[-1][0], payload[:1] + payload[5:])
        described = not self.capabilities & Capability.OPTIONAL_METADATA or len(payload) < 13 or payload[12] != 0
        for count in (answer.parameters, columns):
            if not count:
                continue
            for _ in range(count if described else 0):
                self.read_payload(answer.frames)
            if not self.capabilities & Capability.DEPRECATE_EOF:
                self.read_payload(answer.frames)
        return answer

    def read_fetched(self):
        answer = Answer()
        self.read_rows(answer)
        return answer


def encoded(text):
    return text.encode() if isinstance(text, str) else text


def execute_body(statement_id, parameters=(), cursor=0, capabilities=0, types=None):
    """COM_STMT_EXECUTE with text (or NULL) parameters."""
    body = struct.pack("<IBI", statement_id, cursor, 1)
    if not parameters:
        return body
    if capabilities & Capability.QUERY_ATTRIBUTES:
        body += lenenc_number(len(parameters))
    nulls = bytearray((len(parameters) + 7) // 8)
    for number, value in enumerate(parameters):
        if value is None:
            nulls[number // 8] |= 1 << number % 8
    body += bytes(nulls) + b"\1"
    for _ in parameters:
        body += struct.pack("<H", types or 0xFD)
        if capabilities & Capability.QUERY_ATTRIBUTES:
            body += b"\0"
    return body + b"".join(lenenc(encoded(str(value))) for value in parameters if value is not None)


def encrypt_password(key_text, password, nonce):
    """What a client without TLS sends for the full authentication of caching_sha2_password."""
    plain = bytes(byte ^ nonce[at % 20] for at, byte in enumerate(password + b"\0"))
    key = serialization.load_pem_public_key(key_text)
    return key.encrypt(plain, padding.OAEP(mgf=padding.MGF1(hashes.SHA1()), algorithm=hashes.SHA1(), label=None))


def connect(port, user="app", database="shop", capabilities=BASIC, extended=0, piece=0, **keywords):
    """A connection behind its login; fails loudly when the login does."""
    client = PacketClient(port, capabilities, extended, piece)
    answer = client.login(user, database=database, **keywords)
    assert not answer.error, answer.error
    return client
