"""The request id and the trace of each request, for servers of WSGI and of ASGI."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Callable, Optional

from .context import Correlation, begin


class WsgiMiddleware:
    """
    Gives the lines of a request its id and its trace: `app = entrypoint_log.WsgiMiddleware(app)`.

    The application sees both as headers, as if the client had sent them; valid ones of the client stay. gunicorn needs no
    middleware under `entrypoint run`.
    """

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        of, own, parent = begin(environ.get("HTTP_X_REQUEST_ID"), environ.get("HTTP_TRACEPARENT"))
        environ["HTTP_X_REQUEST_ID"] = own
        environ["HTTP_TRACEPARENT"] = parent
        try:
            body = self.app(environ, start_response)
        except BaseException:
            of.ended = True
            raise
        # Servers send files themselves.
        wrapper = environ.get("wsgi.file_wrapper")
        if isinstance(wrapper, type) and isinstance(body, wrapper):
            of.ended = True
            return body
        return _Body(body, of)


class _Body:
    """The request ends with its body: a generator can log."""

    def __init__(self, body: Iterable[bytes], of: Correlation) -> None:
        self._body = body
        self._of = of

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def __len__(self) -> int:
        # Servers set Content-Length for a body of one part.
        return len(self._body)  # type: ignore[arg-type]

    def close(self) -> None:
        try:
            close = getattr(self._body, "close", None)
            if close is not None:
                close()
        finally:
            self._of.ended = True


class AsgiMiddleware:
    """
    Gives the lines of a request its id and its trace: `app.add_middleware(entrypoint_log.AsgiMiddleware)`.

    The application sees both as headers, as if the client had sent them; valid ones of the client stay.
    """

    def __init__(self, app: Callable[..., Any]) -> None:
        self.app = app

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        sent = list(scope["headers"])
        id_sent, parent_sent = _only(sent, b"x-request-id"), _only(sent, b"traceparent")
        _, own, parent = begin(id_sent, parent_sent, nested=True)
        added = {b"x-request-id": own, b"traceparent": parent}
        if (own, parent) != (id_sent, parent_sent):
            others = [(name, value) for name, value in sent if name.lower() not in added]
            new = [(name, value.encode("latin-1")) for name, value in added.items()]
            scope = {**scope, "headers": [*others, *new]}
        await self.app(scope, receive, send)


def _only(headers: list[tuple[bytes, bytes]], name: bytes) -> Optional[str]:
    """The value of a header that was sent once."""
    found = [value for key, value in headers if key.lower() == name]
    return found[0].decode("latin-1") if len(found) == 1 else None
