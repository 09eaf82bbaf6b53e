"""Programs: exactly the given arguments, input and environment reach them, and nothing else."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentkit import FunctionCall, Toolbox, ToolError, tool
from agentkit.safe import Finished, Operand, run_program

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the programs are those of POSIX")
PYTHON = [sys.executable, "-I", "-S", "-X", "utf8", "-c"]
TELL_ARGUMENTS = "import os, sys; print([os.fsencode(each).hex() for each in sys.argv[1:]])"
DANGEROUS = (
    "GROQ_API_KEY AWS_SECRET_ACCESS_KEY GITHUB_TOKEN DATABASE_URL SSH_AUTH_SOCK HTTPS_PROXY "
    "GIT_DIR GIT_SSH_COMMAND GIT_EXTERNAL_DIFF PAGER EDITOR LD_PRELOAD LD_LIBRARY_PATH "
    "DYLD_INSERT_LIBRARIES PYTHONPATH PYTHONSTARTUP PERL5OPT NODE_OPTIONS BASH_ENV ENV IFS "
    "LC_SECRET PATH_KEY home"
)
TELL_DESCRIPTORS = (
    "import os\n"
    "for each in range(3, 256):\n"
    "    try: os.fstat(each)\n"
    "    except OSError: continue\n"
    "    print(each)"
)


def python(code: str, *arguments: str, **options) -> Finished:
    return run_program([*PYTHON, code, *arguments], **options)


def script(path: Path, text: str, mode: int = 0o755) -> Path:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))
        | st.binary().map(lambda data: os.fsdecode(data.replace(b"\0", b""))),
        max_size=20,
    )
)
def test_arguments_reach_the_program_byte_for_byte(arguments):
    finished = python(TELL_ARGUMENTS, *arguments)

    assert finished.output == f"{[os.fsencode(each).hex() for each in arguments]}\n"


@pytest.mark.parametrize(
    "text",
    [
        "; touch x",
        "a && touch x",
        "| touch x",
        "`touch x`",
        "$(touch x)",
        "${HOME}",
        "$HOME",
        "~",
        "*",
        "> x",
        "\ntouch x\n",
        "'; touch x; '",
        '"; touch x; "',
        "\\",
        "%PATH%",
        "!!",
        "a\tb  c",
        "{a,b}",
        "-n",
    ],
)
def test_what_a_shell_would_act_on_is_only_text(text, tmp_path):
    finished = run_program(["printf", "%s", text], cwd=tmp_path)

    assert finished.output == text
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", ["echo hi", b"echo hi", ["echo", 1], [b"echo"], [], [""]])
def test_a_command_line_is_refused_because_there_is_no_shell(command):
    with pytest.raises(TypeError, match=r"list of strings|is the program"):
        run_program(command)
    assert run_program(["echo", "hi"]).output == "hi\n"


@pytest.mark.parametrize(
    ("argument", "why"),
    [
        ("a\0b", "NUL character"),
        ("a\ud800", "half of a character"),
        ("a" * 3_000_000, "Argument list too long"),
    ],
)
def test_an_impossible_argument_is_refused(argument, why):
    with pytest.raises(ToolError, match=why):
        run_program(["echo", argument])
    assert run_program(["echo", "a"]).output == "a\n"


@pytest.mark.parametrize("name", ["no-such-program", "./none", "/", "plain", "./plain"])
def test_a_program_that_is_not_there_or_may_not_run_is_refused(name, tmp_path):
    script(tmp_path / "plain", "#!/bin/sh\n", mode=0o644)

    with pytest.raises(ToolError, match="is not installed, or may not be run"):
        run_program([name], cwd=tmp_path)


@pytest.mark.parametrize("text", ["#!/no/such/interpreter\n", "echo hi\n", ""])
def test_a_file_that_the_system_cannot_run_is_refused(text, tmp_path):
    broken = script(tmp_path / "broken", text)

    with pytest.raises(ToolError, match=r"'\./broken' cannot be run: "):
        run_program(["./broken"], cwd=tmp_path)
    script(broken, "#!/bin/sh\necho hi\n")
    assert run_program(["./broken"], cwd=tmp_path).output == "hi\n"


def test_a_working_directory_that_is_not_there_is_refused(tmp_path):
    with pytest.raises(ToolError, match="working directory of the program does not exist"):
        run_program(["pwd"], cwd=tmp_path / "none")
    assert run_program(["pwd"], cwd=tmp_path).output == f"{tmp_path.resolve()}\n"


def test_a_program_of_the_working_directory_is_not_found_by_its_name(tmp_path, monkeypatch):
    script(tmp_path / "planted", "#!/bin/sh\necho planted\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}{os.environ['PATH']}")

    with pytest.raises(ToolError, match="is not installed"):
        run_program(["planted"])
    assert run_program(["sh", "-c", "planted"]).code == 127
    assert run_program(["./planted"]).output == "planted\n"


def test_no_secret_and_nothing_that_changes_programs_reaches_them(monkeypatch):
    for name in DANGEROUS.split():
        monkeypatch.setenv(name, "/tmp/gsk_0123456789")

    listed = run_program(["env"]).output
    assert "gsk_" not in listed
    kept = {line.partition("=")[0] for line in listed.splitlines()}
    assert kept <= {"PATH", "HOME", "TMPDIR", "TZ", "LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE"}


def test_what_is_added_to_the_environment_reaches_the_program(monkeypatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    finished = run_program(["env"], env={"TOKEN": "given", "HOME": "/nowhere"})

    assert {"TOKEN=given", "HOME=/nowhere", "TZ=Asia/Tokyo"} <= {*finished.output.splitlines()}


def test_without_input_a_program_reads_the_end_of_the_file():
    assert run_program(["cat"]) == Finished(
        code=0, output="", errors="", ended="It ended with exit code 0."
    )


@pytest.mark.parametrize("given", ["héllo", "héllo".encode()])
def test_a_program_reads_its_input_and_then_the_end_of_the_file(given):
    assert run_program(["cat"], stdin=given).output == "héllo"


def test_input_bigger_than_a_pipe_comes_back_whole():
    text = "0123456789" * 100_000

    assert run_program(["cat"], stdin=text, max_output=10_000_000).output == text


def test_input_that_nobody_reads_is_dropped():
    assert run_program(["true"], stdin="0123456789" * 100_000).ok


def test_bytes_that_are_no_text_are_replaced():
    finished = run_program(["printf", r"a\377\200b"])

    assert finished.output == "a\ufffd\ufffdb"


def test_a_program_inherits_no_descriptor():
    descriptor = os.dup(0)
    os.set_inheritable(descriptor, True)
    try:
        finished = python(TELL_DESCRIPTORS)
    finally:
        os.close(descriptor)

    assert (finished.output, finished.errors) == ("", "")


def test_whoever_is_interrupted_while_a_program_starts_leaves_none_behind(monkeypatch, tmp_path):
    begun = []

    class Interrupted(subprocess.Popen):
        def __init__(self, *given, **named):
            super().__init__(*given, **named)
            begun.append(self)
            raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "Popen", Interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_program(["touch", "made"], cwd=tmp_path)
    begun[0].communicate(timeout=20)

    assert list(tmp_path.iterdir()) == []


def test_a_program_has_the_signals_that_it_would_have_from_a_shell():
    assert run_program(["sh", "-c", "yes | head -n 1"]).errors == ""


@pytest.mark.parametrize(
    ("command", "text"),
    [
        ("echo hi", "hi"),
        ("true", "It ended with exit code 0. It printed nothing."),
        ("echo hi; exit 3", "It ended with exit code 3.\nhi"),
        ("echo hi; echo oh >&2", "hi\nStandard error:\noh"),
        ("echo 'It ended with exit code 0.'; false",
         "It ended with exit code 1.\nIt ended with exit code 0."),
    ],
)  # fmt: skip
def test_the_text_tells_first_how_it_ended_unless_all_went_well(command, text):
    assert run_program(["sh", "-c", command]).text == text


@tool
def count_lines(file: Operand) -> str:
    """Count."""
    return run_program(["printf", "%s", file]).text


@pytest.mark.parametrize(
    ("operand", "why"),
    [
        ("-n", "must not begin with '-'"),
        ("--output=/etc/passwd", "must not begin with '-'"),
        ("-", "must not begin with '-'"),
        ("", "must not be empty"),
        ("a\0b", "must not hold U+0000"),
        ("a\nb", "must not hold U+000A"),
        ("\x1b[2J", "must not hold U+001B"),
        ("a\x85", "must not hold U+0085"),
        ("\ud800", "must not hold U+D800"),
    ],
)
def test_an_operand_is_never_an_option(operand, why):
    call = FunctionCall("count_lines", json.dumps({"file": operand}))
    result = Toolbox(count_lines).call(call)

    assert result.is_error
    assert why in result.content


@pytest.mark.parametrize("operand", ["a", "a-b", " -n", "a b; c", "\u2212n", "é", "HEAD~1"])
def test_other_text_is_an_operand(operand):
    call = FunctionCall("count_lines", json.dumps({"file": operand}))

    assert Toolbox(count_lines).call(call).content == operand


def test_models_are_told_what_an_operand_is():
    schema = count_lines.definition.parameters["properties"]["file"]

    assert schema == {"type": "string", "pattern": "^[^-]"}
