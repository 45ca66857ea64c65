"""What of a line is secret: by the names of fields, by the values that entrypoint_config has read, and in known forms."""

from __future__ import annotations

import base64
import re
import sys
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from .text import quoted

HIDDEN = "[secret]"
# The same names as in Node (src/text/secret-name.ts).
_NAME = re.compile(
    r"(^|_)(password|passwd|passphrase|secret|token|api_?key|private_key|access_key|credentials?)(_|$)"
)
_HARMLESS = re.compile(r"(_file|_path|_dir|_url|_ttl|_seconds|_header|_name)$")
_HEADER = re.compile(
    r"^(?:proxy_)?authorization$|^(?:set_)?cookies?$|(?:^|_)(?:pwd|passcode|jwt|bearer|authorization|cookie)$"
)
_HUMP = re.compile(r"([a-z0-9])([A-Z])")
_BETWEEN = re.compile(r"[-. ]")
LONGEST_NAME = 64
# Shorter values are ordinary words: to replace them everywhere would tell what they are.
_LEAST = 6
# Of a key in PEM form: a line of its own can be in a message.
_LEAST_LINE = 20


def known_secrets() -> Mapping[str, list[Any]]:
    """The secrets that entrypoint_config has read, by variable. A service that does not use it has none."""
    module = sys.modules.get("entrypoint_config.secret")
    return {} if module is None else getattr(module, "KNOWN", {})


def is_secret_name(name: str) -> bool:
    """Whether a field or header of this name holds a secret: `password`, `accessToken`, `X-Api-Key`."""
    snake = _BETWEEN.sub("_", _HUMP.sub(r"\1_\2", name)).lower()
    if _NAME.search(snake) and not _HARMLESS.search(snake):
        return True
    return _HEADER.search(snake) is not None or name in known_secrets()


class _Forms:
    """The forms in which known values can be in a text, and what is written in their place. Longer ones first."""

    def __init__(self) -> None:
        self.read: list[Any] = []
        self.shown: list[tuple[str, str]] = []
        self.in_json: list[str] = []
        self.longest = 0

    def current(self) -> list[tuple[str, str]]:
        known = known_secrets()
        if not known:
            return self.shown
        lists = [list(secrets) for secrets in list(known.values())]
        if lists != self.read:
            found = {
                form: f"[secret {name}]"
                for name, secrets in list(known.items())
                for secret in list(secrets)
                for text in _texts(secret.reveal())
                for form in _forms(text)
                if len(form) >= _LEAST
            }
            self.shown = sorted(found.items(), key=lambda pair: -len(pair[0]))
            self.in_json = [quoted(text)[1:-1] for text, _ in self.shown]
            self.longest = len(self.shown[0][0]) if self.shown else 0
            self.read = lists
        return self.shown


_FORMS = _Forms()


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        if len(value) >= _LEAST:
            yield value
            yield from _parts(value)
    elif isinstance(value, (bytes, bytearray)):
        yield value.hex()
        yield base64.b64encode(value).decode()
    elif isinstance(value, (int, float)) and not isinstance(value, bool):
        yield str(value)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _texts(one)


def _parts(text: str) -> Iterator[str]:
    """The password of a URL, and the long lines of a key."""
    if "\n" in text:
        yield from (line for line in text.split("\n") if len(line) >= _LEAST_LINE and not line.startswith("--"))
    try:
        password = urlsplit(text).password
    except ValueError:
        password = None
    if password:
        yield password


def _forms(text: str) -> Iterator[str]:
    data = text.encode("utf-8", "surrogatepass")
    yield text
    # As in the text of a KeyError.
    yield repr(text)[1:-1]
    yield quote(data, safe="!*'()")
    yield quote(data, safe="")
    yield unquote(text)
    yield base64.b64encode(data).decode().rstrip("=")
    yield base64.urlsafe_b64encode(data).decode().rstrip("=")


# What no declaration knows: the password of a URL, and credentials in a header that is part of a text.
_SUSPICIOUS = re.compile(
    r"""://[^\s/:@"]*:[^\s/@"]+@|\b[Bb](?:earer|asic) [\w+/=.~-]{6}|\b(?:[Aa]uthorization|[Cc]ookie): \S"""
)
_URL = re.compile(r"""(://[^\s/:@"']*:)[^\s/@"']+@""")
_SCHEME = re.compile(r"\b(bearer|basic) [\w+/=.~-]{6,}", re.IGNORECASE)
_LINE = re.compile(r"\b((?:proxy-)?authorization|(?:set-)?cookie)(: )[^\r\n]+", re.IGNORECASE)


def has_secret(line: str) -> bool:
    """Whether a whole line has something to hide. Quick: every line is asked."""
    _FORMS.current()
    return any(form in line for form in _FORMS.in_json) or _SUSPICIOUS.search(line) is not None


def without_secrets(text: str) -> str:
    """A text with every secret replaced."""
    for form, shown in _FORMS.current():
        if form in text:
            text = text.replace(form, shown)
    if _SUSPICIOUS.search(text) is None:
        return text
    return _SCHEME.sub(rf"\1 {HIDDEN}", _LINE.sub(rf"\1\2{HIDDEN}", _URL.sub(rf"\1{HIDDEN}@", text)))


def longest_secret() -> int:
    """The length of the longest one: a text that is cut keeps so much more until it was searched."""
    _FORMS.current()
    return _FORMS.longest
