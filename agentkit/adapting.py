"""What a server turns out to want: another dialect, another model, other ids. Learned once."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from agentkit.catalog import Quirks
from agentkit.errors import StatusError
from agentkit.http import HTTPInterface
from agentkit.messages import Request, Response
from agentkit.notices import say_once
from agentkit.plan import Ask, Plan, never
from agentkit.settings import alias_variable
from agentkit.wire import Dialect
from agentkit.wrapper import Wrapper

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
            dialect, quirks = self.inner.spelling(model)
            doubtful = self._doubtful(request, model)
            own = request if model == request.model else replace(request, model=model)
            try:
                response = yield Ask(self.inner, own, _all if doubtful else never)
            except StatusError as error:
                change = self._change(error, request, model, dialect, quirks)
                if change is None or error.handed_out or len(repairs) == _MOST:
                    if model != (asked := self.inner.model(request.model)):
                        error.add(f"({model} was asked in place of {asked}, which is retired.)")
                    raise
            else:
                assert response is not None
                change = self._unseen(response, own) if doubtful else None
                if change is None:
                    self._tell(request, model)
                    response = response.after(useless) if useless else response
                    if not repairs:
                        return response
                    return replace(response, repairs=(*repairs, *response.repairs))
                useless = response
            repairs.append(change)

    def _model(self, request: Request) -> str:
        return self.inner.memory.current(self.inner.model(request.model))

    def _doubtful(self, request: Request, model: str) -> bool:
        """Whether the model may not see the functions: the dialect is the old one, and a guess."""
        guessed = self.inner.finds_dialect and self.inner.spelling(model)[0] == "functions"
        return guessed and bool(request.definitions) and model not in self.inner.memory.proven

    def _change(
        self, error: StatusError, request: Request, model: str, dialect: Dialect, quirks: Quirks
    ) -> str | None:
        """What to change in a request after an error, already learned; None for nothing.

        It is judged by how this request was spelled: others may have learned meanwhile.
        """
        memory, text = self.inner.memory, str(error)
        if error.code == "tool_use_failed":  # it saw the functions, or it had called none
            memory.proven.add(model)
            return None
        if error.no_such_model:
            return self._moved(request, model)
        if error.status not in (400, 422):
            return None
        guessed = self.inner.finds_dialect and dialect == "functions"
        if guessed and _REFUSES_FUNCTIONS.search(text):
            memory.dialects[model] = "tools"
            return "dialect: tools, because the server refuses functions"
        if (rule := _ID_LENGTH.search(text)) and quirks.id_length != int(rule[1]):
            memory.quirks[model] = quirks.model_copy(update={"id_length": int(rule[1])})
            return f"ids: {rule[1]} letters and digits, as the server demands"
        return None

    def _moved(self, request: Request, model: str) -> str | None:
        memory = self.inner.memory
        if retired := self.inner.page.successor(model):
            memory.moved[model] = retired.successor
        elif model == memory.first_model:  # the server has another by now
            memory.first_model = ""
        now = self._model(request)
        why = "retired" if retired else "there no more"
        return f"model: {now}, because {model} is {why}" if now != model else None

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

    def _unseen(self, response: Response, request: Request) -> str | None:
        """What to change when the server left the functions out, as those do that know none."""
        memory, model = self.inner.memory, request.model
        prompt = response.usage.prompt_tokens if response.usage else None
        defined = sum(len(json.dumps(each.to_dict())) for each in request.definitions)
        said = sum(len("".join((each.content or "").split())) for each in request.messages)
        if response.message.calls or (prompt and prompt > said + defined // _CHARS + _TEMPLATE):
            memory.proven.add(model)
        elif model in memory.dialects or (prompt and prompt < (said + defined) // _CHARS):
            memory.dialects[model] = "tools"
            return "dialect: tools, because the model never saw the functions"
        return None


def _all(head: str) -> bool:
    """All text waits while it is not clear whether the model saw the functions."""
    return True
