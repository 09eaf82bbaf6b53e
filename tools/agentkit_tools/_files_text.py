"""What a model is shown of a text file, and changes in one."""

from __future__ import annotations

from agentkit import ToolError

MOST_SHOWN = 18_000  # characters of a file in one answer
_LONGEST_LINE = 2_000
_MOST_NUMBERS = 10  # line numbers in a message


def shown(name: str, text: str, start: int, count: int, numbers: bool) -> str:
    """Some lines of a text below a line that says which of how many they are."""
    lines = text.removeprefix("\ufeff").split("\n")
    if lines[-1] == "":  # the last line's own end
        lines.pop()
    if not lines:
        return f"{name} is empty."
    if start > len(lines):
        raise ToolError(f"{name} has {_count(len(lines), 'line')}; there is no line {start:,}.")
    taken: list[str] = []
    room = MOST_SHOWN
    for number, line in enumerate(lines[start - 1 : start - 1 + count], start):
        taken.append((f"{number:>6}\t" if numbers else "") + _cut(line.removesuffix("\r")))
        room -= len(taken[-1]) + 1
        if room < 0 and len(taken) > 1:
            taken.pop()
            break
    last = start + len(taken) - 1
    more = f" Go on with start={last + 1}." if last < len(lines) else ""
    which = f"lines {start:,} to {last:,} of {len(lines):,}"
    return "\n".join([f"{name}, {which}.{more}", *taken])


def edited(name: str, text: str, old: str, new: str, *, every: bool, most: int) -> tuple[str, str]:
    """The changed text, and what to say about it.

    Args:
        name: What to call the file.
        text: What it holds.
        old: The text to replace.
        new: What to put in its place.
        every: Whether it may be there more than once.
        most: The most characters that the changed text may have.

    Raises:
        ToolError: The old text is not there, or not only once, or too much would come of it.
    """
    if not old or old == new:
        raise ToolError("Give the text to replace, and another one to put in its place.")
    if "\r\n" in text and "\r" not in old + new:  # models see and write line ends as \n
        old, new = old.replace("\n", "\r\n"), new.replace("\n", "\r\n")
    found = text.count(old)
    if not found:
        similar = " ".join(old.split()) in " ".join(text.split())
        hint = "It is there with other blanks or line ends. " if similar else ""
        raise ToolError(f"{name} does not hold this text. {hint}Copy it exactly from the file.")
    lines = _lines(text, old)
    where = ", ".join(f"{line:,}" for line in lines) + (", ..." if found > len(lines) else "")
    if found > 1 and not every:
        raise ToolError(
            f"{name} holds this text {found:,} times, at lines {where}. Give more of the text "
            "around it, or set replace_all to true."
        )
    if len(text) + found * (len(new) - len(old)) > most:  # before so much is made of it
        raise ToolError(f"{name} would have more than {most:,} characters.")
    changed = text.replace(old, new)
    if found > 1:
        return changed, f"Replaced {found:,} places in {name}, at lines {where}."
    was, now = (_span(lines[0], lines[0] + part.count("\n")) for part in (old, new))
    return changed, f"Changed {was} of {name}; the new text is {now}."


def _lines(text: str, old: str) -> list[int]:
    """The lines where the first places of a text are."""
    found: list[int] = []
    number, counted, at = 1, 0, text.find(old)
    while at >= 0 and len(found) < _MOST_NUMBERS:
        number += text.count("\n", counted, at)
        counted = at
        found.append(number)
        at = text.find(old, at + len(old))
    return found


def _cut(line: str) -> str:
    if len(line) <= _LONGEST_LINE:
        return line
    return f"{line[:_LONGEST_LINE]} [... the line has {len(line):,} characters]"


def _span(first: int, last: int) -> str:
    return f"line {first:,}" if first == last else f"lines {first:,} to {last:,}"


def _count(number: int, unit: str) -> str:
    return f"{number:,} {unit}" if number == 1 else f"{number:,} {unit}s"
