"""Media in results: what the model is told, and that nothing of them is lost."""

import base64
import json

import pytest

from agentkit import (
    Agent,
    ConfigError,
    FunctionCall,
    ResultMessage,
    Toolbox,
    load_messages,
    save_messages,
    tool,
)
from agentkit.journal import Journal
from agentkit.media import LARGEST, Audio, Image, Media, Resource
from agentkit.replay import Replay
from agentkit.testing import ScriptedInterface, call

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)


@tool(read_only=True, idempotent=True, cache=60)
def draw(what: str) -> list[str | Image]:
    """Draw something."""
    return [f"This is {what}:", Image(PNG)]


def called(function, **arguments):
    made = tool(function)
    return Toolbox(made).call(FunctionCall(made.name, json.dumps(arguments)))


def test_an_image_is_told_of_in_a_few_words_and_kept_beside():
    for _ in ("called", "from the cache"):
        result = Toolbox(draw).call(FunctionCall("draw", '{"what": "a dot"}'))

        assert result.content == "This is a dot:\n[image/png, 70 bytes]"
        assert result.media == (Image(PNG),)


def test_media_alone_have_their_kind_and_their_address():
    def hear() -> Audio:
        """Hear."""
        return Audio(b"RIFF", uri="file:///a.wav")

    result = called(hear)

    assert result.content == "[audio/wav, 4 bytes, file:///a.wav]"
    assert result.media == (Audio(b"RIFF", uri="file:///a.wav"),)


def test_media_deep_in_a_value_are_told_of_and_their_bytes_are_not():
    def look() -> dict[str, Image]:
        """Look."""
        return {"seen": Image(PNG)}

    result = called(look)

    assert (result.content, result.media) == ('{"seen":"[image/png, 70 bytes]"}', ())


def test_what_does_not_fit_into_a_result_is_told_of_alone():
    def scan() -> list[Image]:
        """Scan."""
        return [Image(bytes(LARGEST - 1)), Image(b"12"), Image(b"3")]

    result = called(scan)

    assert [len(each.data) for each in result.media] == [LARGEST - 1, 1]
    assert (
        "[image/png, 2 bytes, left out, as a result holds 10,000,000 bytes at most]"
        in result.content
    )


def test_saved_messages_bring_their_media_back():
    media = (Image(PNG), Resource(b"\x00\xff", "application/zip", "file:///z"), Media(b"", "a/b"))
    message = ResultMessage("draw", "words", media=media)

    saved = json.loads(json.dumps(save_messages([message])))

    assert load_messages(saved) == (message,)


@pytest.mark.parametrize(
    "wrong", [{"base64": "?"}, {"type": "image"}, {"type": "film", "base64": ""}, {"base64": 7}]
)
def test_saved_media_that_are_none_are_refused(wrong):
    saved = {"role": "function", "name": "draw", "content": "", "media": [wrong]}

    with pytest.raises(ConfigError, match="save_messages"):
        load_messages([saved])


def test_a_journal_and_a_recording_lose_nothing_of_them(tmp_path, monkeypatch):
    monkeypatch.setenv("SOME_TOKEN", base64.b64encode(PNG).decode()[8:40])  # it must not be hidden
    path, tape = tmp_path / "runs.db", tmp_path / "tape.jsonl"
    script = ScriptedInterface(call("draw", what="a dot"), "Done.")
    run = Agent([draw], script, journal=path, replay=Replay(tape, "record", results=True)).run(
        "Draw."
    )

    again = Agent([draw], script, replay=Replay(tape, "replay", results=True)).run("Draw.")

    assert run.steps[0].results[0].media == (Image(PNG),)
    assert Journal(path).run(run.id).steps[0].results[0].media == (Image(PNG),)
    assert again.steps[0].results[0].media == (Image(PNG),)
