"""The contenders of `peers.toml`, each with a virtual environment of its own under `.bench/`."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
PLACE = ROOT / ".bench"
_NAME = re.compile(r"[\w.-]+")
_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""


@dataclass(frozen=True, kw_only=True)
class Environment:
    """What a contender is run with.

    Args:
        name: The contender.
        module: Its module, where that has another name.
        requires: What pip installs.
        extras: Extras of agentkit itself, which is then installed from this tree.
        own: Whether it is agentkit or a loop by hand, which `make bench` installs.
        here: Whether the Python that runs has it, so that nothing need be installed.
    """

    name: str
    module: str = ""
    requires: tuple[str, ...] = ()
    extras: str | None = None
    own: bool = False
    here: bool = False

    @property
    def place(self) -> Path:
        """Where it is."""
        return PLACE / self.name

    @property
    def python(self) -> str:
        """Its Python."""
        return sys.executable if self.here else str(self.place / "bin" / "python")

    @property
    def is_ready(self) -> bool:
        """Whether what is installed is what is asked for."""
        stamp = self._stamp
        return self.here or (stamp.exists() and stamp.read_text(encoding="utf-8") == self._wanted)

    def install(self) -> None:
        """Make it anew, if it is not ready.

        Raises:
            subprocess.CalledProcessError: pip could not.
        """
        if self.is_ready:
            return
        print(f"installing {self.name}", file=sys.stderr, flush=True)
        shutil.rmtree(self.place, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(self.place)], check=True)
        pip = [self.python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        project = [] if self.extras is None else ["--editable", f"{ROOT}[{self.extras}]"]
        subprocess.run([*pip, *self.requires, *project], check=True)
        self._stamp.write_text(self._wanted, encoding="utf-8")

    def versions(self) -> dict[str, str]:
        """The versions of what it requires."""
        names = [found[0] for each in self.requires if (found := _NAME.match(each))]
        names += [] if self.extras is None else ["agentkit", "httpx"]
        command = [self.python, "-c", _VERSIONS, *names]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return dict(json.loads(done.stdout))

    @property
    def _stamp(self) -> Path:
        return self.place / "installed"

    @property
    def _wanted(self) -> str:
        return repr((self.requires, self.extras))


def environments() -> dict[str, Environment]:
    """All contenders by name, in the order of the file."""
    tables = tomllib.loads((HERE / "peers.toml").read_text(encoding="utf-8"))
    return {
        name: Environment(
            name=name,
            module=table.pop("module", name),
            requires=tuple(table.pop("requires", ())),
            **table,
        )
        for name, table in tables.items()
    }
