"""A real PostgreSQL for tests: Debian's, in a directory of its own, as a user without rights."""

from __future__ import annotations

import itertools
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

from debian import found_or_installed
from waiting import until

_READY = 60.0  # seconds; only what never comes takes as long
_PORTS = range(
    15_000, 32_000
)  # no system hands these out, so that a killed server gets its own again
_SETTINGS = {
    "fsync": "on",  # a kill is to lose nothing that was committed
    "max_connections": "400",
    "shared_buffers": "64MB",
    "unix_socket_directories": "",
}


class Postgres:
    """A server on loopback, with the superuser `postgres` who needs no password.

    Use it as a context: at the end it and its files are gone.

    Args:
        directory: Where its files are to be, if not in a new directory of the system's; it is to be
            empty, and one that the user `postgres` or `nobody` can come to.
        settings: Those of postgresql.conf, over the usual ones.
    """

    def __init__(self, directory: Path | None = None, **settings: str) -> None:
        self._binaries = path_of_postgres()
        self._user = _user()
        self._settings = {**_SETTINGS, **settings}
        self.directory = directory or Path(tempfile.mkdtemp(prefix="agentkit-postgres-"))
        self.port = 0
        self._server: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)

    @property
    def url(self) -> str:
        """The address of its first database; see `fresh_database`."""
        return self._url("postgres")

    @property
    def log(self) -> str:
        """What the server said."""
        path = self.directory / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    def fresh_database(self, template: str = "template1") -> str:
        """The address of a new database, empty or a copy; a server that is down is started."""
        import psycopg

        self.start()
        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self._url(name)

    def start(self) -> None:
        """Start it, on the port and with the data it had; nothing if it runs."""
        if self._server is not None and self._server.poll() is None:
            return
        if not (self.directory / "data").exists():
            self._create()
        for _ in range(5):
            self.port = self.port or _free_port()
            if self._answers_after_start():
                return
            self.port = 0 if "Address already in use" in self.log else self.port
        raise RuntimeError(f"PostgreSQL does not start: {self.log[-2000:]}")

    def kill(self) -> None:
        """End the server and all that work for it by signal 9, as a power cut does."""
        server = self._server
        assert server is not None, "PostgreSQL was never started"
        assert server.poll() is None, "PostgreSQL was not alive"
        os.kill(server.pid, signal.SIGSTOP)  # so that it makes no more of them
        children = [pid for pid, (_, parent) in _processes().items() if parent == server.pid]
        for pid in [*children, server.pid]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        server.wait(_READY)
        assert until(lambda: not any(map(_is_alive, children))), "a backend outlived signal 9"

    def stop(self) -> None:
        """Stop it as one does: connections are ended, and what is open is rolled back."""
        if self._server is not None and self._server.poll() is None:
            self._server.send_signal(signal.SIGINT)
            try:
                self._server.wait(_READY)
            except subprocess.TimeoutExpired:  # as one without room for its last words
                self.kill()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None and self._server.poll() is None:
            self.kill()  # nothing of it is to be kept
        shutil.rmtree(self.directory, ignore_errors=True)

    def _url(self, database: str) -> str:
        return f"postgresql://postgres@127.0.0.1:{self.port}/{database}"

    def _create(self) -> None:
        if self._user is not None:
            shutil.chown(self.directory, self._user)
        data = str(self.directory / "data")
        options = ["-A", "trust", "-U", "postgres", "-E", "UTF8", "--locale=C", "--no-sync"]
        done = subprocess.run(
            [str(self._binaries / "initdb"), "-D", data, *options],
            capture_output=True,
            text=True,
            check=False,
            **self._as_user(),
        )
        assert done.returncode == 0, f"initdb: {done.stderr}"

    def _answers_after_start(self) -> bool:
        settings = {**self._settings, "listen_addresses": "127.0.0.1", "port": str(self.port)}
        command = [str(self._binaries / "postgres"), "-D", str(self.directory / "data")]
        command += [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.directory / "log").open("wb") as log:
            self._server = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, **self._as_user()
            )
        return self._answers()

    def _answers(self) -> bool:
        import psycopg

        assert self._server is not None
        end = time.monotonic() + _READY
        while self._server.poll() is None:
            try:
                psycopg.connect(self.url, connect_timeout=5).close()
                return True
            except psycopg.OperationalError:
                if time.monotonic() > end:
                    self.kill()
                time.sleep(0.02)
        return False

    def _as_user(self) -> dict[str, Any]:
        as_user: dict[str, Any] = {"cwd": "/"}
        if self._user is not None:
            group = pwd.getpwnam(self._user).pw_gid
            as_user |= {"user": self._user, "group": group, "extra_groups": []}
        return as_user


def path_of_postgres() -> Path:
    """The directory of its programs; where there is none, the test is skipped."""
    return found_or_installed(_found, "PostgreSQL", "postgresql")


def _found() -> Path | None:
    newest = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name)
    )
    on_path = [Path(each).parent.resolve() for each in filter(None, [shutil.which("initdb")])]
    whole = [path for path in [*on_path, *reversed(newest)] if (path / "postgres").exists()]
    return next(iter(whole), None)


def _user() -> str | None:
    """Whom to be, as PostgreSQL refuses to be root; None for oneself."""
    if os.geteuid() != 0:
        return None
    known = {each.pw_name for each in pwd.getpwall()}
    return next(name for name in ("postgres", "nobody") if name in known)


def _free_port() -> int:
    for port in random.SystemRandom().sample(_PORTS, 100):
        with suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port is free.")


def _is_alive(pid: int) -> bool:
    return _processes().get(pid, ("Z", 0))[0] != "Z"


def _processes() -> dict[int, tuple[str, int]]:
    """The state and the parent of each process, where a system tells.

    Elsewhere what works for a server ends by itself, once it sees that the server did.
    """
    processes = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            _, _, rest = path.read_text(errors="replace").rpartition(")")
            state, parent, *_ = rest.split()
            processes[int(path.parent.name)] = (state, int(parent))
    return processes
