from agentkit import FunctionDefinition, SystemMessage, Usage, UserMessage


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
