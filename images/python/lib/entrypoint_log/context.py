"""The request, the message of a queue or the job that the running code belongs to."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Optional

# The same as in Node (src/server/records/request-id.ts): text that can be logged and passed on safely.
_ID = re.compile(r"[!#-&(-+\--;=?-\[\]-_a-~]{1,128}")
_PARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(?:-.*)?")


class Correlation:
    """What the lines of a request have in common."""

    __slots__ = ("ended", "fields", "request_id", "span_id", "trace_id")

    def __init__(
        self,
        request_id: Optional[str],
        traceparent: Optional[str],
        fields: Optional[Mapping[str, Any]] = None,
    ) -> None:
        self.request_id = request_id
        self.trace_id = None if traceparent is None else traceparent[3:35]
        self.span_id = None if traceparent is None else traceparent[36:52]
        self.fields = fields
        # A thread that serves one request after the other keeps the last one until the next begins.
        self.ended = False


_CURRENT: ContextVar[Optional[Correlation]] = ContextVar("entrypoint_log", default=None)


def current(ended: bool = False) -> Optional[Correlation]:
    """That of the running code. ended: also of a request that has just ended, for what its server says about it."""
    of = _CURRENT.get()
    return of if of is None or ended or not of.ended else None


def is_id(text: Optional[str]) -> bool:
    return text is not None and _ID.fullmatch(text) is not None


def is_traceparent(text: Optional[str]) -> bool:
    return (
        text is not None
        and _PARENT.fullmatch(text) is not None
        and (len(text) == 55 or not text.startswith("00-"))
    )


def begin(request_id: Optional[str], traceparent: Optional[str], *, nested: bool = False) -> tuple[Correlation, str, str]:
    """
    Begins a request with the ids that its client sent, or, where it sent no valid ones, with new ones.

    nested: its server may have begun it already, with ids that the application does not see.
    """
    around = current() if nested else None
    digits = os.urandom(24).hex()
    parent = traceparent if traceparent is not None and is_traceparent(traceparent) else None
    if parent is None and around is not None and around.trace_id is not None:
        parent = f"00-{around.trace_id}-{around.span_id}-01"
    sent = request_id if request_id is not None and is_id(request_id) else around and around.request_id
    own = sent or (digits[:32] if parent is None else parent[3:35])
    whole = parent or f"00-{digits[:32]}-{digits[32:]}-01"
    of = Correlation(own, whole)
    _CURRENT.set(of)
    return of, own, whole


@contextmanager
def context(
    *, request_id: Optional[str] = None, traceparent: Optional[str] = None, **fields: Any
) -> Iterator[None]:
    """
    Lines of the block have a request id, a trace or fields in common. Contexts nest.

    For the message of a queue, a job and other work that is no request. An invalid traceparent is ignored, as W3C demands.

        with entrypoint_log.context(request_id=message.id, traceparent=message.headers["traceparent"], queue="orders"):
            handle(message)
    """
    around = current()
    inner = Correlation(
        request_id if request_id is not None or around is None else around.request_id,
        traceparent if is_traceparent(traceparent) else None,
        {**((around and around.fields) or {}), **fields},
    )
    if inner.trace_id is None and around is not None:
        inner.trace_id, inner.span_id = around.trace_id, around.span_id
    token = _CURRENT.set(inner)
    try:
        yield
    finally:
        _CURRENT.reset(token)
