import pytest

from agentkit import ConfigError
from agentkit.catalog import names, page

GROQ = page("groq")


def test_the_page_of_groq_has_its_aliases():
    assert dict(GROQ.aliases) == {
        "default": "llama3-8b-8192",
        "large": "llama3-70b-8192",
        "small": "gemma-7b-it",
        "agent": "llama3-8b-8192",
    }


def test_the_page_of_groq_has_its_twelve_options_with_descriptions():
    assert set(GROQ.options) == {
        *("frequency_penalty", "function_call", "functions", "logit_bias", "max_tokens", "n"),
        *("presence_penalty", "stop", "stream", "temperature", "top_p", "user"),
    }
    assert all(len(option.description) > 20 for option in GROQ.options.values())


def test_the_page_of_groq_tells_features_key_and_documentation():
    assert dict(GROQ.features) == {"streaming": True, "functions": True}
    assert GROQ.key["address"] == "https://console.groq.com/keys"
    assert "free" in GROQ.key["price"]
    assert GROQ.documentation == "https://docs.api.groq.com/index.html"
    assert (GROQ.name, GROQ.home) == ("groq", "https://www.groq.com")


GOOD = {
    "frequency_penalty": [-2, 0.5, 2],
    "function_call": ["none", "auto", "forecast", {"name": "forecast"}],
    "functions": [[], [{"name": "f"}]],
    "logit_bias": [{}, {"42": -100}],
    "max_tokens": [1, 8192],
    "n": [1, 3],
    "presence_penalty": [-2, 0, 2.0],
    "stop": ["END", ["a", "b", "c", "d"]],
    "stream": [True, False],
    "temperature": [0, 0.7, 2],
    "top_p": [0, 1, 0.9],
    "user": ["ada"],
}
BAD = {
    "frequency_penalty": [-2.1, 2.1, "1", True],
    "function_call": [1, ["auto"], True],
    "functions": ["f", [1], [{}] * 129],
    "logit_bias": [[], {"42": "x"}],
    "max_tokens": [0, 1.5, "10"],
    "n": [0, -1, True],
    "presence_penalty": [3, "x"],
    "stop": [["a"] * 5, [1], 5],
    "stream": [1, "yes"],
    "temperature": [-0.1, 2.1, "warm"],
    "top_p": [1.1, -1],
    "user": [1, ["ada"]],
}


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in GOOD.items() for v in values])
def test_a_value_that_fits_is_taken(name, value):
    assert GROQ.options[name].problem(value) is None
    GROQ.check_options({name: value})


@pytest.mark.parametrize(("name", "value"), [(n, v) for n, values in BAD.items() for v in values])
def test_a_value_that_does_not_fit_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f"The option '{name}' takes"):
        GROQ.check_options({name: value})


def test_every_option_is_tried_with_good_and_bad_values():
    assert set(GOOD) == set(BAD) == set(GROQ.options)


def test_none_counts_as_left_out():
    GROQ.check_options(dict.fromkeys(GROQ.options))


def test_an_unknown_option_is_refused_with_the_closest_name():
    with pytest.raises(ConfigError, match="Did you mean 'temperature'"):
        GROQ.check_options({"temprature": 1})


def test_an_unknown_interface_is_refused_with_the_closest_name():
    with pytest.raises(ConfigError, match=r"no interface 'grok'\. Did you mean 'groq'\?"):
        page("grok")


def test_every_page_can_be_read():
    assert [page(name).name for name in names()] == list(names())


def test_an_option_under_both_of_its_names_is_refused():
    given = {"max_tokens": 5, "max_completion_tokens": 6}
    with pytest.raises(ConfigError, match="takes max_tokens for max_completion_tokens"):
        page("openai").check_options(given)
    page("openai").check_options({**given, "max_tokens": None})
