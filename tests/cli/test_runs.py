"""`agentkit runs`: a journal's runs, listed, shown and gone on with."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from agentkit import Agent
from agentkit.cli.loading import load_tools
from agentkit.errors import InterfaceError
from agentkit.replay import Replay
from agentkit.testing import ScriptedInterface, call

KEPT = ("--interface", "offline", "--journal", "runs.db")
POST = """
from agentkit import tool

@tool
def post(word: str) -> str:
    '''Post a word.

    Args:
        word: The word.
    '''
    return f"posted {word}"
"""


@pytest.fixture
def kept(command):
    """A journal with one run, whose id is given."""
    command("run", "What is 17 * 23?", *KEPT)
    return json.loads(command("runs", "list", "--journal", "runs.db", "--json").out)[0]["id"]


def cut(place, number):
    """Leave only so many events, as if the process had died."""
    with closing(sqlite3.connect(place / "runs.db")) as connection, connection:
        connection.execute("DELETE FROM events WHERE number > ?", (number,))
        connection.execute("UPDATE runs SET state = 'running', output = NULL, ended = NULL")


def test_runs_are_listed(command, kept):
    lines = (
        command("runs", "--help").code,
        command("runs", "list", "--journal", "runs.db").out.splitlines(),
    )

    assert lines[0] == 0
    assert lines[1][0].split() == [
        "ID",
        "BEGUN",
        "STATE",
        "STEPS",
        "TOKENS",
        "CONVERSATION",
        "PROMPT",
    ]
    assert lines[1][1].startswith(kept)
    assert lines[1][1].endswith("What is 17 * 23?")


def test_the_environment_names_the_journal(command, kept):
    done = command("runs", env={"AGENTKIT_JOURNAL": "runs.db"})

    assert kept in done.out


def test_a_run_is_shown_step_by_step(command, kept):
    text = command("runs", "show", kept, "--journal", "runs.db").out

    assert "user: What is 17 * 23?" in text
    assert '→ calculator(expression="17 * 23")' in text
    assert text.index("calculator begins") < text.index("17 * 23 = 391")
    assert text.splitlines()[-2].endswith("done")


def test_a_run_that_was_cut_short_goes_on(command, kept):
    cut(command.place, 3)
    done = command("runs", "resume", kept, *KEPT)

    assert (done.code, done.out) == (0, "17 * 23 = 391\n")
    assert (
        json.loads(command("runs", "show", kept, "--journal", "runs.db", "--json").out)["output"]
        == "17 * 23 = 391"
    )


def test_a_run_with_an_answer_is_not_asked_again(command, kept):
    done = command("runs", "resume", kept, *KEPT)

    assert done.out == "17 * 23 = 391\n"
    assert "has its answer" in done.err


@pytest.fixture
def unfinished(command):
    """How to resume a run whose call had begun when it was cut short."""
    (command.place / "post.py").write_text(POST, encoding="utf-8")
    command("run", 'Post the word "tin".', *KEPT, "--tools", "post.py")
    (run_id,) = ids(command)
    cut(command.place, 4)
    return ("runs", "resume", run_id, *KEPT)


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ([("[g]ive", "r\n")], "posted tin"),
        ([("[g]ive", "what\n"), ("[g]ive", "g\n"), ("Its result", "It hangs there.\n")],
         "It hangs there."),
        ([("[g]ive", "s\n"), ("Why", "It is late.\n")], "did not let it run again: It is late."),
    ],
    ids=["repeat", "give a result", "skip"],
)  # fmt: skip
def test_a_call_of_which_nobody_knows_is_asked_about(command, unfinished, answers, told):
    terminal = command.on_terminal(*unfinished, "--tools", "post.py")
    terminal.until("post may have run before the run was cut short")
    for question, answer in answers:
        terminal.until(question)
        terminal.type(answer)
    code, _ = terminal.end()
    shown = command("runs", "show", unfinished[2], "--journal", "runs.db").out

    assert code == 0
    assert told in shown


@pytest.mark.parametrize(
    ("given", "code", "told"),
    [
        ((), 4, "may or may not have run. Start agentkit on a terminal to be asked, or give "
         "--unfinished repeat or skip."),
        (("--unfinished", "repeat"), 0, "posted tin"),
        (("--unfinished", "skip"), 0, "the user did not let it run again"),
        (("--approval", "never"), 4, "may or may not have run"),
    ],
)  # fmt: skip
def test_where_nobody_can_be_asked_the_command_decides(command, unfinished, given, code, told):
    done = command(*unfinished, "--tools", "post.py", *given)

    assert done.code == code
    assert told in done.out + done.err


LOGGED = POST.replace("return f", 'open("posted.log", "a").write(f"{word} ")\n    return f')


@pytest.mark.parametrize(
    ("answers", "posted"),
    [([("[g]ive", "r\n")], "tin tin"), ([("[g]ive", "g\n"), ("Its result", "Up.\n")], "tin"),
     ([("[g]ive", "s\n"), ("Why", "\n")], "tin")],
    ids=["repeat", "give a result", "skip"],
)  # fmt: skip
def test_a_replay_takes_the_decisions_and_calls_no_tool_twice(command, unfinished, answers, posted):
    (command.place / "post.py").write_text(LOGGED, encoding="utf-8")
    resumed = ("--tools", "post.py")
    terminal = command.on_terminal(*unfinished, *resumed)
    for question, answer in answers:
        terminal.until(question)
        terminal.type(answer)
    assert terminal.end()[0] == 0
    (command.place / "posted.log").write_text("tin ", encoding="utf-8")
    replay = ("runs", "replay", unfinished[2], "--journal", "runs.db")
    done = command(*replay), command(*replay, "--tools", "post.py")

    assert [each.code for each in done] == [0, 0], done
    assert (command.place / "posted.log").read_text(encoding="utf-8").split() == posted.split()


def test_a_run_goes_on_with_the_model_and_options_that_it_had(command):
    (command.place / "post.py").write_text(POST, encoding="utf-8")
    more = ("--model", "large", "--option", "temperature=0.5", "--tools", "post.py")
    command("run", 'Post the word "tin".', *KEPT, *more)
    cut(command.place, 4)
    bare = command("runs", "resume", "last", "--journal", "runs.db", "--tools", "post.py",
                   "--unfinished", "repeat")  # fmt: skip
    lines = command("runs", "export", "last", "--journal", "runs.db").out.splitlines()
    asked = [json.loads(line)["data"] for line in lines if '"kind": "request"' in line]

    assert bare.code == 0
    assert [(each["model"], each["options"]["temperature"]) for each in asked] == [
        ("large", 0.5)
    ] * 2
    cut(command.place, 7)
    other = command("runs", "resume", "last", "--journal", "runs.db", "--model", "small",
                    "--tools", "post.py", "--option", "temperature=0")  # fmt: skip
    assert other.code == 0
    assert command("runs", "replay", "last", "--journal", "runs.db").code == 0


def test_a_run_that_goes_on_with_fewer_tools_says_so(command, kept):
    cut(command.place, 1)
    done = command("runs", "resume", kept, *KEPT, "--tools", "calculator")

    assert done.code == 0
    assert "it goes on without" not in done.err  # nothing was offered yet
    cut(command.place, 6)
    done = command("runs", "resume", kept, *KEPT, "--tools", "clock")
    assert "it goes on without calculator: --tools offers what it had." in done.err


def test_what_a_person_decided_is_shown(command, unfinished):
    shown = command("runs", "show", "last", "--journal", "runs.db")
    assert '? post(word="tin") waits: it had begun when the run was cut short' in shown.out
    assert "`agentkit runs resume` asks what to do" in shown.err
    terminal = command.on_terminal(*unfinished, "--tools", "post.py")
    terminal.until("[g]ive")
    terminal.type("g\n")
    terminal.until("Its result")
    terminal.type("It hangs there.\n")
    terminal.end()
    text = command("runs", "show", "last", "--journal", "runs.db").out

    assert text.startswith(f"{unfinished[2]}, 2")
    assert '→ post(word="tin") was given the result: It hangs there.' in text


def test_what_a_chat_takes_back_or_sums_up_holds_in_the_next_process(command):
    def said(*lines):
        text = "".join(f"{line}\n" for line in lines)
        return command("chat", *KEPT, "--conversation", "c", stdin=text)

    def kept():
        command("run", "What is 9 * 9?", *KEPT, "--conversation", "c")
        run = command("runs", "show", "last", "--journal", "runs.db", "--json").out
        return [each["content"] for each in json.loads(run)["messages"] if each["role"] == "user"]

    assert "going on" not in said("What is 1 + 1?", "What is 2 + 2?", "/undo").err
    assert kept() == ["What is 1 + 1?", "What is 9 * 9?"]
    again = said("/undo", "/compact").err
    assert "agentkit: going on with 'c'; it had 4 turns." in again
    assert "taken back: What is 9 * 9?" in again
    assert kept() == ["What is 1 + 1?", "What is 9 * 9?"]
    said("/compact")
    first, *rest = kept()
    assert first.startswith("[summary of what was said and done before]")
    assert rest == ["What is 9 * 9?", "What is 9 * 9?"]


def test_a_run_that_ends_early_says_how_to_go_on_with_it(command):
    done = command("run", "What is 17 * 23?", *KEPT, "--max-steps", "1")
    (run_id,) = ids(command)

    assert done.code == 3
    assert (
        f"`agentkit runs resume {run_id} --journal {command.place / 'runs.db'}` goes on with it, "
        "with the same --tools and a higher --max-steps." in done.err
    )
    again = command("runs", "resume", run_id, "--journal", "runs.db", "--max-steps", "5")
    assert (again.code, again.out) == (0, "17 * 23 = 391\n")
    whole = command("runs", "resume", run_id, "--journal", "runs.db", "--json").out
    assert json.loads(whole)["output"] == "17 * 23 = 391"
    done = command("run", "What is 17 * 23?", "--interface", "offline", "--max-steps", "1")
    assert "runs resume" not in done.err


def test_a_conversation_that_cannot_go_on_names_the_command(command, unfinished):
    with closing(sqlite3.connect(command.place / "runs.db")) as connection, connection:
        connection.execute("UPDATE runs SET conversation = 'c', turn = 1")
    done = command("run", "And now?", *KEPT, "--conversation", "c")
    assert f"`agentkit runs resume {unfinished[2]}` goes on with it" in done.err
    assert command(*unfinished, "--tools", "post.py").code == 4
    done = command("run", "And now?", *KEPT, "--conversation", "c")
    assert f"`agentkit runs resume {unfinished[2]}` asks for it" in done.err


def test_what_turns_the_order_of_letters_is_spelled_out(command):
    odd = "tin\u202e nit"
    command("run", f'Say "{odd}".', *KEPT, "--conversation", odd, "--tools", "none")
    for shown in (("list",), ("show", "last")):
        text = command("runs", *shown, "--journal", "runs.db").out
        assert "\u202e" not in text
        assert "tin\\u202e nit" in text


def test_the_page_can_be_written_to_stdout_and_a_wrong_command_is_helped(command, kept):
    page = command("runs", "show", kept, "--journal", "runs.db", "--html", "-").out
    assert page.startswith("<!doctype html>")
    wrong = command("runs", "lst", "--journal", "runs.db").err
    assert "Did you mean 'list'? See:" in wrong


def test_a_transcript_goes_to_no_other_server_unasked(command):
    """A server at another address than its page's may be a private one."""
    groq = {"GROQ_API_KEY": "gsk_0123456789abcdef", "GROQ_BASE_URL": "http://127.0.0.1:9/v1"}
    command("run", "private", "--journal", "runs.db", "-i", "groq", env=groq)
    resume = ("runs", "resume", "last", "--journal", "runs.db")
    del groq["GROQ_BASE_URL"]
    for environment, now in ((groq, "groq"), ({"AGENTKIT_INTERFACE": "offline"}, "offline")):
        done = command(*resume, env=environment | {"AGENTKIT_LIVE": "no"})
        assert done.code == 2
        assert (
            "The run was begun with groq at http://127.0.0.1:9/v1, and now "
            f"{now} would be asked: give --interface." in done.err
        )
    assert command(*resume, "-i", "offline").code == 0


def test_a_run_with_a_typed_answer_goes_on_in_words(command):
    agent = Agent([], ScriptedInterface("no", InterfaceError("down")), output=int,
                  journal=command.place / "runs.db")  # fmt: skip
    with pytest.raises(InterfaceError):
        agent.run("What is 2 + 2?", run_id="typed", options={"temperature": 0.5})
    done = command("runs", "resume", "typed", *KEPT, "--tools", "calculator")

    assert (done.code, "final_answer" in done.err) == (0, False)


def test_a_call_that_lost_a_secret_is_asked_about(command):
    (command.place / "post.py").write_text(POST, encoding="utf-8")
    secret = {"HOUSE_TOKEN": "rosebud-rosebud"}
    command("run", 'Post the word "rosebud-rosebud".', *KEPT, "--tools", "post.py", env=secret)
    cut(command.place, 4)
    resume = ("runs", "resume", "last", *KEPT, "--tools", "post.py")
    alone = command(*resume, "--unfinished", "repeat")
    terminal = command.on_terminal(*resume)
    terminal.until("[g]ive")
    terminal.type("r\n")
    terminal.until("approve it with other arguments")
    terminal.until("on one line")
    terminal.type('{"word": "tin"}\n')
    code, text = terminal.end()

    assert alone.code == 4
    assert (code, "posted tin" in text) == (0, True)


def test_a_run_does_not_go_on_without_the_tool_that_it_is_about_to_call(command, unfinished):
    done = command(*unfinished, "--unfinished", "repeat")

    assert done.code == 2
    assert "about to call post, which is none of the tools now: give it the same" in done.err
    assert command(*unfinished, "--tools", "post.py", "--unfinished", "repeat").code == 0


def test_old_runs_are_forgotten(command, kept):
    for days, count in (("1", 0), ("0", 1)):
        told = command("runs", "prune", "--days", days, "--journal", "runs.db").out
        assert told == f"Runs forgotten: {count}\n"
    assert command("runs", "list", "--journal", "runs.db").out == "There are no such runs.\n"


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("runs",), 2, "give --journal FILE, or set AGENTKIT_JOURNAL"),
        (("runs", "list", "--journal", "none.db"), 2, "There is no journal 'none.db'"),
        (("runs", "show", "x", "--journal", "runs.db"), 1, "There is no run 'x'"),
        (("runs", "resume", "x", "--journal", "runs.db"), 1, "There is no run 'x'"),
        (("runs", "list", "--journal", "text.db"), 1, "no SQLite file, or a corrupt one"),
    ],
)  # fmt: skip
def test_what_is_not_there_is_one_clear_error(command, kept, arguments, code, why):
    (command.place / "text.db").write_text("no database " * 99, encoding="utf-8")
    done = command(*arguments)

    assert done.code == code
    assert why in done.err
    assert "Traceback" not in done.err


def ids(command):
    listed = json.loads(command("runs", "list", "--journal", "runs.db", "--json").out)
    return [each["id"] for each in listed]


def test_runs_are_found_by_what_they_are(command, kept):
    command("run", "What is 2 + 2?", *KEPT, "--conversation", "sums")
    listing = ("runs", "list", "--journal", "runs.db")
    second, first = ids(command)

    for given, found in [
        (("--conversation", "sums"), [second]),
        (("--text", "17 *"), [first]),
        (("--state", "failed"), []),
        (("--model", "agent", "--days", "1"), [second, first]),
        (("--days", "0"), []),
    ]:
        out = command(*listing, *given).out
        assert [each for each in (second, first) if each in out] == found


def test_a_conversation_goes_on_from_run_to_run_and_to_chat(command):
    command("run", "What is 2 + 2?", *KEPT, "--conversation", "sums")
    command("run", "What is 3 + 3?", *KEPT, "--conversation", "sums")
    said = command("chat", *KEPT, "--conversation", "sums", "--json", stdin="What is 4 + 4?\n").out
    messages = json.loads(said)["messages"]

    assert [each["content"] for each in messages if each["role"] == "user"] == [
        "What is 2 + 2?",
        "What is 3 + 3?",
        "What is 4 + 4?",
    ]
    done = command("chat", "--interface", "offline", "--conversation", "sums", stdin="Hi\n")
    assert (done.code, "is kept in a journal" in done.err) == (2, True)


def test_chat_takes_a_conversation_back_and_sums_it_up(command):
    lines = ["What is 2 + 2?", "What is 3 + 3?", "/undo", "/undo", "What is 4 + 4?", "/compact"]
    lines += ["What is 5 + 5?", "/compact", "What is 6 + 6?"]
    done = command("chat", *KEPT, "--conversation", "c", "--json", stdin="\n".join(lines) + "\n")
    last = json.loads(done.out.splitlines()[-1])["messages"]

    assert "agentkit: There is nothing to sum up" in done.err
    assert "agentkit: summed up, for " in done.err
    assert last[0]["content"].startswith("[summary of what was said and done before]\n")
    assert [each["content"] for each in last[1:] if each["role"] == "user"] == [
        "What is 5 + 5?",
        "What is 6 + 6?",
    ]


def test_a_run_is_replayed_from_the_journal_alone(command, kept):
    done = command("runs", "replay", kept, "--journal", "runs.db")

    assert (done.code, done.err) == (0, "agentkit: the same as recorded.\n")
    assert "17 * 23 = 391" in done.out
    assert len(ids(command)) == 1
    same = json.loads(command("runs", "replay", kept, "--journal", "runs.db", "--json").out)
    shown = json.loads(command("runs", "show", kept, "--journal", "runs.db", "--json").out)
    assert same == {name: value for name, value in shown.items() if name != "revision"}


def test_a_replay_with_tools_shows_what_they_do_in_another_way(command):
    (command.place / "post.py").write_text(POST)
    command("run", "Post hello.", *KEPT, "--tools", "post.py")
    (run_id,) = ids(command)
    again = ("runs", "replay", run_id, "--journal", "runs.db", "--tools", "post.py")
    assert command(*again).code == 0
    (command.place / "post.py").write_text(POST.replace("posted {", "sent {"))
    done = command(*again)

    assert done.code == 1
    assert "-result of post: posted hello" in done.out
    assert "+result of post: sent hello" in done.out


DROP = """
from agentkit import tool

@tool(destructive=True)
def drop(what: str, sure: bool = False) -> str:
    '''Drop.'''
    return f"{what} is gone"

@tool(read_only=True)
def look() -> str:
    '''Look.'''
    return "a and b"
"""


@pytest.mark.parametrize("decided", ["edited", "denied", "answered", "said more", "still waits"])
def test_a_run_that_waited_is_replayed_with_what_was_decided(command, decided):
    (command.place / "drop.py").write_text(DROP)
    both = [call("drop", what="a"), call("look"), call("drop", what="b")]
    model = ScriptedInterface(call("look"), both, call("drop", what="a"), "Done.")
    tools, journal = load_tools([str(command.place / "drop.py")]), command.place / "runs.db"
    agent = Agent(tools, model, journal=journal)
    run = agent.run("Drop.", run_id="r")
    first, second = run.pending
    more = None
    match decided:
        case "edited":
            run = run.approve(first, {"what": "c"}).approve(second)
        case "denied":
            run = run.deny(first, "not that").approve(second)
        case "answered":
            run = run.answer(first, "it was gone").approve(second)
        case "said more":
            run, more = run.deny(first).deny(second), "Leave b alone."
    if decided != "still waits":
        run = agent.run(more, after=run)
        (third,) = run.pending
        run = agent.run(after=run.approve(third, {"what": "d"}))
        assert run.output == "Done."
    done = command("runs", "replay", "r", "--journal", "runs.db")

    assert (done.code, done.err) == (0, "agentkit: the same as recorded.\n"), done.out
    with_tools = ("runs", "replay", "r", "--journal", "runs.db", "--tools", "drop.py")
    assert command(*with_tools).code == 0


def test_two_runs_are_compared(command, kept):
    command("run", "What is 17 * 24?", *KEPT, "--tools", "calculator")
    second, first = ids(command)
    done = command("runs", "diff", first, second, "--journal", "runs.db")
    lines = done.out.splitlines()

    assert done.code == 0
    assert ["run", first, second] in [each.split() for each in lines]
    assert '-assistant calls calculator: {"expression": "17 * 23"}' in lines
    assert '+assistant calls calculator: {"expression": "17 * 24"}' in lines
    assert "+result of calculator: 17 * 24 = 408" in lines
    assert any(each.startswith("-definition current_time") for each in lines)
    same = command("runs", "diff", first, first, "--journal", "runs.db").out
    assert same.endswith("They say and do the same.\n")


def test_runs_are_exported_for_other_programs(command, kept):
    def export(form):
        done = command("runs", "export", kept, kept, "--format", form, "--journal", "runs.db")
        assert done.code == 0, done.err
        return [json.loads(line) for line in done.out.splitlines()]

    events = export("jsonl")
    assert [each["kind"] for each in events[: len(events) // 2]] == [
        "begin", "request", "response", "call", "result", "request", "response", "end"
    ]  # fmt: skip
    assert events[0]["data"]["messages"] == [{"role": "user", "content": "What is 17 * 23?"}]
    assert events[1]["data"]["definitions"][0]["name"]
    first, second = export("openai")
    assert first == second
    assert [each["role"] for each in first["messages"]] == [
        "user",
        "assistant",
        "tool",
        "assistant",
    ]
    assert first["tools"][0]["type"] == "function"
    done = command("runs", "export", kept, "--format", "recording", "--journal", "runs.db")
    (command.place / "run.jsonl").write_text(done.out)
    replay = Replay(command.place / "run.jsonl", "replay", results=True)
    agent = Agent(load_tools(None), replay=replay)
    assert agent.run("What is 17 * 23?").output == "17 * 23 = 391"
    wrong = command("runs", "export", kept, "--format", "opnai", "--journal", "runs.db")
    assert (wrong.code, "Did you mean 'openai'?" in wrong.err) == (2, True)


def test_a_run_is_shown_as_a_page(command, kept):
    shown = ("runs", "show", kept, "--journal", "runs.db", "--html")
    done = command(*shown, "run.html")
    page = (command.place / "run.html").read_text()

    assert (done.code, done.out, done.err) == (0, "", "agentkit: wrote run.html\n")
    assert "<h1>What is 17 * 23?</h1>" in page
    refused = command(*shown, "none/run.html")
    assert (refused.code, "none/run.html cannot be written" in refused.err) == (2, True)


@pytest.mark.parametrize("words", ["replay x", "diff x y", "export x", "show x --html x.html"])
def test_a_run_that_is_not_there_is_one_clear_error(command, kept, words):
    done = command("runs", *words.split(), "--journal", "runs.db")

    assert (done.code, done.err.count("\n")) == (1, 1)
    assert "There is no run 'x' in" in done.err


@pytest.mark.parametrize(
    "words", ["show {}", "show {} --json", "resume {}", "replay {}", "diff {} {}", "export {}"]
)
def test_the_beginning_of_an_id_is_enough(command, kept, words):
    whole, short = (
        command("runs", *words.format(*[given] * 2).split(), "--journal", "runs.db")
        for given in (kept, kept[:6])
    )

    assert (short.code, short.out) == (0, whole.out)


def test_what_several_ids_begin_with_is_no_run(command, kept):
    agent = Agent([], ScriptedInterface("A", "B", "C"), journal=command.place / "runs.db")
    for run_id in ("x1", "x10", "x2"):
        agent.run("Go", run_id=run_id)
    done = command("runs", "show", "x", "--journal", "runs.db")

    assert done.code == 1
    assert "Several runs begin with 'x': x1, x10, ..." in done.err
    assert "A" in command("runs", "show", "x1", "--journal", "runs.db").out


def test_a_state_that_there_is_not_is_refused(command, kept):
    done = command("runs", "list", "--state", "bad", "--journal", "runs.db")

    assert (done.code, done.err.count("\n")) == (2, 1)
    assert all(each in done.err for each in ("running", "waiting", "done", "failed"))
