"""For each environment on stdin, a JSON list: what entrypoint_config says, as one line of JSON."""

import json
import logging
import sys
from pathlib import Path

import entrypoint_config

warnings = []


class Keep(logging.Handler):
    def emit(self, record):
        warnings.append(record.getMessage())


logging.getLogger("entrypoint_config").addHandler(Keep())
directory = Path(sys.argv[1])
for env in json.load(sys.stdin):
    warnings.clear()
    try:
        entrypoint_config.read(env=env, directory=directory)
        message = None
    except entrypoint_config.ConfigError as error:
        message = str(error)
    found = {"message": message, "warnings": warnings, "origins": entrypoint_config.origins(env=env, directory=directory)}
    print(json.dumps(found))
