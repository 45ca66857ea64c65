"""The variables of all programs in a build: where packages go, the secrets, certificates."""

import os
import re
import tempfile

SECRETS = "/run/secrets"
CACHE = "/root/.cache/entrypoint"
# The directory of a service that is a member of a workspace: the build argument of `entrypoint build`.
MEMBER = os.environ.get("service_directory", "").strip("/")
VENV = os.environ.get("VIRTUAL_ENV", "/opt/venv")


def secret(name):
    path = f"{SECRETS}/{name}"
    return path if os.path.exists(path) and os.path.getsize(path) > 0 else None


def build_variables():
    """Settings and passwords of the machine that builds: NAME=value lines of build_env, and secrets named like variables."""
    found = {}
    if secret("build_env"):
        with open(secret("build_env"), encoding="utf-8") as opened:
            for line in opened:
                pair = re.match(r"\s*(?:export\s+)?([A-Za-z_]\w*)=(.*?)\r?\n?$", line)
                if pair:
                    found[pair[1]] = re.sub(r"^(['\"])(.*)\1$", r"\2", pair[2])
    names = os.listdir(SECRETS) if os.path.isdir(SECRETS) else []
    for name in names:
        if re.fullmatch(r"[A-Z][A-Z0-9_]*", name) and secret(name):
            with open(secret(name), encoding="utf-8") as opened:
                found[name] = opened.read().rstrip("\n")
    return found


def build_environment():
    # PYTHONPATH leads to this module.
    env = {
        **{name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        "HOME": "/root",
        "VIRTUAL_ENV": VENV,
        "PIP_ROOT_USER_ACTION": "ignore",
        "PIP_NO_INPUT": "1",
        "UV_PROJECT_ENVIRONMENT": VENV,
        "UV_LINK_MODE": "copy",
        "UV_PYTHON_DOWNLOADS": "never",
        "UV_PYTHON": f"{VENV}/bin/python3",
        "UV_NO_PROGRESS": "1",
        "UV_CACHE_DIR": "/root/.cache/uv",
        "POETRY_VIRTUALENVS_CREATE": "false",
        "POETRY_NO_INTERACTION": "1",
        "POETRY_SYSTEM_GIT_CLIENT": "true",
        "POETRY_KEYRING_ENABLED": "false",
        "PDM_CHECK_UPDATE": "0",
        "PDM_IGNORE_SAVED_PYTHON": "1",
        "PIPENV_VERBOSITY": "-1",
        "PIPENV_YES": "1",
        "PIPENV_NOSPIN": "1",
        **build_variables(),
    }
    certificate = secret("ca")
    if certificate:
        for name in ("PIP_CERT", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "GIT_SSL_CAINFO", "CURL_CA_BUNDLE"):
            env[name] = certificate
    if secret("pip_conf"):
        env["PIP_CONFIG_FILE"] = secret("pip_conf")
    if secret("uv_toml"):
        env["UV_CONFIG_FILE"] = secret("uv_toml")
    if secret("netrc"):
        # git reads only ~/.netrc; pip, uv and requests this variable.
        env["NETRC"] = secret("netrc")
    return env


def scratch_directory():
    """A directory for temporary files, in the build cache where there is one, to be removed at the end."""
    os.makedirs(CACHE, exist_ok=True)
    return tempfile.mkdtemp(prefix="tmp-", dir=CACHE)


def home_of_git():
    """A directory whose .netrc is the secret, for git; outside of every layer."""
    directory = tempfile.mkdtemp(dir=tempfile.gettempdir())
    if secret("netrc"):
        os.symlink(secret("netrc"), f"{directory}/.netrc")
    return directory
