"""Small clients for the guard under test: libpq by psycopg2, raw sockets, and the admin listener."""
import contextlib
import json
import pathlib
import socket
import struct
import urllib.error
import urllib.request

import psycopg2

STARTUP = struct.pack("!I", 196608)  # protocol 3.0


def connect(guard, database="shop", user="app", **keywords):
    keywords.setdefault("sslmode", "disable")
    connection = psycopg2.connect(host=keywords.pop("host", "127.0.0.1"), port=guard.port, dbname=database, user=user,
                                  password=user, connect_timeout=20, **keywords)
    connection.autocommit = True
    return connection


def value(connection, sql):
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return cursor.fetchone()[0]


def admin(guard, path, body=None, headers=None):
    """Status and text of one request to the admin listener."""
    request = urllib.request.Request(f"http://127.0.0.1:{guard.admin_port}{path}", method="GET" if body is None else "POST",
                                     data=None if body is None else json.dumps(body).encode(),
                                     headers={"Content-Type": "application/json", **(headers or {})})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def health(guard):
    return json.loads(admin(guard, "/healthz")[1])


def metric(guard, name):
    for line in admin(guard, "/metrics")[1].splitlines():
        if line.startswith(name + " "):
            return float(line.split()[1])
    return 0.0


def startup_message(user="app", database="shop", **more):
    body = STARTUP
    for key, text in {"user": user, "database": database, **more}.items():
        body += key.encode() + b"\0" + text.encode() + b"\0"
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def read_to_end(sock):
    data = b""
    with contextlib.suppress(ConnectionResetError):
        while chunk := sock.recv(65536):
            data += chunk
    return data


def resident_bytes(guard):
    status = pathlib.Path(f"/proc/{guard.process.pid}/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmRSS")).split()[1]) * 1024


def read_until_ready(sock, status=b"I"):
    """Everything up to the next ReadyForQuery."""
    data = b""
    while not data.endswith(b"Z\0\0\0\5" + status):
        chunk = sock.recv(65536)
        assert chunk, f"closed after {data!r}"
        data += chunk
    return data


def login(port, user="reader", database="shop"):
    """A raw socket behind a finished login (SCRAM is libpq's business: the role has a trust line)."""
    sock = socket.create_connection(("127.0.0.1", port), timeout=60)
    sock.sendall(startup_message(user, database))
    read_until_ready(sock)
    return sock


def query(text):
    body = text.encode() + b"\0"
    return b"Q" + struct.pack("!I", len(body) + 4) + body
