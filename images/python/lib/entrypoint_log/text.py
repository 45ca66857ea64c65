"""Text as JSON that is one line for every reader."""

from __future__ import annotations

import re
from json.encoder import encode_basestring

# Controls that JSON allows, the separators at which other programs split lines, and lone surrogates, which are not UTF-8.
_UNSAFE = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff]")


def quoted(text: str) -> str:
    """A text as JSON, with every control, separator and surrogate escaped."""
    return _UNSAFE.sub(_escaped, str(encode_basestring(text)))


def _escaped(found: re.Match[str]) -> str:
    return f"\\u{ord(found[0]):04x}"
