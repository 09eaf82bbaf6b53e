"""A forked process has connections and places of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

SCRIPT = """
import os, signal, sys, threading, time
from agentkit import Agent, open_interface

interface = open_interface("groq", api_key="gsk_test0123456789", base_url=sys.argv[1],
                           requests_per_minute=6000)
agent = Agent([], interface)

def ask(who, times=25):
    for each in range(times):
        said = agent.run(f"{who} {each}").output
        assert said == f"{who} {each}", (who, each, said)

ask("before", 2)
busy = [threading.Thread(target=ask, args=(f"thread {n}",)) for n in range(3)]
for each in busy:
    each.start()
time.sleep(0.02)
children = []
for n in range(3):
    child = os.fork()
    if child == 0:
        status = 1
        signal.alarm(50)  # so that none that hangs is left behind
        try:
            ask(f"child {n}")
            status = 0
        finally:
            os._exit(status)
    children.append(child)
ask("parent")
for each in busy:
    each.join()
codes = [os.waitstatus_to_exitcode(os.waitpid(each, 0)[1]) for each in children]
assert codes == [0, 0, 0], codes
print("all answered")
"""


def test_parent_and_children_get_their_own_answers(server):
    server.always = lambda body: body["messages"][-1]["content"]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", SCRIPT, server.url],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )

    assert (done.stderr, done.stdout) == ("", "all answered\n")
    assert len(server.requests) == 2 + 7 * 25
