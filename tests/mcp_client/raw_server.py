"""An MCP server that does what no good one does; it knows nothing of the `mcp` package.

    python raw_server.py DIRECTORY

`tools.json` in the directory is what it lists, a page of two at a time. What a tool does is in its
name. It writes down what it is asked, a line each, in `heard`.
"""

import json
import os
import sys
from pathlib import Path

HOME = Path(sys.argv[1])
TOOLS = HOME / "tools.json"
NOTHING = {"nothing": "is sent"}


class RefusedError(Exception):
    pass


def send(**message):
    print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)


def notify(method, **params):
    send(method=method, params=params)


def text(words, **more):
    return {"content": [{"type": "text", "text": words}], **more}


def listed(cursor):
    tools = json.loads(TOOLS.read_text(encoding="utf-8"))
    at = int(cursor or 0)
    more = {"nextCursor": str(at + 2)} if at + 2 < len(tools) else {}
    return {"tools": tools[at : at + 2], **more}


def ask(method, **params):
    """Ask the client, and give its answer."""
    send(id="mine", method=method, params=params)
    for line in sys.stdin:
        message = json.loads(line)
        hear(message)
        if message.get("id") == "mine":
            return message
    return None


def die(arguments, token):
    print("KEY=", os.environ.get("MY_TOKEN"), "was all I had", file=sys.stderr, flush=True)
    os._exit(3)


def die_once(arguments, token):
    if not (HOME / "died").exists():
        (HOME / "died").touch()
        os._exit(3)


def sleep(arguments, token):
    """Never answer."""
    return NOTHING


def chat(arguments, token):
    print("Hello, I print on stdout!\n{not json", flush=True)


def huge(arguments, token):
    print("x" * 300_000, flush=True)
    return NOTHING


def long(arguments, token):
    return text("y" * 200_000)


def fail(arguments, token):
    return text("That \u001b[31mdid\u001b[0m not work.", isError=True)


def wrong(arguments, token):
    return {"content": "no list"}


def count(arguments, token):
    for n in range(1, 4):
        notify("notifications/progress", progressToken=token, progress=n, total=3)
    notify("notifications/message", level="info", data="nearly there")


def change(arguments, token):
    TOOLS.write_text(json.dumps(arguments["tools"]), encoding="utf-8")
    notify("notifications/tools/list_changed")


def environment(arguments, token):
    return text(json.dumps(dict(os.environ)))


def structured(arguments, token):
    return text("{}", structuredContent=arguments["value"])


def pid(arguments, token):
    return text(str(os.getpid()))


def give(arguments, token):
    """Give what one is told to give."""
    return arguments["result"]


def refuse(arguments, token):
    """Answer with the code that the `mcp` package has for a lost connection."""
    raise RefusedError("no such account")


def half(arguments, token):
    return text("cut in the middle: \ud83d")


def question(arguments, token):
    schema = {"type": "object", "properties": {"name": {"type": "string"}}}
    answer = ask("elicitation/create", message="Who\u200b?", requestedSchema=schema)
    return text(json.dumps(answer.get("result") or answer["error"]["message"]))


def questions(arguments, token):
    """Ask a hundred questions, and wait for no answer."""
    for n in range(100):
        asked = {"message": str(n), "requestedSchema": {"type": "object", "properties": {}}}
        send(id=f"mine{n}", method="elicitation/create", params=asked)


def roots(arguments, token):
    answer = ask("roots/list")
    return text(json.dumps(answer.get("result") or answer["error"]["message"]))


def answer(message):
    match message["method"]:
        case "initialize":
            if (HOME / "deaf").exists():
                return NOTHING
            return {
                "protocolVersion": "2025-06-18",
                "capabilities": {"tools": {"listChanged": True}, "logging": {}},
                "serverInfo": {"name": "raw", "version": "1"},
            }
        case "tools/list":
            if (HOME / "mute").exists():
                return NOTHING
            if (HOME / "refuses").exists():
                raise RefusedError("no list for you")
            return listed(message.get("params", {}).get("cursor"))
        case "tools/call":
            asked = message["params"]
            token = asked.get("_meta", {}).get("progressToken")
            name, arguments = asked["name"], asked.get("arguments", {})
            given = globals().get(name, lambda *_: None)(arguments, token)
            return given or text(f"{name} {json.dumps(arguments, sort_keys=True)}")
    return None


def hear(message):
    with (HOME / "heard").open("a", encoding="utf-8") as file:
        file.write(json.dumps(message) + "\n")


if (HOME / "broken").exists():
    print("no config, I give up", file=sys.stderr, flush=True)
    sys.exit(1)
for line in sys.stdin:
    request = json.loads(line)
    hear(request)
    if "id" not in request or "method" not in request:
        continue
    try:
        result = answer(request)
    except RefusedError as why:
        send(id=request["id"], error={"code": -32000, "message": str(why)})
        continue
    if result is None:
        send(id=request["id"], error={"code": -32601, "message": "Method not found"})
    elif result is not NOTHING:
        send(id=request["id"], result=result)
