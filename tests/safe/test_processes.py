"""Processes: limited, and none of a group is left however it ends."""

import gc
import os
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest
from enough_time import stopped_after
from waiting import until

from agentkit import ToolError
from agentkit.safe import Finished, run_program
from agentkit.safe.processes import Job, Served, serve_by_selector, serve_by_threads

pytestmark = pytest.mark.skipif(os.name != "posix", reason="the limits are those of POSIX")
ROOT = Path(__file__).parent.parent.parent
PYTHON = [sys.executable, "-I", "-S", "-c"]
BACKGROUND = "sleep 60 & echo $!"
# A process with a session of its own, as daemons have; it keeps the output open.
DAEMON = (
    "import subprocess\n"
    "daemon = subprocess.Popen(['sleep', '60'], start_new_session=True)\n"
    "print(daemon.pid)"
)
THREADS = (
    "import threading\n"
    "done = threading.Event()\n"
    "for _ in range(400): threading.Thread(target=done.wait, daemon=True).start()\n"
    "print('all started')"
)


def shell(command: str, **options) -> Finished:
    return run_program(["sh", "-c", command], **options)


def python(code: str, **options) -> Finished:
    return run_program([*PYTHON, code], **options)


def runs(pid: int) -> bool:
    """Whether the process lives; a dead one that nobody has reaped does not."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except ProcessLookupError:
        return False
    except FileNotFoundError:  # gone meanwhile, or a system without /proc
        return not Path("/proc/self/stat").exists()
    return state not in "ZX"


def ended(pid: str | int) -> bool:
    return until(lambda: not runs(int(pid)))


def test_a_program_that_takes_too_long_is_stopped_with_all_that_it_started():
    code = f"{BACKGROUND}; (sleep 60 & echo $!; wait) & wait"
    seconds, finished = stopped_after(
        lambda told: told.output.count("\n") == 2, lambda given: shell(code, timeout=given)
    )

    assert finished.timed_out
    assert finished.ended == f"It was stopped: it took longer than {seconds:g} seconds."
    pids = finished.output.split()
    assert len(pids) == 2
    assert all(map(ended, pids))


def test_a_program_that_ignores_signals_is_stopped_too():
    code = "trap '' TERM INT HUP; echo $$; while :; do sleep 60; done"
    _, finished = stopped_after(lambda told: told.output, lambda given: shell(code, timeout=given))

    assert finished.timed_out
    assert ended(finished.output)


def test_what_a_program_leaves_in_the_background_is_ended_and_not_waited_for():
    finished = shell(BACKGROUND, timeout=30)

    assert finished.ok
    assert ended(finished.output)


def test_a_daemon_escapes_but_nobody_waits_for_it():
    finished = python(DAEMON, timeout=30)

    pid = int(finished.output)
    assert finished.ok
    assert runs(pid)  # it has a session of its own: this is what the docstring says
    os.kill(pid, signal.SIGKILL)


def test_a_daemon_keeps_the_limits():
    limited = DAEMON.replace("['sleep', '60']", "['sh', '-c', 'ulimit -c; ulimit -t']")
    finished = python(limited.replace("print(daemon.pid)", "daemon.wait()"), cpu=7)

    assert finished.output.split() == ["0", "7"]


@pytest.mark.parametrize(
    ("last", "code"),
    [("print(run_program(command))", -signal.SIGINT), ("Thread(target=run_program, args=[command], daemon=True).start(); sys.stdin.read()", 0)],
    ids=["interrupted", "at its end"],
)  # fmt: skip
def test_a_program_ends_with_the_one_that_runs_it(last, code, tmp_path):
    pid = tmp_path / "pid"
    caller = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from threading import Thread\n"
        "from agentkit.safe import run_program\n"
        f"command = ['sh', '-c', 'echo $$ > {pid}.new; mv {pid}.new {pid}; sleep 60']\n"
        f"{last}"
    )
    running = subprocess.Popen(
        [sys.executable, "-c", caller], cwd=ROOT, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    with running:
        assert until(pid.exists)
        if code:
            running.send_signal(signal.SIGINT)

    assert running.returncode == code
    assert ended(pid.read_text())


def test_a_caller_that_reaps_its_children_itself_gets_the_output():
    caller = (
        "import signal\n"
        "signal.signal(signal.SIGCHLD, signal.SIG_IGN)\n"
        "from agentkit.safe import run_program\n"
        "print(run_program(['echo', 'hi']).output)"
    )
    done = subprocess.run(
        [sys.executable, "-c", caller], cwd=ROOT, capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == "hi"


@pytest.mark.parametrize("stream", ["output", "errors"])
def test_a_flood_is_cut_and_its_source_stopped(stream):
    finished = shell(
        f"echo $$ >&{2 if stream == 'output' else 1}; exec yes >&{1 if stream == 'output' else 2}"
    )

    assert (finished.cut, finished.timed_out) == (True, False)
    assert finished.ended == "It was stopped: it printed more than 100,000 bytes."
    assert getattr(finished, stream) == "y\n" * 50_000
    assert ended(finished.errors if stream == "output" else finished.output)


@pytest.mark.parametrize(("limit", "cut"), [(10, False), (9, True), (0, True)])
def test_output_is_whole_up_to_the_limit(limit, cut):
    finished = run_program(["printf", "0123456789"], max_output=limit)

    assert (finished.output, finished.cut) == ("0123456789"[:limit], cut)


def test_a_program_without_output_is_not_cut_at_nothing():
    assert run_program(["true"], max_output=0).ok


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("kill -SEGV $$", "It was ended by SIGSEGV."),
        ("kill -TERM $$", "It was ended by SIGTERM."),
        ("kill -KILL $$", "It was ended by SIGKILL: the system does so when memory or processor time runs out."),
    ],
)  # fmt: skip
def test_the_end_by_a_signal_is_told_in_words(command, told):
    finished = shell(command)

    assert finished.ended == told
    assert finished.code < 0


def test_a_signal_without_a_name_is_told_by_its_number():
    assert python("import os; os.kill(os.getpid(), 40)").ended == "It was ended by signal 40."


def test_too_much_processor_time_ends_a_program():
    finished = shell("while :; do :; done", cpu=1, timeout=60)

    assert finished.ended == "It was ended by SIGXCPU: it used more processor time than it may."


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS does not limit memory")
def test_too_much_memory_is_refused():
    code = "print(len('a' * {})); "

    greedy = python(code.format(10**9), memory=256 << 20)
    assert greedy.errors.strip().endswith("MemoryError")
    assert python(code.format(10**7), memory=256 << 20).output == "10000000\n"


def test_a_file_bigger_than_allowed_ends_a_program(tmp_path):
    command = "exec head -c {} /dev/zero > file"

    big = shell(command.format(100_000), cwd=tmp_path, file_size=50_000)
    assert big.ended == "It was ended by SIGXFSZ: it wrote a file that is bigger than it may be."
    assert (tmp_path / "file").stat().st_size == 50_000
    assert shell(command.format(50_000), cwd=tmp_path, file_size=50_000).ok


def test_more_open_files_than_allowed_are_refused():
    code = "import os; print(len([os.dup(0) for _ in range({})]))"

    assert "Too many open files" in python(code.format(30), open_files=20).errors
    assert python(code.format(10), open_files=20).output == "10\n"


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root is exempt")
def test_more_processes_than_allowed_are_refused():
    assert "can't start new thread" in python(THREADS, processes=100).errors
    assert python(THREADS, processes=1_000).output == "all started\n"


def test_limits_hold_for_good():
    raising = (
        "import os, resource\n"
        "if os.geteuid() == 0: os.setuid(65534)\n"  # root may raise limits
        "resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)); print('set')"
    )

    assert "maximum limit" in python(raising, open_files=32).errors
    assert python(raising, open_files=128).output == "set\n"


def test_there_are_no_core_dumps_and_nobody_else_may_write_files(tmp_path):
    before = os.umask(0)
    try:
        finished = shell("ulimit -c; touch file", cwd=tmp_path)
    finally:
        os.umask(before)

    assert finished.output == "0\n"
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o644


def test_a_limit_above_the_systems_own_is_the_systems_own():
    assert python("print('hi')", open_files=10**12).output == "hi\n"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="descriptors are counted in /proc")
def test_many_threads_run_programs_at_once_and_leave_nothing_behind():
    def work(number: int) -> str:
        match number % 4:
            case 0:
                return shell("cat", stdin=str(number)).output
            case 1:
                return shell(f"{BACKGROUND} >&2; printf {number}").output
            case 2:
                code = f"printf {number}; sleep 60"
                return stopped_after(bool, lambda given: shell(code, timeout=given).output)[1]
        with pytest.raises(ToolError):
            run_program(["no-such-program"])
        return str(number)

    def held() -> set[object]:
        descriptors = []
        for each in os.listdir("/proc/self/fd"):
            with suppress(FileNotFoundError):  # it lists the one that it reads with
                descriptors.append((each, os.readlink(f"/proc/self/fd/{each}")))
        return {
            *descriptors,
            *(each for each in gc.get_objects() if type(each) is subprocess.Popen),
        }

    before = held()
    with ThreadPoolExecutor(32) as pool:
        results = list(pool.map(work, range(96)))

    assert results == [str(number) for number in range(96)]
    assert held() <= before  # what others before had may go meanwhile


@pytest.mark.parametrize("serve", [serve_by_selector, serve_by_threads])
@pytest.mark.parametrize(
    ("command", "outcome"),
    [
        ("cat; echo oh >&2", ("hi", "oh\n", False, False)),
        ("echo a; exec sleep 60", ("a\n", "", True, False)),
        ("exec yes", ("y\n" * 500, "", False, True)),
    ],
)
def test_both_ways_to_serve_a_process_do_the_same(serve, command, outcome):
    given = {"arguments": ["sh"], "stdin": b"hi", "cwd": None, "env": {}, "limits": {}}
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)

    def run(seconds: float) -> Served:
        begun = subprocess.Popen(["sh", "-c", command], bufsize=0, start_new_session=True, **pipes)
        return serve(begun, Job(**given, timeout=seconds, max_output=1_000))

    is_stopped = outcome[2]
    served = stopped_after(lambda told: told.output, run)[1] if is_stopped else run(30.0)

    told = (served.output.decode(), served.errors.decode())
    assert (*told, served.timed_out, served.cut) == outcome
    assert (served.code < 0) == any(outcome[2:])
