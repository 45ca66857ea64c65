"""Where a variable's text comes from: the variable, or the file that NAME_FILE names."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Optional

MOST_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Found:
    text: Optional[str] = None
    """None: there is none."""
    path: Optional[str] = None
    """The file that the text was read from."""
    conflict: bool = False
    """The variable and NAME_FILE are both set."""
    unreadable: Optional[str] = None
    """Why the file cannot be read, without its path: that can be a secret in the wrong variable."""


def find_text(name: str, env: Mapping[str, str], files: bool) -> Found:
    """An empty variable counts as not set, as in .env files."""
    text = decoded(env.get(name, ""))
    path = env.get(f"{name}_FILE", "") if files else ""
    if text and path:
        return Found(conflict=True)
    if text:
        return Found(text=text)
    return _read_file(path) if path else Found()


def decoded(text: str) -> str:
    """Bytes that are not UTF-8 as in every other language; Python keeps them as surrogates."""
    return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _read_file(path: str) -> Found:
    try:
        data = _read_bytes(path)
        if isinstance(data, str):
            return Found(unreadable=data)
        text = re.sub(r"(?:\r?\n)+\Z", "", data.decode("utf-8-sig"))
        return Found(text=text, path=path) if text else Found(unreadable="it is empty")
    except UnicodeDecodeError:
        return Found(unreadable="not UTF-8")
    except OSError as error:
        return Found(unreadable=errno.errorcode.get(error.errno or 0, "EINVAL"))
    except ValueError:
        # A NUL in the path.
        return Found(unreadable="EINVAL")


def _read_bytes(path: str) -> bytes | str:
    """The bytes, or what is wrong. A device can be endless, and a pipe without a writer blocks."""
    fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        mode = os.fstat(fd).st_mode
        if stat.S_ISDIR(mode):
            return "EISDIR"
        if not stat.S_ISREG(mode):
            return "not a regular file"
        data = b""
        while len(data) <= MOST_BYTES:
            more = os.read(fd, MOST_BYTES + 1 - len(data))
            if not more:
                return data
            data += more
        return "more than 1 MiB"
    finally:
        os.close(fd)
