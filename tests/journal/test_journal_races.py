"""Several that go on with one run, a file that is locked or removed, forks, and garbage."""

import gc
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing

import pytest
from forking import needs_fork, output_of

from agentkit import Agent, Context, LimitError, Limits, tool
from agentkit.errors import InterfaceError, JournalError
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface, call


@pytest.fixture
def path(tmp_path):
    return tmp_path / "runs.db"


@pytest.fixture
def paid():
    return []


@pytest.fixture
def pay(paid):
    @tool
    def pay(n: int, context: Context[None]) -> str:
        """Pay; not to be done twice."""
        paid.append(context.call_key)
        return f"paid {n}"

    return pay


def agent(path, tools, *replies, **settings):
    return Agent(tools, ScriptedInterface(*replies), journal=path, **settings)


def state(path, run_id):
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT state FROM runs WHERE id = ?", (run_id,)).fetchone()[0]


def test_a_decision_is_taken_once(path, pay, paid):
    given = {"approval": "always"}
    agent(path, [pay], call("pay", n=1), **given).run("Pay.", run_id="r")
    one, two = (agent(path, [pay], "Paid.", **given) for _ in range(2))
    first, second = one.stored("r"), two.stored("r")
    one.run(after=first.approve(*first.pending))
    with pytest.raises(JournalError, match=r"The run 'r' went on meanwhile: agent\.stored\('r'\)"):
        two.run(after=second.approve(*second.pending))

    assert paid == ["r:1:0"]
    assert two.resume("r").output == "Paid."


def test_a_run_that_waits_goes_on_from_what_its_own_process_has_of_it(path, pay, paid):
    """Also after it was stored as plain values."""
    made = agent(path, [pay], call("pay", n=1), call("pay", n=2), "Done.", approval="always")
    run = made.run("Pay.", run_id="r")
    while run.pending:
        run = type(run).from_dict(run.to_dict())
        run = made.run(after=run.approve(*run.pending))

    assert run.output == "Done."
    assert paid == ["r:1:0", "r:2:0"]


def test_a_run_in_flight_is_not_gone_on_with_from_what_it_was(path, pay, paid):
    events = agent(path, [pay], call("pay", n=1), "Paid.").iter("Pay.", run_id="r")
    next(events)
    seen = Journal(path).run("r")
    list(events)
    with pytest.raises(JournalError, match="went on meanwhile"):
        agent(path, [pay], call("pay", n=1), "Paid.").run(after=seen)

    assert paid == ["r:1:0"]


def test_of_many_that_resume_at_once_one_goes_on(path, tmp_path, pay):
    log = tmp_path / "paid.log"
    script = f"""
import sys
from agentkit import Agent, AssistantMessage, Context, Interface, Limits, Response, tool
from agentkit.errors import JournalError
from agentkit.testing import call

class Counting(Interface):
    name = "counting"

    def send(self, request):
        number = sum(isinstance(each, AssistantMessage) for each in request.messages)
        said = AssistantMessage("Done.") if number == 9 else AssistantMessage(None, (call("pay", n=number),))
        return Response(message=said)

@tool
def pay(n: int, context: Context[None]) -> str:
    with open({str(log)!r}, "a") as file:
        file.write(context.call_key + "\\n")
    return f"paid {{n}}"

print("ready", flush=True)
for line in sys.stdin:
    agent = Agent([pay], Counting(), journal={str(path)!r}, limits=Limits(steps=None))
    try:
        run = agent.resume(line.strip())
    except JournalError:
        print("refused", flush=True)
    else:
        print("waiting" if run.pending else run.output, flush=True)
"""
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(3)
    ]
    assert [each.stdout.readline() for each in workers] == ["ready\n"] * 3
    for number in range(10):
        run_id = f"r{number}"
        with pytest.raises(LimitError):
            agent(path, [pay], call("pay", n=0), limits=Limits(steps=1)).run("Pay.", run_id=run_id)
        for each in workers:
            each.stdin.write(f"{run_id}\n")
            each.stdin.flush()
        said = [each.stdout.readline().strip() for each in workers]
        # One may take the run over in the middle of a call, which then waits for a decision.
        assert set(said) <= {"Done.", "waiting", "refused"}
        assert set(said) != {"refused"}
    for each in workers:
        each.communicate()
    keys = log.read_text().split()

    assert len(keys) == len(set(keys)) >= 10


def test_what_changed_nothing_stands_in_nobodys_way(path, pay, paid):
    """A try that failed, and one in which nothing was decided."""
    down = [InterfaceError("down"), InterfaceError("down"), "Paid."]
    made = agent(path, [pay], call("pay", n=1), *down, approval="always")
    run = made.run("Pay.", run_id="r")
    made.run(after=run)
    run = run.approve(*run.pending)
    with pytest.raises(InterfaceError) as first:
        made.run(after=run)
    with pytest.raises(JournalError, match="went on meanwhile"):
        made.run(after=run)  # the call has run
    run = first.value.run
    with pytest.raises(InterfaceError):
        made.run(after=run)

    assert made.run(after=run).output == "Paid."
    assert paid == ["r:1:0"]


def test_a_run_wanders_from_journal_to_journal(path, tmp_path, pay, paid):
    replies = [call("pay", n=n) for n in range(3)]
    other = tmp_path / "other.db"
    run = agent(path, [pay], replies[0], approval="always").run("Pay.", run_id="r")
    for place, reply in ((other, replies[1]), (path, replies[2]), (other, "Paid.")):
        made = agent(place, [pay], reply, approval="always")
        run = made.run(after=run.approve(*run.pending))
        assert Journal(place).run("r").messages == run.messages

    assert run.output == "Paid."
    assert paid == ["r:1:0", "r:2:0", "r:3:0"]


def locked(path):
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    return other


def test_what_could_not_be_written_for_a_while_is_written_after(
    path, pay, paid, caplog, monkeypatch
):
    monkeypatch.setattr("agentkit.journal.tables._BUSY", 0.05)
    lock = []

    @tool
    def take() -> str:
        """Take the lock."""
        lock.append(locked(path))
        return "taken"

    @tool
    def give() -> str:
        """Give it back."""
        lock.pop().close()
        return "given"

    made = agent(
        path,
        [take, give, pay],
        call("take"),
        call("pay", n=1),
        call("give"),
        call("pay", n=2),
        "Done.",
    )
    run = made.run("Go", run_id="r", conversation="c")
    stored = Journal(path).run("r")

    assert caplog.text.count("goes on without it") == 1
    assert stored.messages == run.messages
    assert stored.steps == run.steps
    assert state(path, "r") == "done"
    assert made.resume("r") == run
    assert paid == ["r:2:0", "r:4:0"]


def test_a_run_that_ended_while_the_file_was_locked_is_told_of_at_once(
    path, pay, capsys, monkeypatch
):
    """Where no log is kept it stands on stderr."""
    monkeypatch.setattr("agentkit.journal.tables._BUSY", 0.05)
    monkeypatch.setattr("agentkit.log.is_heard", lambda: False)
    lock = []

    @tool
    def take() -> str:
        """Take the lock."""
        lock.append(locked(path))
        return "taken"

    run = agent(path, [take], call("take"), "Done.").run("Go", run_id="r")
    lock.pop().close()

    assert run.output == "Done."
    assert capsys.readouterr().err.count("agentkit: The journal ") == 1
    assert state(path, "r") == "running"


def test_a_removed_file_is_noticed_and_the_next_run_begins_another(path, caplog):
    journal = Journal(path)
    agent(journal, [], "One.").run("a", run_id="a")
    for each in path.parent.iterdir():
        each.unlink()
    agent(journal, [], "Two.").run("b", run_id="b")

    assert "was removed: a new one is begun" in caplog.text
    assert [each.id for each in Journal(path).runs()] == ["b"]


def test_a_run_that_is_collected_as_garbage_in_the_middle_of_writing_hangs_nothing(path):
    journal = Journal(path)

    class Holder:
        pass

    holder = Holder()
    holder.me, holder.events = holder, agent(journal, [], "Hi.").iter("Go", run_id="left")
    next(holder.events)
    held, ended = [holder], []
    del holder

    def collect(connection):
        held.clear()  # not before, as the collector comes by itself too
        gc.collect()
        ended.append(connection.execute("SELECT state FROM runs").fetchone())

    worker = threading.Thread(target=journal.file.write, args=(collect,), daemon=True)
    worker.start()
    worker.join(20)

    assert ended == [("running",)]
    assert state(path, "left") == "failed"


def test_a_lock_at_the_very_end_costs_nothing(path, pay, monkeypatch):
    monkeypatch.setattr("agentkit.journal.tables._BUSY", 0.05)
    lock = []

    @tool
    def take() -> str:
        """Take the lock."""
        lock.append(locked(path))
        threading.Timer(0.5, lock[0].close).start()
        return "taken"

    other = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda *a, **b: other(*a, **b | {"check_same_thread": False})
    )
    run = agent(path, [take], call("take"), "Done.").run("Go", run_id="r")

    assert run.output == "Done."
    assert state(path, "r") == "done"


FORKING = """
import sys, threading
from forking import code_of, forked
from agentkit import Agent
from agentkit.journal import Journal
from agentkit.testing import ScriptedInterface

journal = Journal(sys.argv[1])
stop = threading.Event()

def write():
    while not stop.is_set():
        Agent([], ScriptedInterface("Hi."), journal=journal).run("Go")
        journal.close()  # so that connections are made all the time

thread = threading.Thread(target=write)
thread.start()
codes = {code_of(forked(lambda: journal.runs(limit=1))) for _ in range(200)}
stop.set()
thread.join()
print(codes)
"""


@needs_fork
def test_children_that_are_forked_while_a_thread_writes_do_not_hang(path):
    assert output_of(FORKING, path) == ("", "{0}\n")
