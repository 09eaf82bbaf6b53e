"""Runs that are recorded, and run again without the model."""

import asyncio
import errno
import json
import socket
import subprocess
import sys
import threading
from contextlib import aclosing, closing

import pytest
from conftest import KEY
from forking import needs_fork, output_of
from model_server import Raw, Reply

from agentkit import Agent, ConfigError, Context, Delta, FunctionCall, Limits, open_interface, tool
from agentkit.errors import InterfaceError, MissingKeyError, ReplayError
from agentkit.journal import Journal
from agentkit.reading import handle_of
from agentkit.replay import Replay
from agentkit.testing import ScriptedInterface, call


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "run.jsonl"


def block_network(monkeypatch):
    def refuse(*given):
        raise AssertionError(f"a connection to {given[1:]}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def doubling(ran):
    @tool
    def double(n: int, context: Context[None]) -> str:
        """Double a number."""
        ran.append(context.call_key)
        return f"twice {n} is {2 * n}" + " and so on" * (2_000 if n == 3 else 0)

    return double


def as_bytes(run):
    return json.dumps(run.to_dict(), ensure_ascii=False).encode()


def test_a_recorded_run_is_the_same_byte_for_byte_without_the_network(
    path, server, stream, mode, monkeypatch
):
    """Through all that surrounds a model: retries, pacing, limits in headers, cost, repairs."""
    busy = Raw([b'{"error": {"message": "busy"}}'], status=503)

    server.script(
        busy,
        FunctionCall("double", '{"n": 2,}', "call_1"),
        Reply("Thinking", [FunctionCall("double", '{"n": 3}', "call_2")]),
        "Four, Ω and six.",
    )
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    settings = {"model": "openai/gpt-oss-20b", "options": {"temperature": 0.5, "stream": stream}}

    def run(interface, how):
        recording = Replay(path, how, results=True)
        agent = Agent([doubling(ran)], interface, replay=recording, **settings)
        if mode == "sync":
            with closing(agent.interface):
                return agent.run("Go")

        async def main():
            async with aclosing(agent.interface):
                return await agent.arun("Go")

        return asyncio.run(main())

    ran = []
    recorded = run(open_interface("groq", base_url=server.url), "record")
    assert len(ran) == 2
    assert recorded.cost
    assert recorded.repairs

    ran.clear()
    monkeypatch.delenv("GROQ_API_KEY")
    block_network(monkeypatch)
    replayed = run("groq", "replay")

    assert replayed == recorded
    assert as_bytes(replayed) == as_bytes(recorded)
    assert repr(replayed) == repr(recorded)
    assert ran == []


def test_a_replay_needs_no_network_and_no_key(path, monkeypatch):
    block_network(monkeypatch)
    first = Agent([doubling([])], ScriptedInterface(call("double", n=1), "Two."),
                  replay=Replay(path, "record")).run("Go")  # fmt: skip
    ran = []
    again = Agent([doubling(ran)], "groq", replay=path).run("Go")

    assert again == first
    assert ran == [f"{first.id}:1:0"]  # tools run, under the same keys


def test_a_key_in_a_transcript_is_not_recorded(path, monkeypatch):
    monkeypatch.setenv("HOUSE_TOKEN", "rosebud-rosebud")
    said = f"my key {KEY} and rosebud-rosebud"
    recorded = Agent([], ScriptedInterface(said), replay=Replay(path, "record")).run(said)
    assert recorded.output == said
    text = path.read_text()
    assert KEY not in text
    assert "rosebud" not in text

    assert Agent([], replay=path).run(said).output == "my key [secret] and [secret]"


def test_a_miss_shows_the_nearest_request_and_what_differs(path):
    record = Replay(path, "record")
    for prompt in ("What is the weather in Oslo?", "Count to three."):
        Agent([doubling([])], ScriptedInterface("Fine."), replay=record).run(prompt)
    with pytest.raises(ReplayError) as missed:
        Agent([doubling([])], replay=path, options={"temperature": 0.5}).run("Count to four.")

    head, *lines = str(missed.value).splitlines()
    assert head == (
        f"This request is not in {str(path)!r}. The nearest is number 2 of 2; '-' is recorded, '+' "
        "is asked:"
    )
    assert [each for each in lines if each[0] in "+-"] == [
        "+option temperature: 0.5",
        "-user: Count to three.",
        "+user: Count to four.",
    ]
    assert lines[-1] == (
        'If the change is meant, record it with Replay(path, "missing"), '
        "AGENTKIT_REPLAY=missing in the environment, or pytest --agentkit-replay=missing."
    )
    assert missed.value.run.messages[0].content == "Count to four."


def test_what_is_missing_is_added_and_nothing_else_asked(path):
    def agent(*replies):
        return Agent([], ScriptedInterface(*replies), replay=Replay(path, "missing"))

    agent("One.").run("a")
    size = path.stat().st_size
    assert agent().run("a").output == "One."
    assert path.stat().st_size == size
    assert agent("Two.").run("b").output == "Two."
    assert [Agent([], replay=path).run(each).output for each in "ab"] == ["One.", "Two."]


def test_recording_begins_anew_with_the_first_response_and_not_before(path):
    Agent([], ScriptedInterface("Old."), replay=Replay(path, "record")).run("a")
    failing = Agent([], ScriptedInterface(OSError("no")), replay=Replay(path, "record"))
    with pytest.raises(OSError, match="no"):
        failing.run("a")
    assert Agent([], replay=path).run("a").output == "Old."
    Agent([], ScriptedInterface("New."), replay=Replay(path, "record")).run("b")

    assert Agent([], replay=path).run("b").output == "New."
    with pytest.raises(ReplayError):
        Agent([], replay=path).run("a")


def test_live_leaves_the_recording_alone(path):
    Agent([], ScriptedInterface("Old."), replay=Replay(path, "record")).run("a")
    before = path.read_bytes()
    assert (
        Agent([], ScriptedInterface("Now."), replay=Replay(path, "live")).run("a").output == "Now."
    )
    assert path.read_bytes() == before


def test_equal_requests_are_answered_in_their_order(path):
    record = Agent([], ScriptedInterface("a", "b"), replay=Replay(path, "record"))
    ids = [record.run("Say").id for _ in range(2)]
    agent = Agent([], replay=path)
    runs = [agent.run("Say") for _ in range(3)]

    assert [each.output for each in runs] == ["a", "b", "b"]
    assert [each.id for each in runs[:2]] == ids
    assert len({each.id for each in runs}) == 3


def test_a_changed_tool_is_a_miss_and_a_missing_result_is_one_too(path):
    Agent([doubling([])], ScriptedInterface(call("double", n=1), "Two."),
          replay=Replay(path, "record")).run("Go")  # fmt: skip
    with pytest.raises(ReplayError, match="nearest is number 1 of 2"):
        Agent([], replay=path).run("Go")
    with pytest.raises(ReplayError, match="no result of double with"):
        Agent([doubling([])], replay=Replay(path, results=True)).run("Go")


def test_a_recorded_answer_streams_whole(path):
    Agent([], ScriptedInterface("Hello."), replay=Replay(path, "record")).run("Hi")
    agent = Agent([], replay=path, options={"stream": True})

    assert [e.text for e in agent.iter("Hi") if isinstance(e, Delta)] == ["Hello."]


def test_the_environment_says_what_is_done(path, monkeypatch):
    monkeypatch.setenv("AGENTKIT_REPLAY", "record")
    Agent([], ScriptedInterface("Hello."), replay=path).run("Hi")
    monkeypatch.setenv("AGENTKIT_REPLAY", "recrod")
    with pytest.raises(ConfigError, match=r"no replay mode 'recrod'.*Did you mean 'record'\?"):
        Replay(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"hello\n", "Line 1 of "),
        (b"[]\n", "Line 1 of "),
        (b'{"part": "a"}\n', "Line 1 of "),
        (b'{"request": {"messages": ["a"], "definitions": []}, "response": {}}\n', "Line 1 of "),
        (b'{"request": {"messages": [], "definitions": []}, "response": {}}\n', "Line 1 of "),
        (b'{"call": {"nme": "a"}, "result": {}}\n', "Line 1 of "),
        (b"\xff\xfe\n", "Line 1 of "),
    ],
)
def test_a_file_that_is_no_recording_is_one_clear_error(path, text, told):
    path.parent.mkdir()
    path.write_bytes(text)
    with pytest.raises(ReplayError, match=told):
        Agent([], replay=path).run("Hi")
    assert path.read_bytes() == text


def test_a_line_that_was_cut_is_left_out_and_written_again(path):
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record")).run("a")
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"part": "12')
    agent = Agent([], ScriptedInterface("Two."), replay=Replay(path, "missing"))
    assert [agent.run(each).output for each in "ab"] == ["One.", "Two."]
    assert [Agent([], replay=path).run(each).output for each in "ab"] == ["One.", "Two."]


def test_a_replay_leaves_the_file_as_it_is(path):
    """Whole but for its last line end, or with the beginning of a line that a writer was killed in."""
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record")).run("a")
    whole = path.read_bytes()
    for there in (whole.rstrip(b"\n"), whole + b'{"part": "12'):
        path.write_bytes(there)
        assert Agent([], replay=path).run("a").output == "One."
        assert path.read_bytes() == there

    path.write_bytes(whole.rstrip(b"\n"))
    Agent([], ScriptedInterface("Two."), replay=Replay(path, "missing")).run("b")
    assert path.read_bytes().startswith(whole)
    assert [Agent([], replay=path).run(each).output for each in "ab"] == ["One.", "Two."]


@pytest.mark.parametrize("mode", ["record", "missing"])
def test_nobody_is_asked_where_nothing_can_be_written(path, mode):
    path.parent.write_text("a file")
    model = ScriptedInterface("Hi.")
    with pytest.raises(ReplayError, match="cannot be written"):
        Agent([], model, replay=Replay(path, mode)).run("Hi")
    assert model.requests == []


def test_a_full_disk_costs_the_recording_and_not_the_run(path, monkeypatch, caplog):
    replay = Replay(path, "record")
    Agent([], ScriptedInterface("One."), replay=replay).run("a")

    def full(file, data):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agentkit.replay.file._write", full)
    model = ScriptedInterface(call("double", n=1), "Two.")
    assert Agent([doubling([])], model, replay=replay).run("b").output == "Two."
    assert [each.message for each in caplog.records] == [
        f"{str(path)!r} cannot be written: [Errno 28] No space left on device. The run goes on, "
        "and what comes is not recorded."
    ]
    assert Agent([], replay=path).run("a").output == "One."


def test_agents_that_record_into_one_path_record_together(path, monkeypatch):
    monkeypatch.setenv("AGENTKIT_REPLAY", "record")
    for name in "abc":
        Agent([], ScriptedInterface(name.upper()), replay=path).run(name)
    monkeypatch.delenv("AGENTKIT_REPLAY")

    assert [Agent([], replay=path).run(each).output for each in "abc"] == ["A", "B", "C"]


def test_whoever_records_anew_is_not_disturbed_by_whoever_did_before(path):
    model = ScriptedInterface("A", "C")
    first = Agent([], model, replay=Replay(path, "record"))
    first.run("a")
    Agent([], ScriptedInterface("B"), replay=Replay(path, "record")).run("b")
    with pytest.raises(
        ReplayError, match="give all agents that record into a file the same Replay"
    ):
        first.run("c")

    assert len(model.requests) == 1
    assert Agent([], replay=path).run("b").output == "B"
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_processes_add_to_one_file(path):
    code = """
import sys
from agentkit import Agent
from agentkit.replay import Replay
from agentkit.testing import ScriptedInterface
replay = Replay(sys.argv[1], "missing")
for n in range(20):
    word = f"{sys.argv[2]} {n} " + "word " * 2000
    Agent([], ScriptedInterface(word), replay=replay).run(word)
"""
    workers = [subprocess.Popen([sys.executable, "-c", code, path, str(each)]) for each in range(4)]
    assert [each.wait(60) for each in workers] == [0] * 4
    agent = Agent([], replay=path)
    for each in range(4):
        for n in range(20):
            word = f"{each} {n} " + "word " * 2000
            assert agent.run(word).output == word


def test_equal_calls_side_by_side_keep_their_results(path):
    """They are recorded as they end, and asked for in their order."""
    began = threading.Barrier(3)
    first_may_end = threading.Event()

    @tool(read_only=True)
    def wait(context: Context[None]) -> str:
        """Wait."""
        began.wait(10)
        place = context.call_key.rsplit(":", 1)[1]
        if place == "0":
            first_may_end.wait(10)
        if place == "2":
            first_may_end.set()
        return f"was number {place}"

    model = ScriptedInterface([call("wait")] * 3, "Done.")
    recorded = Agent([wait], model, replay=Replay(path, "record", results=True)).run("Wait.")
    replayed = Agent([wait], replay=Replay(path, results=True)).run("Wait.")

    assert [each.content for each in recorded.steps[0].results] == [
        f"was number {n}" for n in range(3)
    ]
    assert replayed == recorded


@pytest.mark.parametrize("where", ["recording", "replaying", "both"])
def test_a_secret_that_is_a_word_of_the_run_is_no_miss(path, where, monkeypatch):
    """A machine where the password is `assistant`, say."""
    said = "Ask the assistant: postgres or 12345678?"
    model = ScriptedInterface(call("double", n=12345678), "The assistant says postgres.")
    if where != "replaying":
        monkeypatch.setenv("DB_PASSWORD", "assistant")
        monkeypatch.setenv("OTHER_PASSWORD", "12345678")
    tools = [doubling([])]
    recorded = Agent(tools, model, replay=Replay(path, "record", results=True)).run(said)
    assert recorded.output == "The assistant says postgres."
    if where == "recording":
        return  # what is hidden in the file cannot be asked for where it is no secret
    monkeypatch.setenv("DB_PASSWORD", "assistant")
    monkeypatch.setenv("OTHER_PASSWORD", "12345678")
    replayed = Agent(tools, replay=Replay(path, results=True)).run(said)

    assert [each.role for each in replayed.messages] == [each.role for each in recorded.messages]
    assert replayed.output == (
        "The [secret] says postgres." if where == "both" else recorded.output
    )


def test_no_file_and_no_place_for_one_are_clear_errors(path):
    with pytest.raises(ReplayError, match=r"There is no recording .*AGENTKIT_REPLAY=missing"):
        Agent([], replay=path).run("Hi")
    path.parent.write_text("a file")
    with pytest.raises(ReplayError, match="cannot be written"):
        Agent([], ScriptedInterface("Hi."), replay=Replay(path, "record")).run("Hi")


def test_missing_asks_for_a_key_only_when_something_is_missing(path):
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record")).run("a")
    agent = Agent([], "groq", replay=Replay(path, "missing"))
    assert agent.run("a").output == "One."
    with pytest.raises(MissingKeyError):
        agent.run("b")


def test_many_threads_record_into_one_file(path):
    record = Replay(path, "record")

    def work(number):
        agent = Agent([doubling([])], ScriptedInterface(call("double", n=number), f"{number}."),
                      replay=record)  # fmt: skip
        agent.run(f"Double {number}.")

    threads = [threading.Thread(target=work, args=(n,)) for n in range(20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    agent = Agent([doubling([])], replay=path)

    assert [agent.run(f"Double {n}.").output for n in range(20)] == [f"{n}." for n in range(20)]


def test_odd_texts_come_back_as_they_were(path):
    odd = "half \ud800 pair, \u2028 line, \x00 null, \r\n, 日本"
    Agent([], ScriptedInterface(odd), replay=Replay(path, "record")).run(odd)

    assert Agent([], replay=path).run(odd).output == odd


def test_a_replay_goes_with_a_journal_and_with_limits(path, tmp_path):
    """A journal has each id once, so that runs have other ids there."""
    journal = tmp_path / "runs.db"
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record"), journal=journal).run("a")
    agent = Agent([], replay=path, journal=journal, limits=Limits(steps=1))
    ids = {agent.run("a").id for _ in range(2)}

    assert len(ids) == 2
    assert [each.output for each in Journal(journal).runs()] == ["One."] * 3


def counting(ran):
    @tool
    def count() -> str:
        """Count."""
        ran.append(1)
        return f"number {len(ran)}"

    return count


@pytest.mark.parametrize("order", ["abc", "cba", "b"])
def test_results_belong_to_their_run_whatever_comes_first(path, order):
    count = counting([])
    record = Replay(path, "record", results=True)
    runs = {
        prompt: Agent([count], ScriptedInterface(call("count"), f"{prompt}."), replay=record).run(
            prompt
        )
        for prompt in "abc"
    }
    agent = Agent([count], replay=Replay(path, results=True))

    assert [agent.run(each) for each in order] == [runs[each] for each in order]


def test_answers_are_given_in_the_order_of_their_requests_and_not_of_their_ends(path):
    ended = asyncio.Event()

    class Slow(ScriptedInterface):
        async def asend(self, request):
            response = self.send(request)
            if response.message.content == "first":
                await ended.wait()
            ended.set()
            return response

    async def both(agent):
        return await asyncio.gather(agent.arun("Same."), agent.arun("Same."))

    record = Agent([], Slow("first", "second"), replay=Replay(path, "record"))
    recorded = asyncio.run(both(record))
    assert [each.output for each in recorded] == ["first", "second"]

    assert asyncio.run(both(Agent([], replay=path))) == recorded


def test_what_is_added_is_no_answer_to_what_is_asked_after_it(path):
    """A tool that tells something else each time, and a model that is asked the same again."""

    def run(ran, how, *replies):
        agent = Agent([counting(ran)], ScriptedInterface(*replies), replay=how)
        return [agent.run("Count.").output for _ in range(2)]

    replies = [call("count"), call("count"), "Two.", call("count"), "Three."]
    ran = []
    assert run(ran, Replay(path, "missing", results=True), *replies) == ["Two.", "Three."]
    assert len(ran) == 3
    assert run(ran, Replay(path, "missing", results=True)) == ["Two.", "Three."]
    assert run(ran, Replay(path, results=True)) == ["Two.", "Three."]
    assert len(ran) == 3


def test_what_was_left_out_after_a_refusal_is_left_out_again(path):
    class Refusing(ScriptedInterface):
        def send(self, request):
            if sum(" and so on" * 99 in (m.content or "") for m in request.messages) > 1:
                error = InterfaceError("too long")
                error.excess = 20_000.0
                raise error
            return super().send(request)

    calls = [call("double", n=3), call("double", n=3), "Done."]
    record = Replay(path, "record")
    recorded = Agent([doubling([])], Refusing(*calls), replay=record).run("Go")
    assert any("left out" in each for each in recorded.repairs)

    assert Agent([doubling([])], replay=path).run("Go") == recorded


def test_the_rest_of_a_long_result_with_a_secret_is_recorded_too(path, monkeypatch):
    """What is hidden in it is shorter, so that the rest begins elsewhere."""
    monkeypatch.setenv("HOUSE_TOKEN", "rosebud-rosebud")
    text = "rosebud-rosebud " + " ".join(str(n) for n in range(40_000))

    @tool
    def read() -> str:
        """Read."""
        return text

    rest = call("read_result", handle=handle_of(text), offset=20_000)
    model = ScriptedInterface(call("read"), rest, "Read.")
    recorded = Agent([read], model, replay=Replay(path, "record", results=True)).run("Go")
    replayed = Agent([read], replay=Replay(path, results=True)).run("Go")

    assert recorded.steps[1].results[0].content.startswith("[characters 20,000 to 28,000")
    assert replayed.steps[1].results == recorded.steps[1].results
    assert replayed.output == "Read."


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("Hello\r\nworld", r"+user: Hello\r"),
        ("Hello\nworld\n", "+    "),
        ("Hello\x0bworld", r"+user: Hello\x0bworld"),
        ("Hello\u202eworld", r"+user: Hello\u202eworld"),
    ],
)
def test_a_difference_that_does_not_show_is_spelled_out(path, asked, shown):
    Agent([], ScriptedInterface("Hi."), replay=Replay(path, "record")).run("Hello\nworld")
    with pytest.raises(ReplayError) as missed:
        Agent([], replay=path).run(asked)

    assert shown in str(missed.value).split("\n")


def test_a_long_recording_does_not_grow_with_the_square_of_its_steps(path):
    def size(steps):
        model = ScriptedInterface(*[call("double", n=n) for n in range(steps)], "Done.")
        record = Replay(path, "record", results=True)
        limits = Limits(steps=None)
        agent = Agent([doubling([])], model, replay=record, limits=limits)
        recorded = agent.run("Go")
        again = Agent([doubling([])], replay=Replay(path, results=True), limits=limits).run("Go")
        assert again == recorded
        return path.stat().st_size

    assert size(200) < 2.5 * size(100)


def test_a_secret_that_comes_later_is_hidden_from_then_on(path, monkeypatch):
    record = Replay(path, "record")
    agent = Agent([], ScriptedInterface("One.", "Two."), replay=record)
    agent.run("a")
    monkeypatch.setenv("SVC_PASSWORD", "hunter2hunter2")
    agent.run("use hunter2hunter2")

    assert "hunter2" not in path.read_text()
    assert Agent([], replay=path).run("use hunter2hunter2").output == "Two."


def test_a_secret_is_hidden_in_parameters_of_any_name(path, tmp_path, monkeypatch):
    monkeypatch.setenv("SVC_PASSWORD", "hunter2hunter2")

    @tool
    def login(name: str = "hunter2hunter2", role: dict = {"name": "hunter2hunter2"}) -> str:  # noqa: B006
        """Log in."""
        return "in"

    model = ScriptedInterface(call("login", name="hunter2hunter2"), "Done.")
    Agent(
        [login], model, replay=Replay(path, "record", results=True), journal=tmp_path / "r.db"
    ).run("Go")

    assert "hunter2" not in path.read_text()
    Journal(tmp_path / "r.db").vacuum()
    assert b"hunter2" not in (tmp_path / "r.db").read_bytes()


def test_text_from_outside_is_another_request(path):
    def visiting(open_world):
        @tool(open_world=open_world, read_only=True)
        def visit() -> str:
            """Visit."""
            return "a page"

        return visit

    model = ScriptedInterface(call("visit"), "Seen.")
    Agent([visiting(False)], model, replay=Replay(path, "record")).run("Go")
    with pytest.raises(ReplayError, match=r"\+result of visit \(text from outside\): a page"):
        Agent([visiting(True)], replay=path).run("Go")


def test_a_file_can_be_edited_by_hand(path):
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record")).run("Hello")
    path.write_text("\ufeff" + path.read_text().replace("Hello", "Hullo").replace("}\n", "}\n\n"))
    assert Agent([], replay=path).run("Hullo").output == "One."
    asked = ScriptedInterface("Two.")
    for _ in range(2):
        assert Agent([], asked, replay=Replay(path, "missing")).run("Hello").output == "Two."

    assert len(asked.requests) == 1
    assert [Agent([], replay=path).run(each).output for each in ("Hello", "Hullo")] == [
        "Two.",
        "One.",
    ]


def test_a_writer_that_was_killed_within_a_line_disturbs_no_other(path):
    replay = Replay(path, "record")
    Agent([], ScriptedInterface("One."), replay=replay).run("a")
    with path.open("ab") as other:
        other.write(b'{"part": "12')
    Agent([], ScriptedInterface("Two."), replay=replay).run("b")

    assert [Agent([], replay=path).run(each).output for each in "ab"] == ["One.", "Two."]


def test_a_link_and_a_long_name_are_recorded_to(path, tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "there" / "run.jsonl")
    for place in (tmp_path / "link.jsonl", tmp_path / ("x" * 249 + ".jsonl")):
        Agent([], ScriptedInterface("One."), replay=Replay(place, "record")).run("a")
        assert Agent([], replay=place).run("a").output == "One."
    assert (tmp_path / "link.jsonl").is_symlink()


FORKING = """
import sys, threading
from forking import code_of, forked
from agentkit import Agent
from agentkit.replay import Replay
from agentkit.testing import ScriptedInterface

replay = Replay(sys.argv[1], "missing")

def ask(who, times):
    for n in range(times):
        Agent([], ScriptedInterface(f"{who} {n}."), replay=replay).run(f"{who} {n}" + " word" * 500)

ask("first", 1)
busy = threading.Thread(target=ask, args=("thread", 300))
busy.start()
children = [forked(lambda: ask(f"child{number}", 50)) for number in range(3)]
busy.join()
print({code_of(each) for each in children})
"""


@needs_fork
def test_forked_children_record_into_one_file(path):
    path.parent.mkdir()
    assert output_of(FORKING, path) == ("", "{0}\n")
    agent = Agent([], replay=path)
    asked = [("thread", 300), *((f"child{number}", 50) for number in range(3))]

    for who, times in asked:
        for n in range(times):
            assert agent.run(f"{who} {n}" + " word" * 500).output == f"{who} {n}."


def test_the_order_of_fields_in_options_does_not_count(path):
    given = {"extra_body": {"b": 1, "a": {"d": 1, "c": 2}}}
    Agent([], ScriptedInterface("One."), replay=Replay(path, "record"), options=given).run("a")
    other = {"extra_body": {"a": {"c": 2, "d": 1}, "b": 1}}

    assert Agent([], replay=path, options=other).run("a").output == "One."
