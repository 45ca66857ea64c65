"""Any value as JSON text: in one pass, bounded, and without an exception, whatever its methods do."""

from __future__ import annotations

import dataclasses
import enum
import math
import traceback
from collections.abc import Iterable, Mapping, Set
from datetime import date, time
from typing import Any, NamedTuple, Optional
from urllib.parse import urlsplit

from .secrets import HIDDEN, LONGEST_NAME, is_secret_name, known_secrets, longest_secret, without_secrets
from .text import quoted

UNREADABLE = '"[unreadable]"'


class Limits(NamedTuple):
    """How much of a value is written."""

    text: int
    """Characters of a string."""
    entries: float
    """Elements of a list, and fields of an object."""
    depth: int


class Walk:
    """One walk over the values of an event."""

    __slots__ = ("above", "cuts", "depth", "entries", "left", "scrub", "stack_name", "stacks", "text")

    def __init__(
        self,
        limits: Limits,
        most: int,
        scrub: bool,
        stack_name: str,
        stacks: Optional[dict[int, str]] = None,
    ) -> None:
        self.text, self.entries, self.depth = limits
        # Whether secrets are searched in texts. The first walk does not: its line is searched as a whole.
        self.scrub = scrub
        # Characters that can still be written: below 0, the walk has ended early.
        self.left = most
        # Number of values that are not whole.
        self.cuts = 0
        self.above: list[int] = []
        self.stack_name = stack_name
        # A line that is too long is written again: a stack is formatted once.
        self.stacks: dict[int, str] = {} if stacks is None else stacks


def json_of(value: Any, walk: Walk) -> str:
    """A value as JSON."""
    kind = type(value)
    if kind is str:
        return text_of(value, walk)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int or kind is float:
        return _number_of(value, walk)
    return _guarded(value, walk)


def _number_of(value: float, walk: Walk) -> str:
    walk.left -= 8
    if isinstance(value, int):
        # Sinks round larger ones or refuse them. Python refuses to print huge ones.
        bits = value.bit_length()
        if bits > 63:
            return text_of(str(value) if bits < 8192 else "(a huge integer)", walk)
        text = str(value)
    elif math.isfinite(value):
        text = repr(value)
    else:
        return "null"
    if not walk.scrub:
        return text
    shown = without_secrets(text)
    return text if shown == text else quoted(shown)


def text_of(value: str, walk: Walk, end: int = 0) -> str:
    """
    A text as JSON, cut to the limit. The part that is cut off could begin within a secret: it is searched first.

    end: how much of the kept part is the end of the text; the rest is its beginning.
    """
    most = walk.text
    text = value
    if len(text) > most or walk.scrub:
        margin = longest_secret() if walk.scrub else 0
        text, is_cut = _shortened(text, most, end, margin, walk.scrub)
        if is_cut:
            walk.cuts += 1
    walk.left -= len(text) + 4
    return quoted(text)


def _shortened(text: str, most: int, end: int, margin: int, scrub: bool) -> tuple[str, bool]:
    is_long = len(text) > most
    end = end * most // 100
    begin = most - end
    if not is_long:
        clean = without_secrets(text) if scrub else text
        return (clean, False) if len(clean) <= most else (f"{clean[:most]}...", True)
    first, last = text[: begin + margin], text[len(text) - end - margin :] if end else ""
    if scrub:
        # The margins go, wherever replacements have moved them: a part of a secret can be in them.
        first, last = without_secrets(first), without_secrets(last)
        first, last = first[: max(0, len(first) - margin)], last[margin:]
    return f"{first[:begin]}...{last[-end:] if end else ''}", True


def _guarded(value: Any, walk: Walk) -> str:
    if walk.left < 0:
        return "0"
    above = walk.above
    level = len(above)
    if id(value) in above:
        return '"[circular]"'
    if level >= walk.depth:
        walk.cuts += 1
        return '"[deeper]"'
    above.append(id(value))
    try:
        return _object_of(value, walk)
    except Exception:  # A method of the value, which is not ours.
        walk.left -= 16
        return UNREADABLE
    finally:
        del above[level:]


def _object_of(value: Any, walk: Walk) -> str:
    if isinstance(value, Mapping):
        return f"{{{properties_of(value.items(), walk)}}}"
    if isinstance(value, BaseException):
        return error_of(value, walk)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return text_of(f"[{type(value).__name__}, {len(value)} bytes]", walk)
    if isinstance(value, enum.Enum):
        return json_of(value.value, walk)
    if isinstance(value, str):
        return text_of(str.__str__(value), walk)
    if isinstance(value, int):
        return _number_of(int(value), walk)
    if isinstance(value, float):
        return _number_of(float(value), walk)
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return f"{{{properties_of(value._asdict().items(), walk)}}}"
    if isinstance(value, (list, tuple, Set)) or type(value).__name__ == "deque":
        return _array_of(value, walk)
    if isinstance(value, (date, time)):
        return text_of(value.isoformat(), walk)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return f"{{{properties_of(_fields_of(value), walk)}}}"
    message = http_message(value)
    return text_of(str(value), walk) if message is None else json_of(message, walk)


def _fields_of(value: Any) -> Iterable[tuple[str, Any]]:
    return ((field.name, getattr(value, field.name)) for field in dataclasses.fields(value))


def http_message(value: Any) -> Optional[Mapping[str, Any]]:
    """Requests and responses of frameworks and clients: the fields of the access log, without the query."""
    if isinstance(value, type):
        return None
    headers = getattr(value, "headers", None)
    if headers is None or not hasattr(headers, "items"):
        return None
    status = getattr(value, "status_code", None)
    if isinstance(status, int):
        return {"status": status, "headers": dict(headers.items())}
    method = getattr(value, "method", None)
    path = getattr(value, "path", None)
    if not isinstance(path, str):
        path = urlsplit(str(getattr(value, "url", ""))).path
    return {"method": method, "path": path, "headers": dict(headers.items())} if isinstance(method, str) else None


class _Names:
    """What is known about the names of fields: services log the same ones again and again."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[str, bool]] = {}
        self.declared = 0

    def of(self, key: str) -> tuple[str, bool]:
        """The name as JSON, and whether its value is a secret."""
        count = len(known_secrets())
        if count != self.declared or len(self.known) >= 2000:
            self.declared = count
            self.known = {}
        found = self.known.get(key)
        if found is None:
            found = (quoted(key), len(key) <= LONGEST_NAME and is_secret_name(key))
            if len(key) <= LONGEST_NAME:
                self.known[key] = found
        return found


_NAMES = _Names()


def properties_of(items: Iterable[tuple[Any, Any]], walk: Walk) -> str:
    """Fields, without braces. No name is there twice: JSON has only texts as names."""
    parts: list[str] = []
    names: set[str] = set()
    for key, value in items:
        if walk.left < 0:
            break
        if len(parts) >= walk.entries:
            walk.cuts += 1
            break
        name = key if type(key) is str else _name_of(key)
        if name in names:
            continue
        names.add(name)
        parts.append(f"{key_text(name, walk)}:{property_of(name, value, walk)}")
    return ",".join(parts)


def _name_of(key: Any) -> str:
    try:
        return key if isinstance(key, str) else str(key)
    except Exception:  # A method of the value, which is not ours.
        return "[unreadable]"


def key_text(name: str, walk: Walk) -> str:
    """The name of a field as JSON."""
    if walk.scrub or len(name) > walk.text:
        return text_of(name, walk)
    walk.left -= len(name) + 4
    return _NAMES.of(name)[0]


def property_of(name: str, value: Any, walk: Walk) -> str:
    """The value of a field as JSON: hidden, if its name says so."""
    # `token: null` and `password: true` say something, and tell nothing.
    says_nothing = value is None or value is True or value is False or (isinstance(value, str) and len(value) == 0)
    if not says_nothing and _NAMES.of(name)[1]:
        return quoted(HIDDEN)
    return json_of(value, walk)


def _array_of(value: Iterable[Any], walk: Walk) -> str:
    parts: list[str] = []
    is_pair = isinstance(value, (list, tuple)) and len(value) == 2
    before: Any = None
    for one in value:
        if walk.left < 0:
            break
        if len(parts) >= walk.entries:
            walk.cuts += 1
            break
        walk.left -= 5
        # `("Authorization", "...")`, as WSGI has headers.
        secret = is_pair and len(parts) == 1 and isinstance(before, str)
        parts.append(property_of(before, one, walk) if secret else json_of(one, walk))
        before = one
    return f"[{','.join(parts)}]"


def error_of(error: BaseException, walk: Walk) -> str:
    """`{type, message, stack, ...attributes, cause, errors}`; a hostile one costs its own field alone."""
    parts: list[str] = []

    def add(name: str, read: Any, end: int = 0) -> None:
        try:
            value = read()
            text = text_of(value, walk, end) if type(value) is str else json_of(value, walk)
        except Exception:  # A method of the error, which is not ours.
            text = UNREADABLE
        parts.append(f'"{name}":{text}')

    add("type", lambda: type(error).__name__)
    add("message", lambda: str.__str__(str(error)))
    # The innermost call comes last.
    add(walk.stack_name, lambda: _stack_of(error, walk), end=75)
    try:
        rest = properties_of(((key, one) for key, one in vars(error).items() if _is_own(key, walk)), walk)
    except Exception:  # `__dict__` of the error, which is not ours.
        rest = ""
    if rest:
        parts.append(rest)
    cause = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if cause is not None:
        add("cause", lambda: cause)
    errors = getattr(error, "exceptions", None)
    if isinstance(errors, (list, tuple)):
        add("errors", lambda: errors)
    return f"{{{','.join(parts)}}}"


def _is_own(key: Any, walk: Walk) -> bool:
    taken = ("type", "message", "stack", walk.stack_name, "cause", "errors")
    return isinstance(key, str) and not key.startswith("_") and key not in taken


def _stack_of(error: BaseException, walk: Walk) -> str:
    known = walk.stacks.get(id(error))
    if known is None:
        lines = traceback.format_exception(type(error), error, error.__traceback__, chain=False)
        known = "".join(lines).rstrip("\n")
        walk.stacks[id(error)] = known
    return known
