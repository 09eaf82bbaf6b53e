"""The image: its Dockerfile, and what comes into it."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from deploy.parts import DEPLOY, DOCKERFILE, ROOT

LINES = DOCKERFILE.read_text(encoding="utf-8").replace("\\\n", " ").splitlines()


def said(instruction):
    return [line.split()[1:] for line in LINES if line.startswith(f"{instruction} ")]


def copied():
    """The files of the project that come into the image."""
    return [each for words in said("COPY") if not words[0].startswith("--") for each in words[:-1]]


def test_hadolint_finds_nothing():
    program = Path(sys.executable).parent / "hadolint"

    done = subprocess.run([program, DOCKERFILE], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (0, "")


def test_what_is_copied_is_all_that_an_installation_needs(tmp_path):
    for name in copied():
        source, target = ROOT / name, tmp_path / "project" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        (shutil.copytree if source.is_dir() else shutil.copy)(source, target)

    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path],
        check=True,
        capture_output=True,
        cwd=tmp_path / "project",
    )

    assert list(tmp_path.glob("agentkit-*.whl"))


def test_what_is_ignored_is_not_copied_and_nothing_else_comes_in():
    ignored = (DEPLOY / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()

    assert ignored[0] == "*"
    assert {each.removeprefix("!") for each in ignored if each.startswith("!")} == set(copied())
    assert not any("secret" in each for each in copied())


def test_it_runs_as_a_user_without_rights_and_has_what_the_entry_starts():
    ((user,),) = said("USER")
    ((entry,),) = [re.findall(r'"([^"]+)"', line) for line in LINES if "ENTRYPOINT" in line]

    assert int(user.partition(":")[0]) >= 10_000
    assert LINES.index(f"USER {user}") > max(n for n, x in enumerate(LINES) if x.startswith("RUN"))
    assert (DEPLOY / "app" / Path(entry).name).stat().st_mode & 0o111
    assert all(":" in image for image, *_ in said("FROM"))


@pytest.mark.parametrize("given", [{}, {"PGPASSWORD_FILE": "", "GROQ_API_KEY": "by hand"}])
def test_the_entry_reads_secrets_of_files(tmp_path, given):
    secret = tmp_path / "a secret"
    secret.write_text('it\'s $HOME "quoted"\n', encoding="utf-8")

    done = subprocess.run(
        [DEPLOY / "app" / "entry", sys.executable, "-c", PRINT],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "/usr/bin:/bin", "SERVICE_TOKEN_FILE": str(secret), **given},
    )

    key = given.get("GROQ_API_KEY")
    assert done.stdout == f"{[None, key, secret.read_text(encoding='utf-8').strip()]}\n"


PRINT = (
    "import os; print([os.environ.get(n) for n in ('PGPASSWORD','GROQ_API_KEY','SERVICE_TOKEN')])"
)
