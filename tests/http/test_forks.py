"""A forked process has connections and places of its own."""

from __future__ import annotations

from forking import needs_fork, output_of

pytestmark = needs_fork

SCRIPT = """
import sys, threading, time
from forking import code_of, forked
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
children = [forked(lambda: ask(f"child {n}")) for n in range(3)]
ask("parent")
for each in busy:
    each.join()
codes = [code_of(each) for each in children]
assert codes == [0, 0, 0], codes
print("all answered")
"""


def test_parent_and_children_get_their_own_answers(server):
    server.always = lambda body: body["messages"][-1]["content"]

    assert output_of(SCRIPT, server.url) == ("", "all answered\n")
    assert len(server.requests) == 2 + 7 * 25
