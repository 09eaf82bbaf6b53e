import json

import pytest

from agentkit import (
    AssistantMessage,
    ConfigError,
    FunctionCall,
    FunctionDefinition,
    ResultMessage,
    SystemMessage,
    Usage,
    UserMessage,
    load_messages,
    save_messages,
)

TRANSCRIPT = (
    SystemMessage("Be brief."),
    UserMessage("Be brief."),
    AssistantMessage(None, (FunctionCall("f", '{"x": 1}', "a"), FunctionCall("g")), "thinking"),
    ResultMessage("f", "1", "a", repairs=("fence",)),
    ResultMessage("g", "Error: no", is_error=True),
    AssistantMessage("Done."),
)


def test_a_transcript_survives_json_with_its_roles():
    stored = json.dumps(save_messages(TRANSCRIPT))

    assert load_messages(json.loads(stored)) == TRANSCRIPT


def test_what_is_stored_is_plain_and_has_no_empty_fields():
    assert save_messages(TRANSCRIPT[:3]) == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Be brief."},
        {
            "role": "assistant",
            "calls": [{"name": "f", "arguments": '{"x": 1}', "id": "a"}, {"name": "g"}],
            "reasoning": "thinking",
        },
    ]


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"role": "tool", "content": "x"},
        {"role": "user"},
        {"role": "user", "text": "x"},
        {"role": "assistant", "calls": [{"arguments": "{}"}]},
    ],
)
def test_what_is_no_saved_message_is_refused(saved):
    with pytest.raises(ConfigError, match="save_messages"):
        load_messages([saved])


def test_messages_can_be_compared_and_hashed():
    assert len({UserMessage("a"), UserMessage("a"), SystemMessage("a")}) == 2


def test_usage_adds_what_is_known_and_unknown_is_not_zero():
    known, partly = Usage(10, 5, cached_tokens=4), Usage(1, 2)

    assert known + partly == Usage(11, 7, 4, None)
    assert (known + Usage()).total_tokens == 15


def test_a_definition_leaves_out_an_empty_description():
    assert FunctionDefinition("f", "", {"type": "object"}).to_dict() == {
        "name": "f",
        "parameters": {"type": "object"},
    }
