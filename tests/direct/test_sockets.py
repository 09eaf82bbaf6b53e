"""What the machine allows, and what is asked of TLS."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from agentkit.direct import sockets
from agentkit.direct.sockets import most_connections, prepared, when_readable


@pytest.mark.parametrize(
    ("files", "most"), [(64, 100), (1024, 512), (20000, 1000), ("infinity", 1000)]
)
def test_half_of_the_files_may_be_connections(files, most, monkeypatch):
    resource = pytest.importorskip("resource")
    limit = resource.RLIM_INFINITY if files == "infinity" else files
    monkeypatch.setattr(resource, "getrlimit", lambda _: (limit, limit))

    assert most_connections() == most


def test_where_no_limit_is_known_there_is_a_usual_one(monkeypatch):
    monkeypatch.setitem(sys.modules, "resource", None)

    assert most_connections() == 500


@pytest.mark.parametrize("has_poll", [True, False])
def test_what_has_come_can_be_seen_without_waiting(has_poll, monkeypatch):
    if not has_poll:
        monkeypatch.delattr(sockets.select, "poll", raising=False)
    here, there = socket.socketpair()
    with here, there:
        is_readable = when_readable(here.fileno())
        before = is_readable()
        there.close()

        assert (before, is_readable()) == (False, True)


def test_the_usual_context_is_made_once_for_an_environment(monkeypatch, tmp_path, one_certificate):
    first, again = prepared(None), prepared(None)
    other = tmp_path / "other.pem"
    other.write_text(Path(one_certificate).read_text())
    monkeypatch.setenv("SSL_CERT_FILE", str(other))

    assert (first is again, first is prepared(None)) == (True, False)
