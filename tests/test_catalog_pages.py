import re
from datetime import date
from importlib.resources import files
from itertools import pairwise

import pytest

from agentkit import ConfigError
from agentkit.catalog import names, page, read_page

EACH = pytest.mark.parametrize("name", names())
SECRET = re.compile(r"\b(gsk|sk|pk|xai|csk|nvapi|tgp|fw|AIza|hf)[-_]?[A-Za-z0-9]{16,}")
LOCAL = {"llamacpp", "lmstudio", "ollama", "vllm"}
SMALL = """
title = "Small"
about = "A page for tests."
home = "https://example.org"
base_url = "https://example.org/v1"
aliases = {}
options = {}
"""


def problem(text):
    with pytest.raises(ConfigError) as raised:
        read_page("small", text)
    return str(raised.value)


def models(each):
    return {model for model in each.aliases.values() if model != "*"}


def test_there_is_a_page_for_each_interface_of_the_catalog():
    own = "anthropic cerebras deepseek fireworks gemini groq mistral nvidia openai openrouter"

    assert set(names()) >= {*own.split(), *LOCAL, "together", "xai"}


@EACH
def test_a_page_has_the_four_aliases(name):
    assert set(page(name).aliases) >= {"default", "large", "small", "agent"}
    assert all(page(name).aliases.values())


@EACH
def test_only_local_servers_are_reached_without_tls_and_without_a_key(name):
    each = page(name)

    assert each.local == (name in LOCAL)
    assert each.base_url.startswith("http://localhost:" if each.local else "https://")
    assert not each.base_url.endswith("/")
    assert bool(each.key_variable) != each.local
    assert each.base_url_variable.endswith("_BASE_URL")


@EACH
def test_a_page_says_what_a_key_costs_and_where_it_comes_from(name):
    each = page(name)

    assert set(each.key) == {"price", "steps", "address"}
    assert each.key["address"].startswith("https://")
    assert each.key_variable in each.key["steps"]
    assert each.key["price"].startswith("No key is needed:") == each.local


@EACH
def test_a_page_describes_itself_in_one_or_two_sentences(name):
    each = page(name)

    assert each.title
    assert 1 <= len(re.findall(r"[.](?:\s|$)", each.about)) <= 2
    assert each.home.startswith("https://")
    assert each.documentation.startswith("https://")


@EACH
def test_a_page_tells_that_it_streams_and_calls_functions(name):
    assert dict(page(name).features) == {"streaming": True, "functions": True}
    assert page(name).dialect == ("auto" if name == "groq" else "tools")


@EACH
def test_every_option_has_a_description_and_a_type_that_can_be_checked(name):
    options = page(name).options

    assert {"function_call", "functions", "max_tokens", "stream", "temperature"} <= set(options)
    for option in options.values():
        assert option.description[:1].isupper()
        assert option.description.endswith(".")
        assert option.problem(object())


@EACH
def test_an_option_is_renamed_only_if_the_page_has_it(name):
    assert set(page(name).quirks.rename) <= set(page(name).options)


@EACH
def test_only_groq_has_aliases_for_models_that_are_known_to_be_retired(name):
    each = page(name)
    retired = {model for model in models(each) if each.successor(model)}

    assert retired == (models(each) if name == "groq" else set())


@EACH
def test_a_retirement_has_a_date_a_source_and_an_end(name):
    each = page(name)

    for gone in each.retired:
        assert gone.date <= date.today()
        assert gone.source
        assert each.successor(each.current(gone.model)) is None
    assert len({gone.model for gone in each.retired}) == len(each.retired)


@EACH
def test_a_price_is_positive_and_cached_tokens_cost_no_more(name):
    for price in page(name).prices:
        assert price.input > 0
        assert price.output > 0
        assert price.cached is None or 0 < price.cached <= price.input
        assert price.date <= date.today()
        assert "https://" in price.source


@EACH
def test_prices_are_those_of_models_that_the_aliases_lead_to(name):
    each = page(name)
    priced = [price.model for price in each.prices]

    assert len(set(priced)) == len(priced)
    if name != "groq":  # its page names the other models of its plans too
        assert set(priced) <= models(each)


@EACH
def test_no_page_has_something_that_looks_like_a_key(name):
    text = files("agentkit.catalog").joinpath(f"{name}.toml").read_text(encoding="utf-8")

    assert SECRET.search(text) is None


@pytest.mark.parametrize("key", ["gsk_" + "a1" * 12, "sk-" + "Ab3" * 8, "AIza" + "Sy0" * 10])
def test_what_looks_like_a_key_is_found(key):
    assert SECRET.search(f'steps = "Use {key}."')


def test_a_common_option_is_taken_whole():
    made = read_page("small", SMALL.replace("options = {}", 'options = { common = ["seed"] }'))

    assert made.options["seed"] == page("openai").options["seed"]


def test_a_table_of_a_page_wins_over_the_common_option():
    assert page("anthropic").options["temperature"].maximum == 1
    assert page("openai").options["temperature"].maximum == 2


def test_an_unknown_common_option_is_named():
    said = problem(SMALL.replace("options = {}", 'options = { common = ["warmth"] }'))

    assert said == "The page 'small': no common option 'warmth'."


def test_an_unknown_key_of_a_page_is_named():
    assert problem(SMALL + 'colour = "red"\n').startswith("The page 'small': colour: Extra inputs")


def test_a_missing_key_of_a_page_is_named():
    assert problem(SMALL.replace("base_url =", "base =")).startswith("The page 'small': base")


def test_an_unknown_key_of_an_option_is_named_with_its_place():
    wrong = 'options = { seed = { type = "integer", description = "A seed.", most_of = 1 } }'

    assert "options.seed.most_of" in problem(SMALL.replace("options = {}", wrong))


def test_what_is_no_toml_is_refused_with_its_line():
    said = problem("title = Small\n")

    assert said.startswith("The page 'small' cannot be read: ")
    assert "line 1" in said


GONE = """
[[retired]]
model = "{}"
date = 2025-01-01
successor = "{}"
source = "https://example.org"
"""


@pytest.mark.parametrize("chain", [["a", "a"], ["a", "b", "a"], ["a", "b", "c", "b"]])
def test_a_model_that_succeeds_itself_is_refused(chain):
    retired = [GONE.format(*pair) for pair in pairwise(chain)]

    assert problem(SMALL + "".join(dict.fromkeys(retired))).endswith("succeeds itself.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ('common = "stream"', "a list of names"),
        ('common = ["streem"]', "no common option 'streem'"),
        ('[options.size]\ntype = "nummer"\ndescription = "x"', "size.type: Input should be"),
    ],
)
def test_options_that_make_no_sense_are_refused(options, words):
    head = "" if options.startswith("[") else "[options]\n"
    small = SMALL.replace("options = {}\n", "")

    assert words in problem(f"{small}\n{head}{options}\n")


def test_a_chain_of_successors_leads_to_its_end():
    made = read_page("small", SMALL + GONE.format("a", "b") + GONE.format("b", "c"))

    assert [made.current(model) for model in "abcd"] == ["c", "c", "c", "d"]
