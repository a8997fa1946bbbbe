"""A TCP proxy on loopback before PostgreSQL that loses, once, the answer to a commit.

It reads the framing of PostgreSQL's protocol (version 3) in both directions. Armed with a text, it lets everything pass
until a message with that text goes by; then it holds the server's answers back until the ReadyForQuery of that very
batch. If the transaction is still open then (status T), the held answers go on; once it has ended (status I), the work is
committed: the answers are dropped and both sides are cut.
"""

import socket
import struct
import threading

_NEGOTIATIONS = (80877103, 80877104)  # SSLRequest, GSSENCRequest: answered with one byte
_CANCEL = 80877102


class ChaosProxy:
    def __init__(self, backend_socket):
        self._backend = str(backend_socket)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lock = threading.Lock()
        self._marker = None
        self._links = set()
        self.fired = threading.Event()
        threading.Thread(target=self._accept, daemon=True).start()

    def arm(self, marker):
        """The next commit of a batch that carries `marker` (bytes) loses its answer."""
        self.fired.clear()
        self._marker = marker

    def claim(self, message):
        """Whether this message sets the trap off: true for one message only."""
        with self._lock:
            if self._marker is None or self._marker not in message:
                return False
            self._marker = None
            return True

    def cut_all(self):
        for link in list(self._links):
            link.cut()

    def close(self):
        self._listener.close()
        self.cut_all()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            backend = socket.socket(socket.AF_UNIX)
            try:
                backend.connect(self._backend)
            except OSError:
                client.close()
                backend.close()
                continue
            link = _Link(self, client, backend)
            self._links.add(link)
            for pump in (link.from_client, link.from_server):
                threading.Thread(target=self._run, args=(link, pump), daemon=True).start()

    def _run(self, link, pump):
        try:
            pump()
        except (OSError, EOFError):
            pass
        finally:
            link.cut()
            self._links.discard(link)


class _Link:
    """One connection. `asked` counts what the client sent that a ReadyForQuery will answer, `answered` those answers."""

    def __init__(self, proxy, client, backend):
        self._proxy, self._client, self._backend = proxy, client, backend
        self._lock = threading.Lock()
        self._asked = 0
        self._answered = -1  # the ReadyForQuery after the startup answers nothing
        self._trapped = None  # the number of the batch whose answer is to be lost
        self._negotiating = threading.Semaphore(0)

    def cut(self):
        for end in (self._client, self._backend):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            end.close()

    def from_client(self):
        self._startup()
        while True:
            kind, message = _typed(self._client)
            with self._lock:
                if self._trapped is None and self._proxy.claim(message):
                    self._trapped = self._asked  # the Sync that ends this batch has this number
                if kind in (b"S", b"Q"):
                    self._asked += 1
            self._backend.sendall(message)

    def _startup(self):
        while True:
            head = _exactly(self._client, 8)
            length, code = struct.unpack("!II", head)
            message = head + _exactly(self._client, length - 8)
            self._expect_byte = code in _NEGOTIATIONS
            self._backend.sendall(message)
            self._negotiating.release()
            if code not in _NEGOTIATIONS:
                return

    def from_server(self):
        while True:
            self._negotiating.acquire()
            if not self._expect_byte:
                break
            self._client.sendall(_exactly(self._backend, 1))
        held = b""
        while True:
            kind, message = _typed(self._backend)
            with self._lock:
                hold = self._trapped is not None and self._answered >= 0 and self._answered == self._trapped
                if kind == b"Z":
                    self._answered += 1
                if hold and kind == b"Z" and message[5:6] == b"T":
                    self._trapped, hold = self._answered, False  # still open: a later batch commits it
                    held, message = b"", held + message
            if not hold:
                self._client.sendall(message)
                continue
            held += message
            if kind == b"Z":
                self._proxy.fired.set()
                return


def _exactly(source, count):
    data = b""
    while len(data) < count:
        more = source.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def _typed(source):
    head = _exactly(source, 5)
    return head[:1], head + _exactly(source, struct.unpack("!I", head[1:])[0] - 4)
