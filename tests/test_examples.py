"""Every example runs, against a script and on the offline model."""

import logging
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from agentkit.testing import ScriptedInterface, call

EXAMPLES = Path(__file__).parent.parent / "examples"

SCRIPTS = {
    "approval": (
        [call("delete_page", title="Old news"), "It is deleted."],
        'delete_page {"title": "Old news"} waits: delete_page may destroy something\n'
        "It is deleted.\n",
    ),
    "conversation": (
        [
            call("set_temperature", room="kitchen", degrees=21),
            "The kitchen is warm.",
            call("set_temperature", room="bedroom", degrees=17),
            "The bedroom is cool.",
        ],
        "The kitchen is warm.\nThe bedroom is cool.\n",
    ),
    "dependencies": ([call("add_note", text="buy milk"), "Saved."], "[('buy milk',)]\n"),
    "durable_runs": (
        [
            call("find_order", number=7),
            "It is packed.",
            call("cancel_order", number=7),
            "I cancelled it.",
        ],
        'It is packed.\ncancel_order {"number": 7} waits: cancel_order may destroy something\n'
        "I cancelled it.\n",
    ),
    "eval_tools": (
        [
            call("forecast", city="Oslo"),
            "7 degrees.",
            call("book_table", restaurant="Chez Nous", people=5),
            "Booked.",
            "You are welcome.",
        ],
        "weather passed\ntable people: 5, not what the function is true of\nthanks passed\n"
        "something is wrong\n",
    ),
    "hello_tool": (
        [call("forecast", city="Oslo", days=1), "Yes, take an umbrella."],
        "Yes, take an umbrella.\n",
    ),
    "many": (
        [
            call("total", number=3, cents=40),
            "1.20 euros.",
            call("total", number=12, cents=55),
            "6.60 euros.",
        ],
        "0 1.20 euros.\n1 6.60 euros.\n" * 2,
    ),
    "serving": (
        [call("opening_hours", shop="Bakery"), "Until six."],
        "[opening_hours: Bakery is open from 9 to 18]\nUntil six.\n",
    ),
    "streaming": (
        [call("translate", word="rain"), "It is regn."],
        "[translate: regn]\nIt is regn.\n(2 steps)\n",
    ),
    "toolbox_from_class": (
        [call("stock_sell", fruit="pear", number=2), "One is left."],
        '→ stock_sell(fruit="pear", number=2)\n  1\nOne is left.\n(2 steps)\n'
        "{'apple': 12, 'pear': 1}\n",
    ),
    "traces": (
        [
            call("ask_clerk", fruit="pear"),
            call("count", fruit="pear"),
            "There are 7.",
            "The clerk says 7.",
        ],
        "The clerk says 7.\ninvoke_agent guide\n  chat agent\n  execute_tool ask_clerk\n"
        "    invoke_agent clerk\n      chat agent\n      execute_tool count\n      chat agent\n"
        "  chat agent\n",
    ),
    "typed_answer": (
        [
            call("look_up_population", city="Oslo"),
            call("final_answer", city="Oslo", people=717_710),
        ],
        "Oslo: 717,710\n",
    ),
}


@pytest.fixture(autouse=True)
def _nothing_is_logged_to_what_is_captured_no_more():
    """DBOS keeps the stderr that there was when it was used first in a process."""
    yield
    logging.getLogger("dbos").handlers.clear()


def test_every_example_has_a_script():
    assert set(SCRIPTS) == {path.stem for path in EXAMPLES.glob("*.py")}


@pytest.mark.parametrize("name", SCRIPTS)
def test_example_prints_what_the_script_leads_to(name, capsys):
    replies, printed = SCRIPTS[name]
    interface = ScriptedInterface(*replies)

    runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"](interface)

    interface.assert_done()
    assert capsys.readouterr().out == printed


@pytest.mark.parametrize("name", SCRIPTS)
def test_example_runs_on_the_offline_model_without_a_key(name, tmp_path):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / f"{name}.py")],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )

    facts = {
        "approval": "Old news was deleted",
        "conversation": "The bedroom is set to 17 degrees.",
        "dependencies": "buy milk",
        "durable_runs": "Order 7 is cancelled.",
        "eval_tools": "all is right",
        "hello_tool": "Oslo",
        "many": "1 The `total` of 12, 55 is 6.60 euros",
        "serving": "Bakery is open from 9 to 18",
        "streaming": "regn",
        "toolbox_from_class": "{'apple': 12, 'pear': 1}",
        "traces": "  execute_tool ask_clerk\n    invoke_agent clerk\n",
        "typed_answer": "Oslo: 717,710",
    }
    assert facts[name] in done.stdout
    assert "offline model" in done.stderr
