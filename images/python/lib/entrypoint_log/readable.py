"""A line for people: the time of day, the level, the message, the fields, and stacks below."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

_COLOURS = {"trace": 90, "debug": 90, "info": 36, "warning": 33, "error": 31, "fatal": 31}
# For the sink, not for people.
_OMITTED = frozenset(
    ["time", "level", "severity_text", "message", "pid", "instance", "seq", "span_id", "trace_id"]
)
_PLAIN = re.compile(r'[^\s"=]+')
# A value cannot move the cursor, change colours or begin a line.
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def readable_line(line: str, colour: bool) -> str:
    given: dict[str, Any] = json.loads(line)
    level = str(given["level"])
    painted = f"\x1b[{_COLOURS.get(level, 36)}m{level}\x1b[39m" if colour else level
    clock = datetime.fromisoformat(f"{given['time'][:-1]}+00:00").astimezone().strftime("%H:%M:%S")
    stacks: list[str] = []
    message = [] if "message" not in given else [_one_line(_text_of(given["message"]))]
    words = [
        f"{_shown(name)}={_field(value, stacks)}"
        for name, value in given.items()
        # Python's own loggers are a matter of the sink as well, except where they say who speaks.
        if name not in _OMITTED and not (name == "logger" and value == "root")
    ]
    first = " ".join([clock, painted, *message, *words])
    below = [f"         {_one_line(text)}" for stack in stacks for text in stack.split("\n")]
    return "\n".join([first, *below]) + "\n"


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _field(value: Any, stacks: list[str]) -> str:
    """The stack of an error is printed below, its message with it."""
    if not _is_error(value):
        return _shown(value)
    error = value
    while _is_error(error):
        stacks.append(error["stack"] if not stacks else f"caused by {error['stack']}")
        error = error.get("cause")
    rest = {key: one for key, one in value.items() if key not in ("type", "message", "stack", "cause")}
    text = _shown(f"{value['type']}: {_text_of(value.get('message', ''))}")
    return f"{text} {_shown(rest)}" if rest else text


def _is_error(value: Any) -> bool:
    return isinstance(value, Mapping) and "type" in value and isinstance(value.get("stack"), str)


def _shown(value: Any) -> str:
    """Text with blanks or quotes is quoted, so that its end is visible."""
    if isinstance(value, str) and _PLAIN.fullmatch(value):
        return _one_line(value)
    return _one_line(json.dumps(value, ensure_ascii=False))


def _one_line(text: str) -> str:
    return _CONTROL.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
