"""Interfaces by name, with what is around them; each part of it can be left out."""

import json
from functools import partial
from pathlib import Path

import pytest
from conftest import KEY
from model_server import Raw, Reply, _Handler
from staged import ASKED, Clock, response

from agentkit import Agent, ConfigError, HTTPInterface, Interface, Request, open_interface
from agentkit.catalog import names, page
from agentkit.memory import memory_of
from agentkit.notices import say_once
from agentkit.pace import Pace
from agentkit.paced import Paced, shared_pace
from agentkit.testing import ScriptedInterface

AROUND = "Recovering(Retrying(Paced(Adapting(HTTPInterface('groq')))))"
LOCAL = [each for each in names() if page(each).local]
NOBODY = "http://127.0.0.1:9/v1"  # the port of a service that discards; nobody serves it


@pytest.fixture(autouse=True)
def _alone(tmp_path, monkeypatch):
    """An empty directory to work in, no keys, no local servers, and nothing learned."""
    for each in map(page, names()):
        monkeypatch.delenv(each.key_variable or "NO_KEY", raising=False)
        if each.local:
            monkeypatch.setenv(each.base_url_variable, NOBODY)
    monkeypatch.setattr("agentkit.interfaces._LOOK", 20.0)  # seconds that a slow machine may need
    monkeypatch.chdir(tmp_path)
    for learned in (memory_of, say_once, shared_pace):
        learned.cache_clear()


@pytest.fixture
def listing(server):
    """The server, which also lists the models `one` and `two`."""

    class Listing(_Handler):
        def do_GET(self):  # noqa: N802 - the library's name
            listed = Raw([json.dumps({"data": [{"id": "one"}, {"id": "two"}]}).encode()])
            self._head(listed, False)
            self.wfile.writelines(listed.pieces)

    server._http.RequestHandlerClass = Listing
    return server


@pytest.fixture
def opened():
    """`open_interface`, and all that was opened is closed."""
    made = []

    def make(*name, **given):
        made.append(open_interface(*name, **given))
        return made[-1]

    yield make
    for each in made:
        each.close()


@pytest.fixture
def _clock(monkeypatch):
    monkeypatch.setattr("agentkit.paced.Pace", partial(Pace, clock=Clock(monkeypatch)))


def longest_wait(interface):
    """Seconds that a request of the interface may wait for its place."""
    while not isinstance(interface, Paced):
        interface = interface.inner
    return interface._longest


def settings(text):
    Path("agentkit.toml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize("name", names())
def test_every_page_opens_with_all_around_it(name):
    made = open_interface(name, api_key=KEY)

    assert made.name == name
    assert repr(made) == AROUND.replace("groq", name)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({"recovery": False}, "Retrying(Paced(Adapting(HTTPInterface('groq'))))"),
        ({"attempts": 1}, "Recovering(Paced(Adapting(HTTPInterface('groq'))))"),
        ({"pacing": False}, "Recovering(Retrying(Adapting(HTTPInterface('groq'))))"),
        ({"recovery": False, "attempts": 1, "pacing": False}, "Adapting(HTTPInterface('groq'))"),
        ({"patience": 0}, AROUND),
    ],
)
def test_each_part_can_be_left_out(given, left):
    assert repr(open_interface("groq", **given)) == left


def test_an_interface_is_itself():
    mine = ScriptedInterface()

    assert open_interface(mine) is mine
    assert open_interface([mine]) is mine


def test_several_are_tried_in_order():
    made = open_interface(["groq", ScriptedInterface("Hello."), "offline"])

    assert made.name == "groq, scripted, offline"
    assert response(made, "sync").message.content == "Hello."


@pytest.mark.parametrize("name", ["groq", ["groq"], ("groq",), "groq:"])
def test_one_name_in_any_form_is_one_interface(name):
    assert repr(open_interface(name)) == AROUND


@pytest.mark.parametrize(
    ("name", "asked", "model"),
    [
        ("groq:large", "agent", page("groq").aliases["large"]),
        ("groq:own/model", "agent", "own/model"),
        ("groq:own:8b", "agent", "own:8b"),
        ("groq", "large", page("groq").aliases["large"]),
    ],
)
def test_a_name_may_name_the_model_too(opened, server, name, asked, model):
    server.script("Hello.")
    made = opened(name, api_key=KEY, base_url=server.url)
    response(made, "sync", Request(messages=ASKED.messages, model=asked))

    assert [body["model"] for body in server.bodies] == [model]


@pytest.mark.parametrize("opener", [open_interface, Interface.from_url])
def test_an_address_is_an_interface_that_asks_the_first_model(opener, listing, mode):
    listing.script("Hello.")
    made = opener(listing.url)
    made.check(ASKED)
    answer = response(made, mode)
    made.close()

    assert made.name == "127.0.0.1"
    assert answer.message.content == "Hello."
    assert [body["model"] for body in listing.bodies] == ["one"]
    assert "Authorization" not in listing.requests[0].headers


def test_an_address_takes_settings_too(opened, listing):
    listing.script("Hello.")
    made = Interface.from_url(listing.url, api_key=KEY, aliases={"default": "two"}, attempts=1)
    response(made, "sync")
    made.close()

    assert listing.bodies[0]["model"] == "two"
    assert listing.requests[0].headers["Authorization"] == f"Bearer {KEY}"
    assert "Retrying" not in repr(made)


@pytest.mark.parametrize("name", LOCAL)
def test_a_local_server_needs_no_key(opened, listing, monkeypatch, name):
    monkeypatch.setenv(page(name).base_url_variable, listing.url)
    listing.script("Hello.")
    made = opened(name)
    made.check(ASKED)
    response(made, "sync")

    assert "Authorization" not in listing.requests[0].headers


@pytest.mark.parametrize("name", LOCAL)
def test_local_is_the_server_that_answers(opened, listing, monkeypatch, name):
    monkeypatch.setenv(page(name).base_url_variable, listing.url)
    listing.script("Hello.")
    made = opened("local:two")

    assert (made.name, response(made, "sync").message.content) == (name, "Hello.")
    assert listing.bodies[0]["model"] == "two"


def test_without_a_local_server_all_places_are_named():
    with pytest.raises(ConfigError) as refused:
        open_interface("local")

    assert all(f"{name} at {NOBODY}" in str(refused.value) for name in LOCAL)


@pytest.mark.parametrize("name", ["local", "local:two"])
def test_without_a_local_server_the_next_is_asked(name):
    made = open_interface([name, ScriptedInterface("Hello.")])

    assert response(made, "sync").message.content == "Hello."


def test_a_local_server_that_is_down_is_passed_over(mode):
    made = open_interface(["ollama", ScriptedInterface("Hello.")], attempts=1)
    made.check(ASKED)
    assert response(made, mode).repairs[0].startswith("scripted answered, because ollama: ")


def test_without_a_key_it_says_where_to_get_one():
    with pytest.raises(ConfigError, match=r"GROQ_API_KEY.*https://console.groq.com/keys"):
        open_interface("groq").check(ASKED)


@pytest.mark.parametrize("given", ["groq", "offline,groq", " offline , groq ,", ",offline"])
def test_the_environment_names_one_or_several(monkeypatch, given):
    settings('interface = "mistral"')
    monkeypatch.setenv("AGENTKIT_INTERFACE", given)

    wanted = ", ".join(each for each in given.replace(" ", "").split(",") if each)
    assert open_interface().name == wanted


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('interface = "mistral"', "mistral"),
        ('interface = ["mistral", "offline"]', "mistral, offline"),
        ("interface = []", "groq"),
    ],
)
def test_the_settings_name_one_or_several(monkeypatch, text, name):
    settings(text)
    monkeypatch.setenv("GROQ_API_KEY", KEY)
    monkeypatch.setenv("AGENTKIT_INTERFACE", " , ")

    assert open_interface().name == name


def test_a_key_of_groq_is_enough_and_without_it_there_is_the_offline_model(monkeypatch, capsys):
    assert open_interface().name == "offline"
    monkeypatch.setenv("GROQ_API_KEY", " ")
    assert open_interface().name == "offline"
    assert capsys.readouterr().err.count("no GROQ_API_KEY") == 1
    monkeypatch.setenv("GROQ_API_KEY", KEY)

    assert open_interface().name == "groq"
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "given", "paced"),
    [
        ("pacing = false", {}, False),
        ("pacing = false", {"pacing": True}, True),
        ("pacing = true", {"pacing": False}, False),
        ("requests_per_minute = 3", {}, True),
    ],
)
def test_the_settings_say_whether_there_is_a_pace(text, given, paced):
    settings(f"[interfaces.groq]\n{text}")

    assert ("Paced" in repr(open_interface("groq", **given))) is paced
    assert "Paced" in repr(open_interface("mistral"))


@pytest.mark.usefixtures("_clock")
@pytest.mark.parametrize(
    ("text", "given", "waited"),
    [
        ("requests_per_minute = 1", {}, 60),
        ("tokens_per_minute = 201", {}, 60),
        ("requests_per_minute = 1", {"requests_per_minute": 30}, 0),
        ("", {"requests_per_minute": 1}, 60),
        ("", {}, 0),
    ],
)
def test_limits_by_hand_are_kept(opened, server, text, given, waited):
    settings(f"[interfaces.groq]\n{text}")
    server.script(Reply("a", usage=(150, 51)), "b")
    made = opened("groq", api_key=KEY, base_url=server.url, **given)
    response(made, "sync")

    second = response(made, "sync", ASKED.with_options(max_tokens=190))
    assert second.waited == pytest.approx(waited, abs=4)


@pytest.mark.parametrize(
    "wrong",
    [{"patience": -1}, {"attempts": 0}, {"requests_per_minute": 0}, {"tokens_per_minute": -1}],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError):
        open_interface("groq", **wrong)


@pytest.mark.parametrize("name", ["127.0.0.1:8000", "localhost:8000/v1", "localhost", "a.b/v1"])
def test_an_address_without_its_scheme_is_told_so(name):
    with pytest.raises(ConfigError, match="one begins with http:// or https://"):
        open_interface(name)


def test_a_list_of_none_is_refused():
    with pytest.raises(ConfigError, match="names none"):
        open_interface([])


@pytest.mark.parametrize("private", ["api_key", "base_url", "extra_headers", "extra_body"])
def test_what_is_meant_for_one_address_goes_to_no_other(private):
    with pytest.raises(ConfigError, match="would go to 2"):
        open_interface(["http://127.0.0.1:1/v1", "http://127.0.0.1:2/v1"], **{private: "x"})


@pytest.mark.parametrize("model", ["smollm2", "large-v3", "agent-7b", "small-7b"])
def test_a_models_name_may_resemble_an_alias(model):
    http = HTTPInterface("ollama")
    assert http.model(model) == model


@pytest.mark.parametrize("end", ["", "/", "/chat/completions", "/chat/completions/"])
def test_an_address_may_be_that_of_the_endpoint(end):
    http = HTTPInterface("ollama", base_url=f"http://127.0.0.1:1/v1{end}")
    assert http.address == "http://127.0.0.1:1/v1/chat/completions"


def test_a_dialect_that_nobody_speaks_is_refused():
    with pytest.raises(ConfigError, match="functions, tools or auto"):
        HTTPInterface("groq", dialect="xml")


@pytest.mark.parametrize("name", ["grok", "", ":large", ["groq", "nobody"]])
def test_a_name_that_nobody_has_is_refused(name):
    with pytest.raises(ConfigError, match=r"no interface .* Known are: .*groq"):
        open_interface(name)


def test_the_offline_model_by_any_name_of_a_model_is_the_offline_model():
    assert open_interface("offline:large").name == "offline"


def test_hasty_is_whoever_is_not_the_last_to_be_asked():
    opened = open_interface(["groq", "mistral"], models=["a", "b"], api_key=None)
    waits = [(each.name, model, longest_wait(each)) for each, model in opened._choices]

    assert waits == [
        *[("groq", "a", 10.0), ("groq", "b", 10.0)],
        *[("mistral", "a", 10.0), ("mistral", "b", 600.0)],
    ]


def test_little_patience_is_no_haste_where_nobody_else_can_be_asked():
    assert longest_wait(open_interface("groq", patience=1.0)) == 600.0


def test_several_models_of_an_agent_are_tried_in_order(server):
    server.script(Raw(status=500), "Hello.")
    settings = {"api_key": KEY, "base_url": server.url, "attempts": 1}
    opened = open_interface("groq", models=["first", "second"], **settings)

    assert Agent([], opened).run("Hi.").output == "Hello."
    assert [body["model"] for body in server.bodies] == ["first", "second"]
    opened.close()


@pytest.mark.parametrize("model", [["a", "b"], "small"])
def test_a_model_in_the_name_and_another_beside_it_are_one_too_many(model):
    with pytest.raises(ConfigError, match="groq:large names a model, and model= another"):
        Agent(interface="groq:large", model=model).interface  # noqa: B018 - opens it


@pytest.mark.parametrize("name", ["offline", "groq", ["groq", "offline"]])
def test_a_setting_that_does_not_exist_is_an_error_everywhere(name):
    with pytest.raises(TypeError, match=r"no setting 'apikey'.* Did you mean 'api_key'"):
        open_interface(name, apikey=KEY)


def test_settings_for_an_interface_that_is_open_are_an_error():
    with pytest.raises(ConfigError, match="api_key comes too late"):
        open_interface(ScriptedInterface(), api_key=KEY)


def test_limits_given_in_code_are_over_pacing_switched_off_in_a_file():
    settings("[interfaces.groq]\npacing = false\n")

    assert "Paced" in repr(open_interface("groq", requests_per_minute=2))
    assert "Paced" not in repr(open_interface("groq"))


def test_a_text_is_one_model():
    assert repr(open_interface("groq", models="large")) == f"Fallback({AROUND})"


@pytest.mark.parametrize("address", ["http://[::1", "http://me:passw0rd@[::1/v1"])
def test_an_address_that_cannot_be_taken_apart_is_refused(address):
    with pytest.raises(ConfigError, match="is no address") as raised:
        open_interface(address)
    assert "passw0rd" not in str(raised.value)
