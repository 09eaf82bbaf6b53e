"""What the wheel holds and what it asks for."""

import subprocess
import sys
import tomllib
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of what is tracked or would be."""
    target = tmp_path_factory.mktemp("dist")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(target)],
        check=True,
        capture_output=True,
        cwd=ROOT,
    )
    with zipfile.ZipFile(next(target.glob("*.whl"))) as opened:
        yield opened


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"agentkit", "agentkit_tools"}


def test_both_packages_are_typed_and_the_catalog_is_inside(wheel):
    names = set(wheel.namelist())

    assert {"agentkit/py.typed", "agentkit_tools/py.typed", "agentkit/catalog/groq.toml"} <= names


def test_the_page_of_the_service_is_inside(wheel):
    page = ROOT / "agentkit" / "serve" / "page"
    files = [each for name in ("templates", "static") for each in (page / name).iterdir()]
    wanted = {*(str(each.relative_to(ROOT)) for each in files), "agentkit/journal/timeline.css"}

    assert len(wanted) > 15
    assert wanted <= set(wheel.namelist())


def test_the_core_needs_four_libraries(wheel):
    metadata = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    wanted = message_from_string(wheel.read(metadata).decode()).get_all("Requires-Dist") or []
    core = {each.partition(">")[0] for each in wanted if "extra ==" not in each}

    assert core == {"httpx", "pydantic", "docstring-parser", "jsonschema"}


def test_built_in_tools_come_through_the_same_door_as_anyones():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    packs = project["entry-points"]["agentkit.tools"]
    modules = (ROOT / "tools" / "agentkit_tools").glob("[!_]*.py")

    assert {value.partition(":")[0] for value in packs.values()} == {
        f"agentkit_tools.{each.stem}" for each in modules
    }


def test_constraints_pin_versions_and_record_no_address():
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]

    assert pins
    assert all("==" in pin and "://" not in pin and "@" not in pin for pin in pins)
