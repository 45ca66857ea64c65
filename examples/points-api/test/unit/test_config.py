from pathlib import Path

import pytest

from points_api.config import ConfigError, read_config

VALID = {
    "DATABASE_URL": "postgresql://points@db/points",
    "DATABASE_PASSWORD": "swordfish",
}


def problems(env: dict[str, str]) -> str:
    with pytest.raises(ConfigError) as caught:
        read_config(env)
    return str(caught.value)


def test_unset_variables_have_their_default() -> None:
    config = read_config(VALID)
    assert config.log_level == "info"
    assert config.database.pool_size == 5
    assert config.version == "unknown"


def test_one_error_reports_all_problems_by_name() -> None:
    text = problems({"LOG_LEVEL": "loud", "DATABASE_POOL_SIZE": "0"})
    for name in ("DATABASE_URL", "LOG_LEVEL", "DATABASE_POOL_SIZE"):
        assert f"  {name} is not" in text
    assert "  neither DATABASE_PASSWORD nor DATABASE_PASSWORD_FILE is set" in text
    assert text.endswith("fix: set these environment variables")


@pytest.mark.parametrize("url", ["mysql://db/points", "postgresql:///points", "postgresql://d:x/p"])
def test_a_url_of_another_scheme_is_rejected(url: str) -> None:
    assert "DATABASE_URL is not a URL such as" in problems({**VALID, "DATABASE_URL": url})


def test_no_value_is_ever_printed() -> None:
    text = problems({**VALID, "DATABASE_URL": "postgresql://points:s3cret@db/points"})
    assert "DATABASE_URL contains a password" in text
    assert "s3cret" not in text


def test_a_secret_can_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("from a file\n")
    env = {"DATABASE_URL": VALID["DATABASE_URL"], "DATABASE_PASSWORD_FILE": str(file)}
    assert read_config(env).database.password == "from a file"
    assert "both set" in problems({**env, "DATABASE_PASSWORD": "too"})
    file.write_text("")
    assert "names an empty file" in problems(env)
    file.unlink()
    assert "cannot be read (No such file or directory)" in problems(env)
