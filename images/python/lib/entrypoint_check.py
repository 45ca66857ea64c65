"""
Checks the command line of uvicorn or granian and loads the application, but does not serve: `python -m entrypoint_check
granian ...`, for `entrypoint run --check-config`. Nothing newer than Python 3.9.
"""

import importlib
import logging.config
import sys


def check_uvicorn(words):
    from uvicorn.config import Config
    from uvicorn.main import main

    given = main.make_context("uvicorn", words, auto_envvar_prefix="UVICORN").params
    if given["app_dir"] is not None:
        sys.path.insert(0, given["app_dir"])
    Config(given["app"], factory=given["factory"], interface=given["interface"], log_config=None).load()


def check_granian(words):
    import json

    from granian._internal import load_target
    from granian.cli import cli

    given = cli.make_context("granian", words, auto_envvar_prefix="GRANIAN").params
    if given["log_config"] is not None:
        logging.config.dictConfig(json.loads(given["log_config"].read_text()))
    load_target(given["app"], wd=given["working_dir"], factory=given["factory"])


def main(server, words):
    click = importlib.import_module("click")
    try:
        {"uvicorn": check_uvicorn, "granian": check_granian}[server](words)
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
