"""The service's environment variables, typed and validated together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


class ConfigError(Exception):
    """Names every invalid variable, and never contains a value."""


@dataclass(frozen=True)
class DatabaseConfig:
    url: str
    """A postgresql:// URL without a password."""
    password: str
    pool_size: int
    """Maximum connections of one process."""


@dataclass(frozen=True)
class Config:
    database: DatabaseConfig
    log_level: str
    version: str
    """The commit that the image was built from, or "unknown"."""


def read_config(env: Mapping[str, str]) -> Config:
    """For the start of the service, never for the build of its image. Raises ConfigError."""
    variables = _Variables(env)
    config = Config(
        database=_database(variables),
        log_level=variables.one_of("LOG_LEVEL", LOG_LEVELS, "info"),
        version=variables.text("GIT_COMMIT_HASH") or "unknown",
    )
    variables.check()
    return config


def read_database_config(env: Mapping[str, str]) -> DatabaseConfig:
    """Reads only the database settings, for scripts. Raises ConfigError."""
    variables = _Variables(env)
    config = _database(variables)
    variables.check()
    return config


def _database(variables: "_Variables") -> DatabaseConfig:
    return DatabaseConfig(
        url=variables.database_url("DATABASE_URL"),
        password=variables.secret("DATABASE_PASSWORD"),
        pool_size=variables.integer("DATABASE_POOL_SIZE", fallback=5, least=1, most=100),
    )


class _Variables:
    """Collects problems, so that all of them are reported together."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._problems: list[str] = []

    def check(self) -> None:
        if self._problems:
            listed = "".join(f"  {problem}\n" for problem in self._problems)
            raise ConfigError(
                f"the configuration is not valid:\n{listed}fix: set these environment variables"
            )

    def text(self, name: str) -> str:
        """Empty counts as not set, as `NAME=` means in an env file."""
        return self._env.get(name, "")

    def one_of(self, name: str, words: tuple[str, ...], fallback: str) -> str:
        word = self.text(name) or fallback
        if word not in words:
            self._problems.append(f"{name} is not one of {', '.join(words)}")
        return word

    def integer(self, name: str, *, fallback: int, least: int, most: int) -> int:
        text = self.text(name) or str(fallback)
        number = int(text) if re.fullmatch(r"[0-9]{1,15}", text) else least - 1
        if not least <= number <= most:
            self._problems.append(f"{name} is not a whole number from {least} to {most}")
        return number

    def database_url(self, name: str) -> str:
        text = self.text(name)
        expected = "postgresql://user@host:port/database"
        if not text:
            self._problems.append(f"{name} is not set: expected {expected}")
            return ""
        try:
            url = urlsplit(text)
            valid = url.scheme in ("postgres", "postgresql") and url.hostname is not None
            _ = url.port
        except ValueError:
            valid = False
        if not valid:
            self._problems.append(f"{name} is not a URL such as {expected}")
        elif url.password is not None:
            self._problems.append(f"{name} contains a password: set DATABASE_PASSWORD instead")
        return text

    def secret(self, name: str) -> str:
        """`NAME`, or the content of the file `NAME_FILE` without its trailing newline."""
        value, path = self.text(name), self.text(f"{name}_FILE")
        if value and path:
            self._problems.append(f"{name} and {name}_FILE are both set: set only one")
            return ""
        if path:
            return self._secret_file(f"{name}_FILE", path)
        if not value:
            self._problems.append(f"neither {name} nor {name}_FILE is set")
        return value

    def _secret_file(self, name: str, path: str) -> str:
        try:
            text = Path(path).read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8"
            self._problems.append(f"{name} names a file that cannot be read ({why})")
            return ""
        if not text:
            self._problems.append(f"{name} names an empty file")
        return text
