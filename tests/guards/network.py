"""No test reaches a network: opening a connection raises, in this process and in Pythons it starts.

Standard library only, because `no_network/sitecustomize.py` loads it at the start of every child process.
"""

from __future__ import annotations

import os
import socket
from typing import Any

LOOPBACK_ENV = "TESSERA_TEST_LOOPBACK"  # "1" in tests marked `loopback`; children inherit it

_METHODS = ("connect", "connect_ex", "bind", "sendto")
_originals: dict[str, Any] = {}


class NetworkUsed(RuntimeError):
    """A test tried to open a socket."""


def _may_open(address: object) -> bool:
    if os.environ.get(LOOPBACK_ENV) != "1":
        return False
    if isinstance(address, (str, bytes)):  # AF_UNIX
        return True
    host = address[0] if isinstance(address, tuple) and address else ""
    return host in ("::1", "localhost") or str(host).startswith("127.")


def _refuse(address: object) -> None:
    if not _may_open(address):
        raise NetworkUsed(f"a test tried to open a socket to {address!r}; tests run without a network")


def block() -> None:
    """Make every way of opening a connection raise `NetworkUsed`; calling it again changes nothing."""
    if _originals:
        return
    for name in _METHODS:
        _originals[name] = getattr(socket.socket, name)
        setattr(socket.socket, name, _guarded(name))
    _originals["getaddrinfo"] = socket.getaddrinfo

    def getaddrinfo(host: Any, *args: Any, **kwargs: Any) -> Any:
        _refuse((host, 0))
        return _originals["getaddrinfo"](host, *args, **kwargs)

    socket.getaddrinfo = getaddrinfo


def _guarded(name: str) -> Any:
    original = _originals[name]

    def call(self: socket.socket, *args: Any) -> Any:
        _refuse(args[-1] if args else None)
        return original(self, *args)

    call.__name__ = name
    return call
