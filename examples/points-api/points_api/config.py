"""The service's configuration; pyproject.toml declares the variables."""

from dataclasses import dataclass

from entrypoint_config import Secret


@dataclass(frozen=True)
class DatabaseConfig:
    database_url: str
    database_password: Secret[str]
    database_pool_size: int


@dataclass(frozen=True)
class Config(DatabaseConfig):
    log_level: str
    git_commit_hash: str
