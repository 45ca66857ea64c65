"""Exits with 0 when a pyproject.toml lists no dependencies, with 1 when it does."""

import sys
import tomllib

with open(sys.argv[1], "rb") as file:
    settings = tomllib.load(file)
project = settings.get("project", {})
listed = [
    project.get("dependencies"),
    *project.get("optional-dependencies", {}).values(),
    *settings.get("dependency-groups", {}).values(),
    settings.get("tool", {}).get("poetry", {}).get("dependencies"),
]
sys.exit(1 if any(listed) else 0)
