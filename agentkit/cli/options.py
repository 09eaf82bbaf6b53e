"""The options that several commands share."""

from __future__ import annotations

from typing import Annotated, Literal

import typer

Unfinished = Literal["ask", "repeat", "skip"]
"""What to do with calls of which nobody knows whether they ran."""

Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tools",
        "-t",
        metavar="SOURCE",
        show_default=False,
        help="The tools to offer: an installed pack (files, web), file.py, file.py:name, "
        "module:name, or none. Repeat it, or separate with commas. Default: calculator, "
        "clock, files, and plugins that only read and need no network. `agentkit tools packs` "
        "lists all.",
    ),
]
Mcp = Annotated[
    list[str] | None,
    typer.Option(
        "--mcp",
        metavar="SERVER",
        show_default=False,
        help='The tools of MCP servers too: a command ("uvx mcp-server-time"), an address, a file '
        "with mcpServers, or FILE.json:NAME. Repeat it for more.",
    ),
]
InterfaceName = Annotated[
    str | None,
    typer.Option(
        "--interface",
        "-i",
        metavar="NAME",
        show_default=False,
        help="The way to the model; `agentkit interfaces` lists them. Default: "
        "AGENTKIT_INTERFACE, the setting interface, groq where GROQ_API_KEY is set, or offline.",
    ),
]
Model = Annotated[
    str, typer.Option("--model", "-m", help="An alias of the interface, or a model's full name.")
]
SameModel = Annotated[
    str | None,
    typer.Option(
        "--model", "-m", show_default=False, help="Another model than the run was begun with."
    ),
]
SameInterface = Annotated[
    str | None,
    typer.Option(
        "--interface",
        "-i",
        metavar="NAME",
        show_default=False,
        help="Another interface than the run was begun with.",
    ),
]
WhatIsUnfinished = Annotated[
    Unfinished,
    typer.Option(
        help="What to do with a call of which nobody knows whether it ran: ask you, repeat it with "
        "the same call_key, or skip it and tell the model so."
    ),
]
Options = Annotated[
    list[str] | None,
    typer.Option(
        "--option",
        "-o",
        metavar="NAME=VALUE",
        show_default=False,
        help="An option of the model, such as temperature=0.2. The value is JSON where it can be "
        "read as such, else text. Repeat it for more.",
    ),
]
System = Annotated[
    str | None,
    typer.Option("--system", "-s", show_default=False, help="What the model is told first."),
]
Stream = Annotated[
    bool | None,
    typer.Option(
        "--stream/--no-stream",
        show_default=False,
        help="Write the model's text as it comes. In a pipe that includes what it says before "
        "its calls. Default: on a terminal, not in a pipe.",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print the whole run as one line of JSON. That of a failed run has the key error.",
    ),
]
ListAsJson = Annotated[bool, typer.Option("--json", help="Print them as a list in JSON.")]
Approve = Annotated[
    str,
    typer.Option(
        "--approval",
        metavar="POLICY",
        help="Which calls to ask you about before they run: ask_for_destructive; "
        "ask_after_untrusted, those that may change something once text from outside came in; "
        "always; never. Some tools, such as the shell, ask under each policy.",
    ),
]
JournalPath = Annotated[
    str | None,
    typer.Option(
        "--journal",
        metavar="FILE",
        show_default=False,
        help="The file in which runs are kept step by step; `agentkit runs` shows and resumes "
        "them. Default: AGENTKIT_JOURNAL, or none.",
    ),
]
TracePath = Annotated[
    str | None,
    typer.Option(
        "--trace",
        metavar="FILE",
        show_default=False,
        help="A file to tell runs in, span by span, as lines of OTLP; or otel, to send them to "
        "OpenTelemetry. Default: AGENTKIT_TRACE, or none.",
    ),
]
Conversation = Annotated[
    str | None,
    typer.Option(
        "--conversation",
        metavar="NAME",
        show_default=False,
        help="Go on with a conversation of the journal, or begin one.",
    ),
]
MaxSteps = Annotated[
    int | None,
    typer.Option(
        "--max-steps",
        min=1,
        show_default=False,
        help="Responses of the model until the run gives up. Default: 10.",
    ),
]
NoKey = Annotated[
    bool, typer.Option("--no-key", help="Serve other machines over HTTP without any key.")
]
Hosts = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-host",
        metavar="NAME",
        show_default=False,
        help="A further name that this machine is called by over HTTP. Repeat it for more.",
    ),
]
Origins = Annotated[
    list[str] | None,
    typer.Option(
        "--allow-origin",
        metavar="ORIGIN",
        show_default=False,
        help="A web page that may send requests, such as https://chat.example. Repeat it for more.",
    ),
]
