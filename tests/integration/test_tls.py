"""HTTPS by the server itself: versions, protocols, the certificate's exchange, deadlines."""

import signal
import socket
import ssl
import subprocess
import time

import pytest
import requests

from support.forms import contact
from support.server import Townhall, short_folder
from support.waiting import wait_until
from support.wire import connect, open_connections, read_until_closed, split

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


class Certificate:
    """A self-signed certificate for 127.0.0.1 in files that can be written anew."""

    def __init__(self):
        self.folder = short_folder()
        self.file, self.key = self.folder / "cert.pem", self.folder / "key.pem"
        self.make(1)

    def make(self, serial):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "1"]
            + ["-subj", "/CN=townhall", "-addext", "subjectAltName=IP:127.0.0.1", "-set_serial", str(serial)]
            + ["-keyout", self.key, "-out", self.file],
            check=True,
            capture_output=True,
        )
        return self


class Https(Townhall):
    def __init__(self, database, certificate, env=None):
        self.certificate = certificate
        files = {"TLS_CERTIFICATE": str(certificate.file), "TLS_KEY": str(certificate.key)}
        super().__init__(database, {**files, **(env or {})})

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}"

    def is_ready(self):
        try:
            return self.get("/readyz").status_code == 200
        except requests.RequestException:
            return False

    def get(self, path):
        return requests.get(self.url + path, verify=self.certificate.file, timeout=5)

    def tls(self, protocols=("http/1.1",), **limits):
        """A connection by TLS, that trusts anybody; `limits` are set on its context."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.set_alpn_protocols(list(protocols))
        context.set_ciphers("DEFAULT:@SECLEVEL=0")  # else the client itself refuses what is old
        for name, value in limits.items():
            setattr(context, name, value)
        return context.wrap_socket(connect(self.port))


def serial(connection):
    """Of the certificate that the server showed."""
    text = subprocess.run(
        ["openssl", "x509", "-inform", "der", "-noout", "-serial"],
        input=connection.getpeercert(binary_form=True),
        capture_output=True,
        check=True,
    ).stdout
    return int(text.decode().strip().removeprefix("serial="), 16)


@pytest.fixture
def certificate():
    made = Certificate()
    yield made
    for file in made.folder.iterdir():
        file.unlink()
    made.folder.rmdir()


@pytest.fixture
def https(database, certificate):
    server = Https(database, certificate, {"HEADER_TIMEOUT": "2"})
    try:
        yield server.start()
    finally:
        server.close()


def test_serves_by_tls(https):
    """The certificate is checked by a client; a form goes through; plain HTTP does not."""
    answer = https.get("/version")
    assert answer.status_code == 200
    made = requests.post(https.url + "/api/contact", json=contact(), verify=https.certificate.file, timeout=10)
    assert made.status_code == 201, made.text
    with connect(https.port) as plain:
        plain.sendall(GET)
        received, _ = read_until_closed(plain)
    assert not received


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_versions_and_protocol(https, version):
    """TLS 1.2 and 1.3 with forward secrecy; http/1.1 is agreed on, and the end is said."""
    with https.tls(("h2", "http/1.1"), minimum_version=version, maximum_version=version) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
        cipher = connection.cipher()[0]
        assert cipher.startswith(("ECDHE-", "TLS_")) and ("GCM" in cipher or "CHACHA20" in cipher)
        connection.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        received, closed = read_until_closed(connection)
        assert closed and split(received)[0].status == 200


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_refuses_what_is_old_or_foreign(https):
    """TLS 1.1 and a client that speaks HTTP/2 alone."""
    with pytest.raises(ssl.SSLError):
        https.tls(minimum_version=ssl.TLSVersion.TLSv1, maximum_version=ssl.TLSVersion.TLSv1_1)
    with pytest.raises(ssl.SSLError):
        https.tls(("h2",))


def test_the_certificate_is_exchanged_by_sighup(https):
    """New connections see the new one, open ones go on; a bad file is told and changes nothing."""
    with https.tls() as kept:
        assert serial(kept) == 1
        https.certificate.make(2)
        https.process.send_signal(signal.SIGHUP)

        def shown():
            with https.tls() as fresh:
                return serial(fresh)

        wait_until(lambda: shown() == 2, 10, "the new certificate")
        kept.sendall(GET)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")
        https.certificate.file.write_text("no certificate")
        https.process.send_signal(signal.SIGHUP)
        wait_until(
            lambda: [one for one in https.log_entries() if one["level"] == "error" and "old one" in one["message"]],
            10,
            "the fault in the log",
        )
        assert shown() == 2
        kept.sendall(GET)
        assert kept.recv(65536).startswith(b"HTTP/1.1 200")


@pytest.mark.promise(
    "P19", "a TLS handshake that stalls, before or within its first message, is closed at HEADER_TIMEOUT"
)
@pytest.mark.parametrize("begun", [b"", b"\x16\x03\x01\x02\x00\x01"])
def test_stalled_handshakes(https, begun):
    """Not before, and not a second later than the next look at deadlines."""
    with connect(https.port) as connection:
        connection.sendall(begun)
        began = time.monotonic()
        received, closed = read_until_closed(connection, 20)
        took = time.monotonic() - began
    assert closed and not received
    assert 1.9 <= took <= 3.5


@pytest.mark.promise("P19", "half a header within TLS is answered 408 at HEADER_TIMEOUT")
def test_half_a_header(https):
    """The answer comes by TLS."""
    with https.tls() as connection:
        connection.sendall(GET[:10])
        received, _ = read_until_closed(connection, 20)
    assert split(received)[0].status == 408


@pytest.mark.promise(
    "P19", "by TLS too, idle connections are closed at IDLE_TIMEOUT, whether or not the peer says that it closes"
)
def test_idle_connections(database, certificate):
    """The first says nothing more, nor that it closes; the second asked for the last time, and leaves its end open."""
    server = Https(database, certificate, {"IDLE_TIMEOUT": "2"})
    try:
        server.start()
        wait_until(lambda: open_connections(server.port) == 0, 10, "those that asked whether it is ready to be gone")
        with server.tls() as idle, server.tls() as last:
            idle.sendall(GET)
            assert idle.recv(65536).startswith(b"HTTP/1.1 200")
            last.sendall(GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            began = time.monotonic()
            wait_until(lambda: open_connections(server.port) == 0, 10, "both to be closed")
            assert 1.9 <= time.monotonic() - began <= 3.5
            assert last.recv(65536).startswith(b"HTTP/1.1 200")
    finally:
        server.close()


def test_sigterm_with_open_connections(https):
    """It ends as without TLS, however many are open."""
    connections = [https.tls() for _ in range(5)] + [socket.create_connection(("127.0.0.1", https.port))]
    assert https.stop(20) == 0
    for connection in connections:
        connection.close()


def test_files_that_cant_be_used_are_told_at_start(database, request):
    """One option without the other, and a key of another certificate."""
    ours, other = Certificate(), Certificate()
    lone = Townhall(database, env={"TLS_CERTIFICATE": str(ours.file)})
    request.addfinalizer(lone.close)
    done = lone.run("serve", check=False, timeout=30)
    assert done.returncode == 2 and "TLS_KEY is required" in done.stderr
    mixed = Townhall(database, env={"TLS_CERTIFICATE": str(ours.file), "TLS_KEY": str(other.key)})
    request.addfinalizer(mixed.close)
    done = mixed.run("serve", check=False, timeout=30)
    assert done.returncode != 0 and str(other.key) in done.stderr + done.stdout
