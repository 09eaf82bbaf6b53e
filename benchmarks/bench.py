"""Measure agentkit beside loops by hand and other libraries.

    python benchmarks/bench.py                      # whatever is installed under .bench/
    python benchmarks/bench.py --install own        # first install agentkit and the loops by hand
    python benchmarks/bench.py --only agentkit,httpx --workloads steps,schema --rounds 3

In each round every contender is measured once, by a process of its own, before a server of its own;
this process sleeps meanwhile. The results are stored as JSON, and `report` makes tables of them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import report
from environments import HERE, PLACE, Environment, environments
from plan import MEASUREMENTS, SERVER, Measurement
from signature_cases import judged

Figures = dict[str, Any]


def main() -> None:
    """Measure, and show what came out."""
    given = arguments()
    known = {name: replace(each, here=given.here) for name, each in environments().items()}
    asked = [known[name] for name in matching(given.only, list(known))]
    chosen = {each.name: each for each in asked if installed(each, given.install)}
    workloads = matching(given.workloads, list(MEASUREMENTS))
    path = given.results or PLACE / ("small.json" if given.small else "results.json")
    results = begun(path if given.keep else None, chosen, workloads)
    for number in range(given.rounds):
        for name in workloads:
            measure_all(name, chosen, results["figures"][name], number, given.small)
            path.write_text(json.dumps(results, indent=1), encoding="utf-8")
    print(report.tables(results))


def arguments() -> argparse.Namespace:
    """What the command line says."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--only", default="", help="contenders, or how their names begin")
    parser.add_argument("--workloads", default="", help=", ".join(MEASUREMENTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--install", choices=["own", "all"], help="first install what is missing")
    parser.add_argument("--here", action="store_true", help="measure what this Python has")
    parser.add_argument("--small", action="store_true", help="only look whether all works")
    parser.add_argument("--keep", action="store_true", help="keep stored results of all else")
    parser.add_argument("--results", type=Path, help="where they are stored")
    return parser.parse_args()


def matching(wanted: str, known: list[str]) -> list[str]:
    """The names that are wanted, each in full or by its beginning; all if none is."""
    if not wanted:
        return known
    found = []
    for each in wanted.split(","):
        fits = [each] if each in known else [name for name in known if name.startswith(each)]
        if not fits:
            raise SystemExit(f"there is no {each!r}; there are {', '.join(known)}")
        found += fits
    return found


def installed(each: Environment, which: str | None) -> bool:
    """Whether it can be measured, after it was installed if that is asked for."""
    if which == "all" or (which == "own" and each.own):
        try:
            each.install()
        except subprocess.CalledProcessError:
            print(f"{each.name} cannot be installed", file=sys.stderr, flush=True)
    return each.is_ready


def begun(
    stored: Path | None, chosen: dict[str, Environment], workloads: list[str]
) -> dict[str, Any]:
    """Results that say where and with what is measured, and have no figures of it yet."""
    known = json.loads(stored.read_text(encoding="utf-8")) if stored else {}
    figures, versions = known.get("figures", {}), known.get("about", {}).get("versions", {})
    for name in workloads:
        one = figures.setdefault(name, {})
        for each in (SERVER, *chosen):
            one.pop(each, None)
    about = {
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "date": date.today().isoformat(),
        "versions": versions | {name: each.versions() for name, each in chosen.items()},
    }
    return {"about": about, "figures": figures}


def measure_all(
    name: str,
    chosen: dict[str, Environment],
    one: dict[str, list[Figures]],
    number: int,
    small: bool,
) -> None:
    """One round of a measurement; what has failed is not tried again."""
    measurement = MEASUREMENTS[name]
    if measurement.rounds is not None and number >= measurement.rounds:
        return
    server = Environment(name=SERVER, module=SERVER, here=True)
    for each in (server, *chosen.values()):
        if each.name not in (measurement.only or chosen):
            continue
        known = one.setdefault(each.name, [])
        if any("error" in figures for figures in known):
            continue
        begun = time.monotonic()
        known.append(measured(measurement, each, small))
        tell(f"{number + 1} {name} {each.name}", time.monotonic() - begun, known[-1])


def tell(what: str, seconds: float, figures: Figures) -> None:
    """Say what was measured, and how long that took."""
    found = (
        f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}"
        for key, value in figures.items()
        if key != "missed"
    )
    print(f"{what}, {seconds:.1f} s: {', '.join(found)}", file=sys.stderr, flush=True)


def measured(measurement: Measurement, who: Environment, small: bool) -> Figures:
    """The figures of one process, or its error."""
    sizes = {**measurement.sizes, **({} if who.own else measurement.peers)}
    sizes |= measurement.small if small else {}
    with serving() as address:
        command = [
            who.python,
            str(HERE / measurement.script),
            who.module,
            *([measurement.workload] if measurement.workload else []),
            address,
            *(f"{name}={value}" for name, value in sizes.items()),
        ]
        figures = finished(command, measurement.timeout)
    if "schemas" in figures:
        figures |= judged(figures.pop("schemas"))
    return figures


@contextmanager
def serving() -> Iterator[str]:
    """A server of one's own, that knows no earlier runs."""
    command = [sys.executable, str(HERE / "server.py")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}"
        finally:
            process.kill()


def finished(command: list[str], timeout: float) -> Figures:
    """The JSON that a process prints, or how it failed; none of its children is left."""
    home = PLACE / "home"
    home.mkdir(parents=True, exist_ok=True)
    surroundings = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=surroundings,
        cwd=home,
        start_new_session=True,
    )
    try:
        out, errors = process.communicate(timeout=timeout)
    except subprocess.TimeoutExpired:
        return {"error": f"took longer than {timeout:g} s"}
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    if process.returncode:
        lines = errors.strip().splitlines() or [f"exit status {process.returncode}"]
        return {"error": lines[-1][:300]}
    lines = [each for each in out.splitlines() if each.startswith("{")]
    return dict(json.loads(lines[-1])) if lines else {"error": "it printed nothing"}


if __name__ == "__main__":
    main()
