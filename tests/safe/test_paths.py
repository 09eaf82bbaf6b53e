"""What `SafePath` reaches, and what it does not: by its text, and by what stands there."""

from __future__ import annotations

import json
import os
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from agentkit import FunctionCall, Toolbox, ToolError, tool
from agentkit.errors import DefinitionError
from agentkit.safe import Root, SafePath, opening

ROOT_USER = hasattr(os, "geteuid") and os.geteuid() == 0


@pytest.fixture(params=[True, False], ids=["descriptors", "resolved"])
def base(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory beside others that no path may lead to; once as on Windows."""
    if request.param and not opening.BY_DESCRIPTOR:
        pytest.skip("no descriptors of directories here")
    monkeypatch.setattr(opening, "BY_DESCRIPTOR", request.param)
    for directory in ("base/sub", "base-evil", "outside"):
        (tmp_path / directory).mkdir(parents=True)
    (tmp_path / "base/a.txt").write_bytes(b"inside")
    (tmp_path / "base/sub/b.txt").write_bytes(b"deeper")
    for directory in ("base-evil", "outside"):
        (tmp_path / directory / "secret.txt").write_bytes(b"SECRET")
    return tmp_path / "base"


def call(source: Any, /, **arguments: Any) -> str:
    box = Toolbox(source)
    return box.call(FunctionCall(next(iter(box)), json.dumps(arguments))).content


def reader(root: Root) -> Any:
    def read(path: SafePath) -> str:
        return path.under(root).read_text()

    return tool(read)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (".", ()),
        ("./", ()),
        ("a.txt", ("a.txt",)),
        ("./sub//b.txt", ("sub", "b.txt")),
        ("sub/./b.txt/", ("sub", "b.txt")),
        (".hidden", (".hidden",)),
        ("a b.txt", ("a b.txt",)),
        ("O'Reilly & Söhne [1] {2} #3 %41 $x *?.txt", ("O'Reilly & Söhne [1] {2} #3 %41 $x *?.txt",)),
        ("-rf", ("-rf",)),
        ("日本語/ملف.txt", ("日本語", "ملف.txt")),
        ("console.log/com10/nullable", ("console.log", "com10", "nullable")),
        ("x" * 255, ("x" * 255,)),
        ("..a/b..c", ("..a", "b..c")),
    ],
)  # fmt: skip
def test_ordinary_names_are_taken_as_they_are(text: str, parts: tuple[str, ...]) -> None:
    path = SafePath(text)

    assert path.parts == parts
    assert str(path) == ("/".join(parts) or ".")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is empty"),
        ("..", "leads out"),
        ("../outside/secret.txt", "leads out"),
        ("../base/a.txt", "leads out"),
        ("sub/../a.txt", "leads out"),
        ("sub/../../outside/secret.txt", "leads out"),
        ("../base-evil/secret.txt", "leads out"),
        ("...", "ends with a dot"),
        ("....//", "ends with a dot"),
        ("/etc/passwd", "must not begin with /"),
        ("/", "must not begin with /"),
        ("//server/share", "must not begin with /"),
        ("~", "begins with ~"),
        ("~root/.ssh/id_rsa", "begins with ~"),
        ("~/a.txt", "begins with ~"),
        ("sub/~x", "begins with ~"),
        ("\\\\server\\share", "backslash"),
        ("..\\outside", "backslash"),
        ("sub\\b.txt", "backslash"),
        ("C:\\Windows", "backslash"),
        ("C:a.txt", "colon"),
        ("c:/a.txt", "colon"),
        ("file:///etc/passwd", "colon"),
        ("a.txt::$DATA", "colon"),
        ("a.txt\0", "control character"),
        ("a.txt\0.png", "control character"),
        ("a\n.txt", "control character"),
        ("\x1b[31ma.txt", "control character"),
        ("a\x7f.txt", "control character"),
        ("a\x85.txt", "control character"),
        ("a.txt ", "a blank"),
        (" a.txt", "a blank"),
        ("sub /b.txt", "a blank"),
        ("a.txt\N{NO-BREAK SPACE}", "a blank"),
        ("\N{IDEOGRAPHIC SPACE}a.txt", "a blank"),
        ("a.txt.", "ends with a dot"),
        ("sub./b.txt", "ends with a dot"),
        ('"a.txt"', "quotation mark"),
        ("a.txt'", "quotation mark"),
        ("`a.txt", "quotation mark"),
        ("\N{LEFT DOUBLE QUOTATION MARK}a.txt", "quotation mark"),
        ("CON", "device on Windows"),
        ("con.txt", "device on Windows"),
        ("sub/NUL", "device on Windows"),
        ("nul.tar.gz", "device on Windows"),
        ("Aux.c", "device on Windows"),
        ("COM1 .txt", "device on Windows"),
        ("lpt9", "device on Windows"),
        ("COM\N{SUPERSCRIPT TWO}.x", "device on Windows"),
        ("CONIN$", "device on Windows"),
        ("x" * 256, "longer than 255 bytes"),
        ("é" * 128, "longer than 255 bytes"),
        ("x/" * 2_048 + "x", "longer than 4,096 bytes"),
        ("é/" * 2_000, "longer than 4,096 bytes"),
        ("x" * 10_000_000, "longer than 4,096 bytes"),
        ("cafe\N{COMBINING ACUTE ACCENT}.txt", "NFC"),
        ("\N{KELVIN SIGN}.txt", "NFC"),
        ("a\N{ZERO WIDTH JOINER}.txt", "invisible character"),
        ("a\N{RIGHT-TO-LEFT OVERRIDE}txt.exe", "invisible character"),
        ("\N{ZERO WIDTH NO-BREAK SPACE}a.txt", "invisible character"),
        ("a\N{SOFT HYPHEN}.txt", "invisible character"),
        ("a\N{TAG LATIN SMALL LETTER A}.txt", "invisible character"),
        ("a\N{LINE SEPARATOR}.txt", "line separator"),
        ("a\udcff.txt", "half of a character"),
        ("\ud83d.txt", "half of a character"),
    ],
    ids=lambda value: ascii(value)[:40],
)  # fmt: skip
def test_a_text_that_could_mean_anything_else_is_refused_and_says_why(
    text: str, reason: str
) -> None:
    with pytest.raises(ToolError, match=reason) as refused:
        SafePath(text)

    answer = call(reader(Root()), path=text)
    assert answer.startswith("Error: Wrong arguments for read:\n- path: The path ")
    assert reason in answer
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("value", [3, None, ["a.txt"], {"path": "a.txt"}, b"a.txt", Path("a.txt")])
def test_what_is_no_text_is_refused(value: Any) -> None:
    with pytest.raises(ValidationError, match="should be a path as text"):
        TypeAdapter(SafePath).validate_python(value)


def test_a_model_is_told_that_it_is_a_path_relative_to_the_root() -> None:
    def read(path: SafePath) -> str:
        return str(path)

    assert tool(read).definition.parameters["properties"]["path"] == {
        "type": "string",
        "format": "path",
        "description": "A path relative to the root, such as docs/a.txt.",
    }


def test_the_working_directory_of_the_call_is_the_root_unless_another_is_given(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read(path: SafePath) -> str:
        return path.read_text()

    monkeypatch.chdir(base)
    first = call(read, path="a.txt")
    monkeypatch.chdir(base / "sub")

    assert (first, call(read, path="b.txt")) == ("inside", "deeper")


@pytest.mark.parametrize("kind", [SafePath, SafePath | None])
def test_an_annotation_binds_a_root(base: Path, monkeypatch: pytest.MonkeyPatch, kind: Any) -> None:
    def read(path: Any) -> str:
        return path.read_text()

    monkeypatch.chdir(base)
    read.__annotations__["path"] = Annotated[kind, Root("sub")]
    monkeypatch.chdir(base.parent)  # the root stays where it was

    assert call(read, path="b.txt") == "deeper"


def test_a_root_does_not_stand_at_a_list() -> None:
    def read(paths: Any) -> str:
        return str(paths)

    read.__annotations__["paths"] = Annotated[list[SafePath], Root("data")]
    with pytest.raises(DefinitionError, match="Root stands at SafePath itself"):
        _ = tool(read).definition


def test_of_several_roots_a_path_names_one(base: Path) -> None:
    root = Root(base, base.parent / "outside")

    assert SafePath("base/sub/b.txt", root).read_text() == "deeper"
    assert SafePath("outside/secret.txt", root).read_text() == "SECRET"
    assert [str(each.path) for each in SafePath(".", root).list().entries] == ["base", "outside"]
    assert [str(each.path) for each in SafePath("base", root).list().entries] == [
        "base/a.txt",
        "base/sub",
    ]


@pytest.mark.parametrize("text", ["a.txt", "base-evil/secret.txt", "BASE/a.txt", "bas/a.txt"])
def test_a_path_that_begins_with_no_root_is_refused(base: Path, text: str) -> None:
    root = Root(base, base.parent / "outside")

    with pytest.raises(ToolError, match="begins with its root: base, outside"):
        SafePath(text, root).read_bytes()
    with pytest.raises(ToolError, match="begins with its root: base, outside"):
        SafePath(text.partition("/")[0], root).kind()
    assert SafePath("base/a.txt", root).read_text() == "inside"


@pytest.mark.parametrize("method", ["read_bytes", "open_file"])
@pytest.mark.parametrize("text", [".", "base"])
def test_a_root_itself_is_no_file(base: Path, text: str, method: str) -> None:
    with pytest.raises(ToolError, match="is a directory"):
        getattr(SafePath(text, Root(base, base.parent / "outside")), method)()


def test_roots_of_one_name_are_told_apart_whatever_their_case(tmp_path: Path) -> None:
    root = Root(tmp_path / "x/data", tmp_path / "y/data", tmp_path / "z/DATA", "/")

    assert root.names == ("data", "data-2", "DATA-3", "root")
    assert repr(root) == "Root('data', 'data-2', 'DATA-3', 'root')"


def test_where_parts_lead_is_told_to_libraries_that_open_by_name(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Links on the way to a root are followed, those below it are not; the library has to look."""
    (base.parent / "way").symlink_to(base, target_is_directory=True)
    (base / "link").symlink_to(base.parent / "outside")
    monkeypatch.chdir(base)

    assert Root().real_path(("sub", "b.txt")) == str(base / "sub/b.txt")
    assert Root(base.parent / "way").real_path(("link", "x")) == str(base / "link/x")
    assert Root(base, base.parent / "outside").real_path(("outside", "x")) == str(
        base.parent / "outside/x"
    )
    with pytest.raises(ToolError, match="begins with its root: base, outside"):
        Root(base, base.parent / "outside").real_path(("x",))


def test_nothing_shows_where_the_root_is(base: Path) -> None:
    path = SafePath("sub/b.txt", Root(base))

    assert repr(path) == "SafePath('sub/b.txt')"
    assert str(base.parent) not in repr(path) + repr(path.root) + str(path)
    for text in ("no.txt", "sub", "a.txt/x"):
        with pytest.raises(ToolError) as refused:
            SafePath(text, Root(base)).read_bytes()
        assert str(base.parent) not in str(refused.value)


def test_a_root_that_is_not_there_is_said_to_be_missing(base: Path) -> None:
    path = SafePath("a.txt", Root(base / "later"))
    with pytest.raises(ToolError, match=r"The root.*does not exist"):
        path.read_bytes()
    (base / "later").mkdir()
    (base / "later/a.txt").write_bytes(b"now")

    assert path.read_bytes() == b"now"


def test_links_on_the_way_to_the_root_are_the_users_word(base: Path) -> None:
    (base.parent / "way").symlink_to(base, target_is_directory=True)

    assert SafePath("a.txt", Root(base.parent / "way")).read_text() == "inside"


@pytest.mark.parametrize("replaced", ["sub", "sub/deep"])
def test_a_root_that_is_replaced_by_a_link_afterwards_is_refused(
    base: Path, monkeypatch: pytest.MonkeyPatch, replaced: str
) -> None:
    monkeypatch.setattr(opening, "BY_DESCRIPTOR", True)
    for directory in ("sub/deep", "evil/deep"):
        (base / directory).mkdir(parents=True)
        (base / directory / "a.txt").write_text(directory)
    path = SafePath("a.txt", Root(base / "sub/deep"))
    before = path.read_text()
    (base / replaced).rename(base / "moved")
    (base / replaced).symlink_to(base / replaced.replace("sub", "evil"))

    with pytest.raises(ToolError, match="does not exist or is a link"):
        path.read_bytes()
    assert before == "sub/deep"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("link.txt", "symbolic link"),
        ("out/secret.txt", "symbolic link"),
        ("inner/b.txt", "symbolic link"),
        ("here.txt", "symbolic link"),
        ("broken.txt", "symbolic link"),
        ("loop/loop/a.txt", "symbolic link"),
        ("up/base/a.txt", "symbolic link"),
        ("hard.txt", "hard link"),
        ("sub", "is a directory"),
        ("a.txt/b.txt", "is a file and not a directory"),
        ("fifo", "no regular file"),
        ("fifo/x", "no regular file"),
        ("socket", "no regular file"),
        ("none.txt", "does not exist"),
        ("none/none.txt", "does not exist"),
        ("A.TXT", "does not exist|is spelled"),
        ("Sub/b.txt", "does not exist|is spelled"),
    ],
)
def test_only_regular_files_below_the_root_are_read(base: Path, text: str, reason: str) -> None:
    outside = base.parent / "outside"
    for name, target in {
        "link.txt": outside / "secret.txt",
        "out": outside,
        "inner": base / "sub",
        "here.txt": base / "a.txt",
        "broken.txt": base / "nothing",
        "loop": base / "loop",
        "up": base.parent,
    }.items():
        (base / name).symlink_to(target)
    os.link(outside / "secret.txt", base / "hard.txt")
    os.mkfifo(base / "fifo")
    server = socket.socket(socket.AF_UNIX)
    here = os.getcwd()
    os.chdir(base)  # the name of a socket may not be long
    server.bind("socket")
    os.chdir(here)
    server.close()

    answer = call(reader(Root(base)), path=text)
    assert answer.startswith("Error: ")
    assert "SECRET" not in answer
    with pytest.raises(ToolError, match=reason):
        SafePath(text, Root(base)).read_bytes()
    assert call(reader(Root(base)), path="sub/b.txt") == "deeper"


@pytest.mark.parametrize("target", ["/dev/zero", "/proc/self/environ", "/proc/self/root"])
def test_a_link_to_a_device_or_into_proc_is_refused(base: Path, target: str) -> None:
    (base / "link").symlink_to(target)

    for text in ("link", "link/etc/passwd"):
        with pytest.raises(ToolError, match="symbolic link"):
            SafePath(text, Root(base)).read_bytes()


@pytest.mark.skipif(not ROOT_USER, reason="only root makes devices")
def test_a_device_is_not_even_opened(base: Path) -> None:
    try:
        os.mknod(base / "zero", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except PermissionError:
        pytest.skip("this root may not make devices")
    with pytest.raises(ToolError, match="no regular file"):
        SafePath("zero", Root(base)).read_bytes()


@pytest.mark.skipif(not opening.BY_DESCRIPTOR, reason="no descriptors of directories here")
@pytest.mark.parametrize("name", ["..", ".", "", "../outside", "sub/b.txt"])
def test_names_that_lead_elsewhere_are_refused_once_more_when_opening(
    base: Path, name: str
) -> None:
    path = SafePath("sub/b.txt", Root(base))
    path.parts = (name, "secret.txt")

    with pytest.raises(ToolError, match="no name in a directory"):
        path.read_bytes()


class CaseBlind:
    """The system's functions as on a file system where letter case does not matter."""

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def stat(self, path: str, *, dir_fd: int | None, **more: Any) -> os.stat_result:
        return os.stat(self.listed(path, dir_fd), dir_fd=dir_fd, **more)

    def open(self, path: str, *more: Any, dir_fd: int | None = None) -> int:
        return os.open(self.listed(path, dir_fd), *more, dir_fd=dir_fd)

    def listed(self, path: str, dir_fd: int | None) -> str:
        if dir_fd is None or path == ".":
            return path
        names = os.listdir(f"/proc/self/fd/{dir_fd}")
        return next((each for each in names if each.casefold() == path.casefold()), path)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")
@pytest.mark.parametrize(
    ("text", "right"), [("A.txt", "a.txt"), ("SUB/b.txt", "sub"), ("sub/B.TXT", "sub/b.txt")]
)
def test_where_case_does_not_matter_a_file_still_has_one_name(
    base: Path, monkeypatch: pytest.MonkeyPatch, text: str, right: str
) -> None:
    monkeypatch.setattr(opening, "BY_DESCRIPTOR", True)
    monkeypatch.setattr(opening, "os", CaseBlind())

    for attempt in (SafePath.read_bytes, SafePath.kind, lambda path: path.write_bytes(b"")):
        with pytest.raises(ToolError, match=f"is spelled '{Path(right).name}' here"):
            attempt(SafePath(text, Root(base)))
    assert SafePath("sub/b.txt", Root(base)).read_bytes() == b"deeper"


def test_two_files_that_differ_in_case_are_two_files(base: Path) -> None:
    (base / "A.TXT").write_bytes(b"other")
    if (base / "a.txt").read_bytes() == b"other":
        pytest.skip("letter case does not matter here")

    assert SafePath("a.txt", Root(base)).read_bytes() == b"inside"
    assert SafePath("A.TXT", Root(base)).read_bytes() == b"other"


def test_a_name_that_nearly_exists_is_offered(base: Path) -> None:
    with pytest.raises(ToolError, match=r"'sub/b.text' does not exist. Did you mean 'b.txt'\?"):
        SafePath("sub/b.text", Root(base)).read_bytes()


@pytest.mark.skipif(ROOT_USER, reason="root may read everything")
def test_what_may_not_be_read_is_refused_without_the_path_of_the_machine(base: Path) -> None:
    (base / "a.txt").chmod(0)

    with pytest.raises(ToolError, match=r"^'a.txt' may not be used: permission denied.$"):
        SafePath("a.txt", Root(base)).read_bytes()


def test_a_file_larger_than_allowed_is_refused(base: Path) -> None:
    path = SafePath("a.txt", Root(base))

    assert path.read_bytes(max_bytes=6) == b"inside"
    with pytest.raises(ToolError, match="larger than 5 bytes"):
        path.read_bytes(max_bytes=5)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"\x89PNG\r\n\x1a\n", "no text in utf-8: byte 0 does not fit"),
        (b"caf\xe9", "no text in utf-8: byte 3 does not fit"),
        ("text".encode("utf-16"), "no text in utf-8"),
        (b"text\0", "binary and no text"),
        (b"\xed\xa0\x80", "no text in utf-8"),
    ],
)
def test_what_is_no_text_is_not_read_as_text(base: Path, data: bytes, message: str) -> None:
    (base / "data").write_bytes(data)

    with pytest.raises(ToolError, match=message):
        SafePath("data", Root(base)).read_text()
    assert SafePath("data", Root(base)).read_bytes() == data


def test_text_is_read_as_it_is_or_as_the_tool_says(base: Path) -> None:
    (base / "data").write_bytes(b"\xef\xbb\xbfa\r\nb\x85")
    path = SafePath("data", Root(base))

    assert path.read_text(errors="replace") == "\ufeffa\r\nb\ufffd"
    assert path.read_text(encoding="cp1252") == "\xef\xbb\xbfa\r\nb\u2026"


def test_a_file_is_opened_for_reading_only(base: Path) -> None:
    with SafePath("a.txt", Root(base)).open_file() as file:
        assert file.read(2) == b"in"
        assert not file.writable()


def test_a_directory_is_listed_with_what_its_names_stand_for(base: Path) -> None:
    (base / "link").symlink_to(base.parent / "outside")
    os.mkfifo(base / "pipe")
    os.link(base / "a.txt", base / "hard")
    listing = SafePath(".", Root(base)).list()

    assert [(str(each.path), each.kind) for each in listing.entries] == [
        ("a.txt", "hard link"),
        ("hard", "hard link"),
        ("link", "link"),
        ("pipe", "other"),
        ("sub", "directory"),
    ]
    assert (listing.left_out, listing.complete) == (0, True)
    assert SafePath("sub", Root(base)).list().entries[0].size == 6


@pytest.mark.parametrize("name", [b"a:b", b"nul", b"x ", b"~x", b"\xff.txt", b"a\nb", b"e\xcc\x81"])
def test_names_that_no_path_may_have_are_counted_and_not_listed(base: Path, name: bytes) -> None:
    (Path(os.fsdecode(os.fsencode(base) + b"/" + name))).write_bytes(b"")
    listing = SafePath(".", Root(base)).list()

    assert [str(each.path) for each in listing.entries] == ["a.txt", "sub"]
    assert listing.left_out == 1


def test_a_listing_is_bounded_and_says_so(base: Path) -> None:
    listing = SafePath(".", Root(base)).list(most=1)

    assert (len(listing.entries), listing.complete) == (1, False)
    assert SafePath(".", Root(base)).list(most=2).complete


def test_a_walk_goes_through_directories_and_not_through_links(base: Path) -> None:
    (base / "sub/up").symlink_to(base)
    (base / "sub/deep").mkdir()
    listings = list(SafePath(".", Root(base)).walk())

    assert [str(each.path) for each in listings] == [".", "sub", "sub/deep"]
    assert [str(e.path) for each in listings for e in each.entries] == [
        "a.txt",
        "sub",
        "sub/b.txt",
        "sub/deep",
        "sub/up",
    ]


def test_a_walk_leaves_out_what_is_taken_out_of_it(base: Path) -> None:
    seen = []
    for listing in SafePath(".", Root(base)).walk():
        seen.append(str(listing.path))
        listing.entries.clear()

    assert seen == ["."]


def test_a_walk_is_bounded_over_all_directories(base: Path) -> None:
    listings = list(SafePath(".", Root(base)).walk(most=2))

    assert [each.complete for each in listings] == [True, False]


def test_a_walk_tells_of_a_directory_that_is_gone_meanwhile(base: Path) -> None:
    walk = SafePath(".", Root(base)).walk()
    next(walk)
    (base / "sub/b.txt").unlink()
    (base / "sub").rmdir()

    assert next(walk).problem == "'sub' does not exist."


@pytest.mark.parametrize(
    ("text", "kind"),
    [(".", "directory"), ("sub", "directory"), ("a.txt", "file"), ("no", None), ("no/no", None)],
)
def test_the_kind_says_what_stands_there(base: Path, text: str, kind: str | None) -> None:
    assert SafePath(text, Root(base)).kind() == kind


def test_paths_are_values_and_results(base: Path) -> None:
    class Holder(BaseModel):
        path: SafePath

    def both(path: SafePath) -> Any:
        return {"path": path, "list": [path], "entries": path.under(Root(base)).list().entries[:1]}

    modified = (base / "a.txt").stat().st_mtime
    entry = {"path": "a.txt", "kind": "file", "size": 6, "modified": modified}
    assert json.loads(call(both, path=".")) == {"path": ".", "list": ["."], "entries": [entry]}
    assert Holder(path=SafePath("a")).model_dump_json() == '{"path":"a"}'
    assert SafePath("a/./b") == SafePath("a/b")
    assert SafePath("a", Root(base)) != SafePath("a")
    assert len({SafePath("a", Root(base)), SafePath("a", Root(base)), SafePath("b")}) == 2


def test_no_descriptor_stays_open(base: Path) -> None:
    if not Path("/proc/self/fd").exists():
        pytest.skip("needs Linux")
    (base / "link").symlink_to(base)
    os.mkfifo(base / "pipe")

    def opened() -> list[str]:
        """What is open and has a path; sockets of others may close meanwhile."""
        links = []
        for each in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # it lists the one that it reads with
                links.append(os.readlink(f"/proc/self/fd/{each}"))
        return sorted(link for link in links if link.startswith("/"))

    before = opened()
    for text in ("a.txt", "sub/b.txt", "sub", "no", "sub/no", "link/a.txt", "pipe", "a.txt/x"):
        for attempt in (SafePath.read_bytes, SafePath.list, SafePath.kind):
            try:
                attempt(SafePath(text, Root(base)))
            except ToolError:
                continue

    assert opened() == before
