"""Values that are printed nowhere."""

from __future__ import annotations

from typing import Any, Callable, Generic, NoReturn, TypeVar

T = TypeVar("T")

# The secrets that declarations of this process have read, by variable: entrypoint_log hides their values. It holds the
# secrets, not their values.
KNOWN: dict[str, list[Secret[Any]]] = {}
# A value that changes, as in tests, does not fill the memory.
_MOST_OF_ONE_NAME = 8


class Secret(Generic[T]):
    """Only `reveal()` shows the value. As text, in logs and on error pages it is `[secret NAME]`."""

    # The value is in a closure: no attribute holds it.
    __slots__ = ("_text", "reveal")

    reveal: Callable[[], T]

    def __init__(self, value: T, name: str = "value") -> None:
        self.reveal = lambda: value
        self._text = f"[secret {name}]"

    def __repr__(self) -> str:
        return self._text

    def __format__(self, spec: str) -> str:
        return format(self._text, spec)

    def __copy__(self) -> Secret[T]:
        return self

    def __deepcopy__(self, memo: object) -> Secret[T]:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self._text} cannot be pickled")

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError(f"{self._text} cannot be pickled")


def remember(name: str, secret: Secret[Any]) -> Secret[Any]:
    """Remembers a secret, so that its value is found wherever it is logged."""
    before = KNOWN.get(name, [])
    value = secret.reveal()
    if value is not None and all(other.reveal() != value for other in before):
        KNOWN[name] = [*before[1 - _MOST_OF_ONE_NAME :], secret]
    return secret
