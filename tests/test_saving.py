"""Transcripts as plain values."""

import json

import pytest

from agentkit import (
    AssistantMessage,
    ConfigError,
    FunctionCall,
    ResultMessage,
    SystemMessage,
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
    AssistantMessage(calls=(FunctionCall("h", waits="it asks"), FunctionCall("h", approved="f0"))),
    ResultMessage("h", "4...", untrusted=True, whole="4 and so on"),
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
