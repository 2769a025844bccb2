"""A relay between the guard and its server that loses a connection at a chosen moment.

A client marks a statement: what holds "cut:before" never reaches the server; what holds "cut:after" does, and its
answer is lost; "cut:during" is lost as soon as it has gone on, while the server is still at work on it. Either way both
legs of that connection are closed then. All other connections go through.
"""
import contextlib
import socket
import threading


class SeveringRelay:
    def __init__(self, target_port):
        self.target_port = target_port
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.accepted = 0  # connections so far
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self):
        self.listener.close()

    def _accept(self):
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listener.accept()
                self.accepted += 1
                try:
                    server = socket.create_connection(("127.0.0.1", self.target_port))
                except OSError:
                    client.close()
                    continue
                pair = _Pair(client, server)
                threading.Thread(target=pair.upstream, daemon=True).start()
                threading.Thread(target=pair.downstream, daemon=True).start()


class _Pair:
    def __init__(self, client, server):
        self.client, self.server = client, server
        self.losing = False

    def _close(self):
        for sock in (self.client, self.server):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
            sock.close()

    def upstream(self):
        with contextlib.suppress(OSError):
            while data := self.client.recv(65536):
                if b"cut:before" in data:
                    break
                self.losing = self.losing or b"cut:after" in data
                self.server.sendall(data)
                if b"cut:during" in data:
                    break
            else:
                self.server.shutdown(socket.SHUT_WR)
                return
        self._close()

    def downstream(self):
        with contextlib.suppress(OSError):
            while data := self.server.recv(65536):
                if self.losing:
                    break
                self.client.sendall(data)
        self._close()
