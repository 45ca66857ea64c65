"""Where lines go: to stdout, each in one piece and before the call returns, with a number that shows what is lost."""

from __future__ import annotations

import os
import select
import threading
from collections import deque
from typing import Callable, NamedTuple

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Counts(NamedTuple):
    """What became of the events of this process."""

    lines: int
    """Lines that were written."""
    cut: int
    """Lines of which a part is missing: they were longer than 8 KiB. Each has a field `cut`."""
    dropped: int
    """Lines that could not be written: the reader has exited, the disk is full. Each leaves a gap in `seq`."""


class Output:
    """Lines with numbers of their own, which begin at 1 in each process."""

    def __init__(self, write: Callable[[bytes], None]) -> None:
        self.lock = threading.RLock()
        self._write = write
        self._renew()

    def _renew(self) -> None:
        self._pid = os.getpid()
        # Unlike a process id, it has not been used before a restart or on another host.
        self.instance = "".join(_DIGITS[byte % 36] for byte in os.urandom(10))
        self._seq = self._lines = self._cut = self._dropped = 0
        self._waiting: deque[bytes] = deque()
        self._is_writing = False

    def pid(self) -> int:
        """The process id. A process that was forked has an instance and numbers of its own."""
        pid = os.getpid()
        if pid != self._pid:
            self._renew()
        return pid

    def next_seq(self) -> int:
        self._seq += 1
        return self._seq

    def write(self, line: str, is_cut: bool) -> None:
        """Never raises. What a signal handler logs while a line is being written comes after that line."""
        self._waiting.append(line.encode("utf-8", "backslashreplace"))
        self._cut += is_cut
        if self._is_writing:
            return
        self._is_writing = True
        try:
            while self._waiting:
                try:
                    self._write(self._waiting.popleft())
                    self._lines += 1
                except (OSError, ValueError):
                    self._dropped += 1
        finally:
            self._is_writing = False

    def counts(self) -> Counts:
        return Counts(self._lines, self._cut, self._dropped)


def write_to_stdout(data: bytes) -> None:
    """Waits for a reader that is slow, also if something has made the pipe non-blocking."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(1, rest) :]
        except BlockingIOError:
            select.select([], [1], [])


STDOUT = Output(write_to_stdout)
