"""What a tool brings beside text: images, audio, and the contents of resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

LARGEST = 10_000_000
"""Bytes of all the media of one result; what does not fit is told of and not kept."""


@dataclass(frozen=True, slots=True)
class Media:
    """Bytes of a known kind, which a tool returns alone or in a list with text.

    The model is told in a few words what it is; the bytes are in `ResultMessage.media`.

    Args:
        data: The bytes.
        mime_type: What they are, such as `image/png`.
        uri: Where they come from, if anywhere.
    """

    data: bytes = field(repr=False)
    mime_type: str
    uri: str = ""
    kind: ClassVar[str] = "media"

    @property
    def words(self) -> str:
        """What it is, for a model: `[image/png, 4,286 bytes]`."""
        return self._words()

    def _words(self, more: str = "") -> str:
        size = f"{len(self.data):,} bytes"
        return f"[{', '.join(filter(None, (self.mime_type, size, self.uri, more)))}]"


@dataclass(frozen=True, slots=True)
class Image(Media):
    """An image."""

    mime_type: str = "image/png"
    kind: ClassVar[str] = "image"


@dataclass(frozen=True, slots=True)
class Audio(Media):
    """A recording."""

    mime_type: str = "audio/wav"
    kind: ClassVar[str] = "audio"


@dataclass(frozen=True, slots=True)
class Resource(Media):
    """The contents of something that has an address."""

    mime_type: str = "application/octet-stream"
    kind: ClassVar[str] = "resource"


def fitting(parts: Iterable[Any]) -> tuple[list[Any], tuple[Media, ...]]:
    """The parts with words in the place of media, and the media that fit into one result."""
    words: list[Any] = []
    kept: list[Media] = []
    size = 0
    for each in parts:
        if not isinstance(each, Media):
            words.append(each)
        elif size + len(each.data) > LARGEST:
            words.append(each._words(f"left out, as a result holds {LARGEST:,} bytes at most"))
        else:
            size += len(each.data)
            kept.append(each)
            words.append(each.words)
    return words, tuple(kept)


def save_media(media: Media) -> dict[str, str]:
    """Plain values to store as JSON; `load_media` reads them back."""
    from base64 import b64encode

    plain = {"type": media.kind, "mime_type": media.mime_type}
    more = {"uri": media.uri} if media.uri else {}
    return plain | more | {ENCODED: b64encode(media.data).decode()}


def load_media(saved: Mapping[str, Any]) -> Media:
    """A medium from what `save_media` gave.

    Raises:
        KeyError, TypeError, ValueError: It is none.
    """
    from base64 import b64decode

    kind = {each.kind: each for each in (Media, Image, Audio, Resource)}[saved["type"]]
    data = b64decode(saved[ENCODED], validate=True)
    return kind(data, saved["mime_type"], saved.get("uri", ""))


ENCODED = "base64"
"""The name of the saved bytes, in which no secret is looked for: it would not be one."""
