"""The file tools, as a model calls them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from choosing import examples
from hypothesis import given
from hypothesis import strategies as st

from agentkit import FunctionCall, ResultMessage, Toolbox, ToolError
from agentkit.safe import SafePath
from agentkit_tools import files
from agentkit_tools._files_find import Pattern
from agentkit_tools.files import Files, ReadFiles, WriteFiles


@pytest.fixture
def base(tmp_path: Path) -> Path:
    for name, data in {
        "README.md": b"# Title\n\nHello, world.\n",
        "src/main.py": b"import os\n\nprint('hello')\n",
        "src/deep/util.py": b"def hello():\n    return 'Hello'\n",
        "src/deep/data.bin": b"hello\0\xff",
        "src/latin.txt": b"hello caf\xe9",
        ".hidden/secret.py": b"hello = 1\n",
        ".env": b"KEY=hello\n",
    }.items():
        (tmp_path / "base" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "base" / name).write_bytes(data)
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_bytes(b"hello SECRET")
    (tmp_path / "base/src/link.py").symlink_to(tmp_path / "outside/secret.txt")
    (tmp_path / "base/out").symlink_to(tmp_path / "outside")
    return tmp_path / "base"


def result(source: Any, name: str, /, **arguments: Any) -> ResultMessage:
    return Toolbox(source).call(FunctionCall(name, json.dumps(arguments)))


def answer(source: Any, name: str, /, **arguments: Any) -> str:
    return result(source, name, **arguments).content


def test_a_directory_is_listed_with_sizes(base: Path) -> None:
    assert answer(ReadFiles(base), "list_files").split("\n") == [
        ".env  10",
        ".hidden/",
        "README.md  23",
        "out  (link, not followed)",
        "src/",
    ]


def test_a_listing_goes_as_deep_as_asked_and_not_into_dotted_directories(base: Path) -> None:
    (base / "src/deep/er").mkdir()
    lines = answer(ReadFiles(base), "list_files", depth=3).split("\n")

    assert ".hidden/" in lines
    assert ".hidden/secret.py  10" not in lines
    assert "src/deep/util.py  32" in lines
    assert "src/deep/er/" in lines
    assert answer(ReadFiles(base), "list_files", path="src/deep/er") == "src/deep/er is empty."
    assert answer(ReadFiles(base), "list_files", path=".hidden") == ".hidden/secret.py  10"


def test_a_listing_tells_when_there_is_more_and_what_it_cannot_name(base: Path) -> None:
    (base / "src/a:b").touch()

    assert answer(ReadFiles(base), "list_files", path="src", limit=2).split("\n") == [
        "src/deep/",
        "src/latin.txt  10",
        "[There are more; only the first 2 are listed.]",
        "[Names that no path may have are left out: 1.]",
    ]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, "a.txt, lines 1 to 3 of 3.\none\ntwo\nthree"),
        ({"start": 2}, "a.txt, lines 2 to 3 of 3.\ntwo\nthree"),
        ({"lines": 1}, "a.txt, lines 1 to 1 of 3. Go on with start=2.\none"),
        ({"start": 3, "numbers": True}, "a.txt, lines 3 to 3 of 3.\n     3\tthree"),
    ],
)
@pytest.mark.parametrize(
    "data", [b"one\ntwo\nthree\n", b"one\ntwo\nthree", b"\xef\xbb\xbfone\r\ntwo\r\nthree\r\n"]
)
def test_lines_of_a_file_are_read(
    base: Path, data: bytes, arguments: dict[str, Any], expected: str
) -> None:
    (base / "a.txt").write_bytes(data)

    assert answer(ReadFiles(base), "read_file", path="a.txt", **arguments) == expected


def test_only_line_ends_end_lines(base: Path) -> None:
    (base / "a.txt").write_bytes("a\u2028b\x0cc\x85d\n".encode())

    assert "lines 1 to 1 of 1" in answer(ReadFiles(base), "read_file", path="a.txt")


def test_a_line_that_is_not_there_is_an_error(base: Path) -> None:
    said = answer(ReadFiles(base), "read_file", path="README.md", start=4)

    assert said == "Error: README.md has 3 lines; there is no line 4."
    (base / "empty").touch()
    assert answer(ReadFiles(base), "read_file", path="empty") == "empty is empty."


def test_a_large_file_is_read_in_parts_that_fit(base: Path) -> None:
    (base / "a.txt").write_text("".join(f"{number} {'x' * 50}\n" for number in range(1, 1001)))
    seen: list[str] = []
    while len(seen) < 1000:
        said = answer(ReadFiles(base), "read_file", path="a.txt", start=len(seen) + 1)
        assert "left out" not in said
        seen += [line.split()[0] for line in said.split("\n")[1:]]

    assert seen == [str(number) for number in range(1, 1001)]


def test_a_very_long_line_is_cut(base: Path) -> None:
    (base / "a.txt").write_text("x" * 1_000_000 + "\nend")
    said = answer(ReadFiles(base), "read_file", path="a.txt")

    assert len(said) < 3_000
    assert "[... the line has 1,000,000 characters]" in said
    assert said.endswith("\nend")


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("*.py", ".", ["src/main.py", "src/deep/util.py"]),
        ("**/*.py", ".", ["src/main.py", "src/deep/util.py"]),
        ("src/*.py", ".", ["src/main.py"]),
        ("*.py", "src/deep", ["src/deep/util.py"]),
        ("./*.md", ".", ["README.md"]),
        ("src/**", ".", ["src/latin.txt", "src/main.py", "src/deep/data.bin", "src/deep/util.py"]),
        ("**/deep/**/util.py", ".", ["src/deep/util.py"]),
        ("**/**/**/util.p[xyz]", ".", ["src/deep/util.py"]),
        ("m?in.*", ".", ["src/main.py"]),
        (".env", ".", [".env"]),
        (".hidden/**", ".", [".hidden/secret.py"]),
        (".*/*.py", ".", [".hidden/secret.py"]),
        ("*.py", ".hidden", [".hidden/secret.py"]),
        ("MAIN.PY", ".", []),
        ("out/*", ".", []),
        ("main.py/*", ".", []),
        ("[", ".", []),
    ],
)
def test_files_are_found_by_a_pattern(
    base: Path, pattern: str, path: str, expected: list[str]
) -> None:
    said = answer(ReadFiles(base), "find_files", pattern=pattern, path=path).split("\n")
    found = [line for line in said if not line.startswith("Left out: ")]

    assert found == (expected or [f"No file in {path} matches {pattern}."])


@pytest.mark.parametrize("pattern", ["/etc/*", "../*", "src/../../*", "", ".", "x" * 501])
def test_a_pattern_that_leads_elsewhere_is_refused(base: Path, pattern: str) -> None:
    said = answer(ReadFiles(base), "find_files", pattern=pattern)

    assert said.startswith("Error: A pattern is relative, such as src/**/*.py")


def test_found_files_are_bounded_and_links_are_told(base: Path) -> None:
    assert answer(ReadFiles(base), "find_files", pattern="*.py", limit=1).split("\n") == [
        "src/main.py",
        "[There are more; only the first 1 are listed.]",
        "Left out: links, hard links, pipes or devices (1).",
    ]


@pytest.mark.parametrize(
    "pattern",
    ["a*" * 200 + "b", "**/" * 160 + "x", "[" * 400, "*?" * 200, "[!" + "a-z" * 100 + "]*b"],
)
def test_no_pattern_makes_finding_slow(base: Path, pattern: str) -> None:
    (base / ("a" * 250)).touch()
    (base / "/".join("a" * 100)).mkdir(parents=True)

    assert "Error" not in answer(ReadFiles(base), "find_files", pattern=pattern)


@examples(300)
@given(st.text(alphabet="ab*?[]!-^/.|~&\\:", max_size=30), st.text(alphabet="ab.[", max_size=8))
def test_any_pattern_is_matched_or_refused(text: str, name: str) -> None:
    try:
        pattern = Pattern(text)
    except ToolError:
        return
    states = pattern.after(pattern.start, name)

    assert isinstance(pattern.ends(states), bool)


def test_a_text_is_searched_literally(base: Path) -> None:
    assert answer(ReadFiles(base), "search_text", text="hello()").split("\n")[0] == (
        "src/deep/util.py:1: def hello():"
    )
    assert answer(ReadFiles(base), "search_text", text="hello.*").startswith("No hit.")


def test_a_search_says_what_it_left_out(base: Path) -> None:
    os.link(base / "README.md", base / "again.md")
    (base / "src/huge.txt").write_bytes(b"hello" * 200)
    said = answer(ReadFiles(base, max_bytes=500), "search_text", text="hello").split("\n")

    assert said[:2] == ["src/main.py:3: print('hello')", "src/deep/util.py:1: def hello():"]
    assert said[2] == (
        "Left out: links, hard links, pipes or devices (4); files larger than 500 bytes (1); "
        "files that are binary or cannot be read (2)."
    )


def test_a_search_takes_other_case_only_if_asked(base: Path) -> None:
    def hits(**more: Any) -> int:
        return answer(ReadFiles(base), "search_text", text="HELLO", **more).count("ello")

    assert (hits(), hits(ignore_case=True)) == (0, 4)


def test_a_search_takes_a_file_or_a_pattern(base: Path) -> None:
    tools = ReadFiles(base)

    assert answer(tools, "search_text", text="ello", path="README.md") == (
        "README.md:3: Hello, world."
    )
    assert answer(tools, "search_text", text="KEY", pattern=".env") == ".env:1: KEY=hello"
    assert answer(tools, "search_text", text="ello", path="src/latin.txt").startswith("Error: ")


def test_a_search_finds_texts_of_several_lines_and_long_lines(base: Path) -> None:
    (base / "a.txt").write_bytes(b"x\r\n" + b"y" * 5_000 + b"needle\r\nnext\r\n" + b"z" * 900)
    said = answer(ReadFiles(base), "search_text", text="needle\nnext", path="a.txt")

    assert said.startswith("a.txt:2: ...yyy")
    assert said.endswith("yneedle")
    assert len(said) < 300


def test_a_search_is_bounded(base: Path) -> None:
    (base / "a.txt").write_text("hit hit\n" * 50)
    said = answer(ReadFiles(base), "search_text", text="hit", limit=3).split("\n")

    assert said[:4] == [
        "a.txt:1: hit hit",
        "a.txt:2: hit hit",
        "a.txt:3: hit hit",
        "[There are more; only the first 3 are listed.]",
    ]
    assert (
        answer(ReadFiles(base), "search_text", text="") == "Error: There is no text to search for."
    )


def test_a_file_is_written_once_and_replaced_only_if_asked(base: Path) -> None:
    tools = Files(base)
    first = answer(tools, "write_file", path="new/dir/a.txt", text="één\n")
    second = answer(tools, "write_file", path="new/dir/a.txt", text="two")
    third = answer(tools, "write_file", path="new/dir/a.txt", text="three", overwrite=True)

    assert first == "Wrote 6 bytes to new/dir/a.txt."
    assert second == ("Error: 'new/dir/a.txt' exists already. Set overwrite to true to replace it.")
    assert third == "Wrote 5 bytes to new/dir/a.txt."
    assert (base / "new/dir/a.txt").read_bytes() == b"three"


@pytest.mark.parametrize(
    ("data", "change", "expected", "said"),
    [
        (b"a\nb\nc\n", ("b\n", "x\ny\n"), b"a\nx\ny\nc\n", "lines 2 to 3 of a.txt; the new text is lines 2 to 4"),
        (b"a\nb\nc\n", ("b", ""), b"a\n\nc\n", "line 2 of a.txt; the new text is line 2"),
        (b"a\r\nb\r\nc", ("a\nb", "x\ny"), b"x\r\ny\r\nc", "lines 1 to 2 of a.txt; the new text is lines 1 to 2"),
        (b"\xef\xbb\xbfa\n", ("a", "b"), b"\xef\xbb\xbfb\n", "line 1 of a.txt; the new text is line 1"),
        (b"{x} %s \\1", ("{x} %s \\1", "{y} \\g<0>"), b"{y} \\g<0>", "line 1 of a.txt; the new text is line 1"),
    ],
)  # fmt: skip
def test_a_text_that_is_there_once_is_replaced(
    base: Path, data: bytes, change: tuple[str, str], expected: bytes, said: str
) -> None:
    (base / "a.txt").write_bytes(data)
    (base / "a.txt").chmod(0o640)
    call = {"path": "a.txt", "old": change[0], "new": change[1]}

    assert answer(Files(base), "edit_file", **call) == f"Changed {said}."
    assert (base / "a.txt").read_bytes() == expected
    assert (base / "a.txt").stat().st_mode & 0o777 == 0o640


def test_a_text_that_is_there_more_than_once_is_replaced_only_if_asked(base: Path) -> None:
    (base / "a.txt").write_bytes(b"x\n\nx x\n")
    call = {"path": "a.txt", "old": "x", "new": "yy"}
    refused = answer(Files(base), "edit_file", **call)
    kept = (base / "a.txt").read_bytes()
    said = answer(Files(base), "edit_file", **call, replace_all=True)

    assert refused.startswith("Error: a.txt holds this text 3 times, at lines 1, 3, 3. Give more")
    assert kept == b"x\n\nx x\n"
    assert said == "Replaced 3 places in a.txt, at lines 1, 3, 3."
    assert (base / "a.txt").read_bytes() == b"yy\n\nyy yy\n"


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("nothing like it", "x", "does not hold this text. Copy it exactly"),
        ("one  two", "x", "It is there with other blanks or line ends"),
        ("one", "one", "Give the text to replace, and another one"),
        ("", "x", "Give the text to replace, and another one"),
        ("o", "x" * 600, "would have more than 1,000 characters"),
        ("one", "\ud83d", "half of a character"),
    ],
)
def test_an_edit_that_does_not_fit_changes_nothing(
    base: Path, old: str, new: str, reason: str
) -> None:
    (base / "a.txt").write_bytes(b"one two\n")
    tools = Files(base, max_bytes=1_000)

    assert reason in answer(tools, "edit_file", path="a.txt", old=old, new=new, replace_all=True)
    assert (base / "a.txt").read_bytes() == b"one two\n"


def test_an_edit_that_would_fill_the_memory_is_refused(base: Path) -> None:
    (base / "a.txt").write_bytes(b"a" * 5_000_000)
    call = {"path": "a.txt", "old": "a", "new": "b" * 1_000_000, "replace_all": True}

    assert answer(Files(base), "edit_file", **call).endswith("more than 10,000,000 characters.")


@pytest.mark.parametrize(
    ("name", "more"),
    [
        ("list_files", {}),
        ("read_file", {}),
        ("find_files", {"pattern": "*"}),
        ("search_text", {"text": "hello"}),
        ("write_file", {"text": "x", "overwrite": True}),
        ("edit_file", {"old": "hello", "new": "x"}),
    ],
)
@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("../outside/secret.txt", "leads out of its directory"),
        ("/etc/passwd", "must not begin with /"),
        ("~/x", "begins with ~"),
        ("out", "symbolic link"),
        ("out/secret.txt", "symbolic link"),
        ("src/link.py", "symbolic link"),
        ("README.md ", "ends with a blank"),
        ("README.md::$DATA", "colon"),
    ],
)
def test_no_tool_leaves_the_root(
    base: Path, name: str, more: dict[str, Any], path: str, reason: str
) -> None:
    got = result(Files(base), name, path=path, **more)

    assert got.is_error
    assert reason in got.content
    assert str(base.parent) not in got.content
    assert (base.parent / "outside/secret.txt").read_bytes() == b"hello SECRET"


def test_of_several_roots_each_path_names_one(base: Path) -> None:
    tools = Files(base / "src", base.parent / "outside")

    assert answer(tools, "list_files") == "src/\noutside/"
    assert answer(tools, "find_files", pattern="*.py").startswith("src/main.py\nsrc/deep/util.py")
    assert "lines 1 to 1" in answer(tools, "read_file", path="outside/secret.txt")
    assert answer(tools, "read_file", path="main.py") == (
        "Error: A path begins with its root: src, outside."
    )
    assert "Wrote 1 bytes" in answer(tools, "write_file", path="src/x", text="x")


def test_the_roots_are_those_of_the_environment_or_the_working_directory(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    here = answer(files, "read_file", path="README.md")
    monkeypatch.setenv("AGENTKIT_ROOTS", f"{base / 'src'}{os.pathsep}{base.parent / 'outside'}")

    assert here.startswith("README.md, lines 1 to 3")
    assert answer(files, "list_files") == "src/\noutside/"
    assert answer(files.writing, "write_file", path="src/y", text="y") == "Wrote 1 bytes to src/y."
    assert answer(Files(base), "list_files", path="src/deep").startswith("src/deep/data.bin")


def test_writing_is_there_only_for_those_who_ask() -> None:
    reading, writing = Toolbox(files), Toolbox(files.writing)

    assert (
        [*reading]
        == ["list_files", "read_file", "find_files", "search_text"]
        == [*Toolbox(ReadFiles())]
    )
    assert [*writing] == ["write_file", "edit_file"] == [*Toolbox(WriteFiles())]
    assert {*Toolbox(files, files.writing)} == {*Toolbox(Files())}
    assert all(each.read_only and each.idempotent for each in reading.values())
    assert all(each.destructive and not each.read_only for each in writing.values())


def test_every_tool_says_what_paths_are_relative_to() -> None:
    for each in Toolbox(Files()).definitions:
        path = each.parameters["properties"]["path"]

        assert "relative to the root" in each.description
        assert "relative to the root" in path["description"]


def test_a_tool_is_still_a_function(base: Path) -> None:
    said = Files(base).read_file(SafePath("src/main.py"), lines=1)

    assert said == "src/main.py, lines 1 to 1 of 3. Go on with start=2.\nimport os"
