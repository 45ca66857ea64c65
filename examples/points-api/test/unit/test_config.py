import entrypoint_config
import pytest

from points_api.config import Config, DatabaseConfig

VALID = {
    "DATABASE_URL": "postgresql://points@db/points",
    "DATABASE_PASSWORD": "swordfish",
}


def read(env: dict[str, str]) -> Config:
    return entrypoint_config.read(Config, env=env)


def test_defaults_cover_everything_but_the_database() -> None:
    config = read(VALID)
    assert config.database_password.reveal() == "swordfish"
    assert (config.log_level, config.database_pool_size, config.git_commit_hash) == (
        "info",
        5,
        "unknown",
    )


def test_scripts_need_the_database_and_no_more() -> None:
    env = {**VALID, "LOG_LEVEL": "loud"}
    config = entrypoint_config.read(DatabaseConfig, env=env, task="migrate")
    assert config.database_url == VALID["DATABASE_URL"]


@pytest.mark.parametrize(
    "url", ["mysql://db/points", "postgresql:///points", "postgresql://d:x@h/p"]
)
def test_a_wrong_database_url_is_rejected(url: str) -> None:
    with pytest.raises(entrypoint_config.ConfigError, match="DATABASE_URL is"):
        read({**VALID, "DATABASE_URL": url})
