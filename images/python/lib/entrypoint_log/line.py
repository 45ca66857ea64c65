"""The line of one event: quickly for what nearly all events are, and carefully for what is too long or has a secret."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple, Optional

from .context import Correlation
from .output import Output
from .secrets import has_secret
from .settings import LevelName
from .text import quoted
from .values import UNREADABLE, Limits, Walk, json_of, key_text, property_of, text_of

# The most bytes of a line with its line break: syslog, journald and Docker's own drivers keep so much in one piece.
MOST_BYTES = 8192
_SEQ_BYTES = 80
_QUICK = Limits(MOST_BYTES, float("inf"), 12)
_LEAST_TEXT = 128
_SMALLER = [
    limits
    for entries in (256, 128, 64, 32, 16, 8, 4)
    for limits in (Limits(512, entries, 12), Limits(64, entries, 4))
]


class Names(NamedTuple):
    """What the fields of a line are called; those of the service keep their names."""

    time: str
    level: str
    severity: Optional[str]
    message: str
    pid: str
    instance: str
    seq: str
    request_id: str
    trace_id: str
    span_id: str
    cut: str
    stack: str
    constant: str
    own: Mapping[str, str]


PLAIN = Names(
    "time",
    "level",
    "severity_text",
    "message",
    "pid",
    "instance",
    "seq",
    "request_id",
    "trace_id",
    "span_id",
    "cut",
    "stack",
    "",
    {},
)
# https://www.elastic.co/docs/reference/ecs
ECS = Names(
    "@timestamp",
    "log.level",
    None,
    "message",
    "process.pid",
    "process.entity_id",
    "event.sequence",
    "http.request.id",
    "trace.id",
    "span.id",
    "labels.cut",
    "stack_trace",
    ',"ecs.version":"8.11.0"',
    # An index cannot have both `event` as a text and `event.sequence`.
    {
        "err": "error",
        "event": "event.action",
        "error": "error_",
        "logger": "log.logger",
    },
)
# Of an access log: a service's own field `status` can be anything.
ECS_REQUEST = ECS._replace(
    own={
        **ECS.own,
        "method": "http.request.method",
        "path": "url.path",
        "status": "http.response.status_code",
        "bytes": "http.response.body.bytes",
        "client": "client.address",
        "ns": "event.duration",
    }
)

_CORRELATION = ("request_id", "trace_id", "span_id")
_RESERVED = frozenset(
    ["time", "level", "severity_text", "message", "pid", "instance", "seq", "cut"]
    + ["@timestamp", "log.level", "process.pid", "process.entity_id", "event.sequence"]
)


class Event(NamedTuple):
    created: float
    """Seconds since 1970."""
    level: LevelName
    message: Any
    """None: there is none."""
    fields: Iterable[tuple[str, Any]]
    """Read again for each attempt at a line: no iterator."""
    correlation: Optional[Correlation]


class Line(NamedTuple):
    text: str
    """With its line break."""
    is_cut: bool


def line_of(event: Event, output: Output, names: Names = PLAIN) -> Line:
    """The line of an event. Never raises."""
    walk = Walk(_QUICK, MOST_BYTES, False, names.stack)
    text = _assembled(event, output, names, walk)
    is_short = len(text) * 4 < MOST_BYTES or _fits(text)
    if walk.left >= 0 and walk.cuts == 0 and is_short and not has_secret(text):
        return Line(_numbered(text, output, names), False)
    return _careful(event, output, names, walk.stacks)


def _numbered(text: str, output: Output, names: Names) -> str:
    # The number comes last: what the method of a value logs meanwhile is written before.
    return f'{text},"{names.seq}":{output.next_seq()}{names.constant}}}\n'


def _fits(text: str) -> bool:
    return len(text.encode("utf-8", "replace")) <= MOST_BYTES - _SEQ_BYTES


def _careful(event: Event, output: Output, names: Names, stacks: dict[int, str]) -> Line:
    """The fullest line that is short enough, without secrets."""

    def attempt(limits: Limits) -> Optional[tuple[str, bool]]:
        walk = Walk(limits, MOST_BYTES, True, names.stack, stacks)
        text = _assembled(event, output, names, walk)
        marked = text if walk.cuts == 0 else f'{text},"{names.cut}":{walk.cuts}'
        return (marked, walk.cuts > 0) if walk.left >= 0 and _fits(marked) else None

    found = _fullest(attempt) or attempt(Limits(64, 0, 1)) or ('{"message":"[unreadable]"', True)
    return Line(_numbered(found[0], output, names), found[1])


def _fullest(attempt: Any) -> Optional[tuple[str, bool]]:
    """Shorter texts first; if those are not enough, fewer entries."""
    whole: Optional[tuple[str, bool]] = attempt(_QUICK)
    if whole is not None:
        return whole
    best: Optional[tuple[str, bool]] = attempt(_QUICK._replace(text=_LEAST_TEXT))
    if best is not None:
        low, high = _LEAST_TEXT, _QUICK.text
        while high - low > 64:
            middle = (low + high) // 2
            one = attempt(_QUICK._replace(text=middle))
            if one is None:
                high = middle
            else:
                low, best = middle, one
        return best
    return next((one for limits in _SMALLER if (one := attempt(limits)) is not None), None)


def _assembled(event: Event, output: Output, names: Names, walk: Walk) -> str:
    level, of = event.level, event.correlation
    severity = "" if names.severity is None else f'","{names.severity}":"{level.severity}'
    parts = [f'{{"{names.time}":"{utc(event.created)}","{names.level}":"{level.level}{severity}"']
    if event.message is not None:
        parts.append(f'"{names.message}":{_message(event.message, walk)}')
    taken: dict[str, str] = {}
    _add_fields(taken, event.fields, names, walk)
    # Those of the service take precedence over those of its request.
    if of is not None:
        if of.request_id is not None and names.request_id not in taken:
            parts.append(f'"{names.request_id}":{text_of(of.request_id, walk)}')
        if of.trace_id is not None and names.trace_id not in taken:
            parts.append(f'"{names.trace_id}":{text_of(of.trace_id, walk)}')
            if of.span_id is not None and names.span_id not in taken:
                parts.append(f'"{names.span_id}":{text_of(of.span_id, walk)}')
        if of.fields:
            _add_fields(taken, of.fields.items(), names, walk)
    parts.extend(taken.values())
    pid = output.pid()
    parts.append(f'"{names.pid}":{pid},"{names.instance}":"{output.instance}"')
    return ",".join(parts)


def _message(message: Any, walk: Walk) -> str:
    return text_of(message, walk) if type(message) is str else json_of(message, walk)


def _add_fields(
    taken: dict[str, str], fields: Iterable[tuple[str, Any]], names: Names, walk: Walk
) -> None:
    """Adds fields by the names that they have in the line: none that every line has, and none twice."""
    count = 0
    try:
        for key, value in fields:
            if walk.left < 0:
                return
            if count >= walk.entries:
                walk.cuts += 1
                return
            own = key if isinstance(key, str) else str(key)
            name = _name_in(names, own)
            if name in taken:
                continue
            count += 1
            shown = key_text(own, walk) if name == own else quoted(name)
            taken[name] = f"{shown}:{property_of(own, value, walk)}"
    except Exception:  # A mapping of the service whose entries cannot be listed.
        taken.setdefault("fields", f'"fields":{UNREADABLE}')


def _name_in(names: Names, key: str) -> str:
    if key in _RESERVED:
        return f"{key}_"
    if key in _CORRELATION:
        return str(getattr(names, key))
    return names.own.get(key, key)


class _Second:
    """The text of a second: formatting one costs more than the rest of a time."""

    def __init__(self) -> None:
        self.last = (-1, "")

    def text(self, second: int) -> str:
        last = self.last
        if last[0] != second:
            last = self.last = (second, time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second)))
        return last[1]


_SECOND = _Second()


def utc(created: float) -> str:
    """A time in ISO 8601, UTC, with milliseconds."""
    whole = int(created * 1000)
    return f"{_SECOND.text(whole // 1000)}.{whole % 1000:03d}Z"
