"""A port that somebody else listens on."""

import socket

from support.server import Townhall


def test_a_taken_port_is_told_before_a_database_is_made():
    """`serve` ends at once, names the address, and leaves no database behind."""
    server = Townhall()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        address = "127.0.0.1:{}".format(other.getsockname()[1])
        try:
            done = server.run("serve", "--listen", address, timeout=20, check=False)
            database = (server.home / "postgres").exists()
        finally:
            server.close()
    assert done.returncode == 1 and f"can't listen on {address}" in done.stderr
    assert not database
