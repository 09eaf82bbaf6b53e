"""What a server turns out to want: another dialect, another model, other ids. Learned once."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from agentkit.errors import StatusError
from agentkit.http import HTTPInterface
from agentkit.messages import Request, Response
from agentkit.notices import say_once
from agentkit.settings import alias_variable
from agentkit.wrapper import Plan, Wrapper

_MOST = 8  # adaptations in one request; a page's chain of retired models is shorter
_REFUSES_FUNCTIONS = re.compile(r"\bfunctions\b|function_call\b|role\W{1,3}function\b")
_ID_LENGTH = re.compile(r"id was .{0,200} must be a-z, A-Z, 0-9, with a length of (\d{1,2})\b")
_TEMPLATE = 100  # tokens that a server may put around messages
_CHARS = 8  # characters for one token, of text and of JSON: more than any tokenizer packs


class Adapting(Wrapper):
    """Follows retired models to their successors, `functions` to `tools`, and rules for ids.

    What it learns is kept for the process, by address, key and model, and is in
    `Response.repairs` of the request that learned it.
    """

    inner: HTTPInterface

    def plan(self, request: Request) -> Plan:
        """Ask; when the reply says that the request was spelled wrong, spell it anew."""
        repairs: list[str] = []
        useless: Response | None = None
        while True:
            model = self._model(request)
            try:
                response = yield self.inner, replace(request, model=model)
            except StatusError as error:
                change = self._change(error, request, model) if len(repairs) < _MOST else None
                if change is None or error.handed_out:
                    if model != (asked := self.inner.model(request.model)):
                        error.add(f"({model} was asked in place of {asked}, which is retired.)")
                    raise
            else:
                assert response is not None
                change = self._unseen(response, request, model)
                if change is None:
                    self._tell(request, model)
                    response = response.after(useless) if useless else response
                    return replace(response, repairs=(*repairs, *response.repairs))
                useless = response
            repairs.append(change)

    def holds(self, request: Request, head: str) -> bool:
        """Text waits while it is not clear whether the model saw the functions."""
        return self._doubtful(request, self._model(request))

    def _model(self, request: Request) -> str:
        return self.inner.memory.current(self.inner.model(request.model))

    def _doubtful(self, request: Request, model: str) -> bool:
        speaks = self._speaks_functions(model)
        return speaks and bool(request.definitions) and model not in self.inner.memory.proven

    def _speaks_functions(self, model: str) -> bool:
        """Whether requests are in the old dialect, and may change to the new one."""
        return self.inner.finds_dialect and model not in self.inner.memory.dialects

    def _change(self, error: StatusError, request: Request, model: str) -> str | None:
        """What to change in the request after an error, already learned; None for nothing."""
        memory, text = self.inner.memory, str(error)
        if error.code == "tool_use_failed":  # it saw the functions, or it had called none
            memory.proven.add(model)
            return None
        if error.no_such_model:
            return self._moved(model)
        if error.status not in (400, 422):
            return None
        if self._speaks_functions(model) and _REFUSES_FUNCTIONS.search(text):
            memory.dialects[model] = "tools"
            return "dialect: tools, because the server refuses functions"
        quirks = memory.quirks.get(model, self.inner.page.quirks)
        if (rule := _ID_LENGTH.search(text)) and quirks.id_length != int(rule[1]):
            memory.quirks[model] = quirks.model_copy(update={"id_length": int(rule[1])})
            return f"ids: {rule[1]} letters and digits, as the server demands"
        return None

    def _moved(self, model: str) -> str | None:
        retired = self.inner.page.successor(model)
        if retired is None:
            return None
        self.inner.memory.moved[model] = retired.successor
        return f"model: {retired.successor}, because {model} is retired"

    def _tell(self, request: Request, model: str) -> None:
        """Say once that another model than the one asked for has answered."""
        http, alias = self.inner, request.model
        asked = http.model(alias)
        if model == asked:
            return
        retired = http.page.successor(asked)
        since = f" on {retired.date}" if retired else ""
        own = (
            f"set {alias_variable(http.name, alias)}=..."
            if alias in http.aliases
            else "name another model"
        )
        say_once(
            f"agentkit: {http.name} retired the model {asked}{since}, so {model} is asked "
            f"instead. To choose yourself, {own}."
        )

    def _unseen(self, response: Response, request: Request, model: str) -> str | None:
        """What to change when the server left the functions out, as those do that know none."""
        if not self._doubtful(request, model):
            return None
        prompt = response.usage.prompt_tokens if response.usage else None
        defined = sum(len(json.dumps(each.to_dict())) for each in request.definitions)
        said = sum(len("".join((each.content or "").split())) for each in request.messages)
        if response.message.calls or (prompt and prompt > said + defined // _CHARS + _TEMPLATE):
            self.inner.memory.proven.add(model)
        elif prompt and prompt < (said + defined) // _CHARS:
            self.inner.memory.dialects[model] = "tools"
            return "dialect: tools, because the model never saw the functions"
        return None
