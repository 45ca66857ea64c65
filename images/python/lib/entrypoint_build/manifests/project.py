"""What a service's directory says: its manifests, its lock files, and what [tool.entrypoint] chooses."""

import configparser
import glob
import os
import re
import tomllib
from dataclasses import dataclass, field

from ..report import Refusal, line_of

LOCKS = {"uv.lock": "uv", "poetry.lock": "poetry", "pdm.lock": "pdm", "Pipfile.lock": "pipenv"}
OWN_KEYS = {"module", "asgi_module", "worker_class", "requirements", "extras", "groups", "config"}

RUNTIME = {"requirements", "base", "common", "main", "run", "prod", "production", "app"}
DEVELOPMENT = {"dev", "develop", "development", "test", "tests", "testing", "local", "ci", "lint", "qa", "typing"}


@dataclass(frozen=True)
class Project:
    directory: str
    texts: dict = field(default_factory=dict)
    pyproject: dict = field(default_factory=dict)

    def has(self, name):
        return name in self.texts

    def table(self, *keys):
        found = self.pyproject
        for key in keys:
            found = found.get(key, {}) if isinstance(found, dict) else {}
        return found

    @property
    def own(self):
        return self.table("tool", "entrypoint")

    @property
    def locks(self):
        return [name for name in LOCKS if self.has(name)]

    @property
    def pylocks(self):
        return sorted(name for name in self.texts if re.fullmatch(r"pylock\.([^.]+\.)?toml", name))

    @property
    def is_package(self):
        """Whether the project itself can be installed: without a build system, as with uv, it runs from its directory."""
        return (
            "build-system" in self.pyproject
            or self.has("setup.py")
            or bool(re.search(r"^\[metadata\]", self.texts.get("setup.cfg", ""), re.M))
        )

    def place(self, file, *words):
        return f"{file}:{line_of(self.texts.get(file, ''), *words)}"


FILES = (
    "pyproject.toml",
    "uv.lock",
    "uv.toml",
    "poetry.lock",
    "poetry.toml",
    "pdm.lock",
    "pdm.toml",
    "Pipfile",
    "Pipfile.lock",
    "pylock*.toml",
    "requirements*.txt",
    "requirements*.in",
    "*requirements.txt",
    "*requirements.in",
    "constraints*.txt",
    "requirements/*.txt",
    "requirements/*.in",
    "setup.py",
    "setup.cfg",
    ".python-version",
    "environment.yml",
    "environment.yaml",
    "conda-lock.yml",
)


def read_project(directory):
    texts = {}
    for pattern in FILES:
        for name in sorted(glob.glob(pattern, root_dir=directory, include_hidden=True)):
            if os.path.isfile(os.path.join(directory, name)):
                with open(os.path.join(directory, name), encoding="utf-8-sig", errors="replace") as opened:
                    texts[name] = opened.read()
    pyproject = read_toml("pyproject.toml", texts["pyproject.toml"]) if "pyproject.toml" in texts else {}
    project = Project(directory, texts, pyproject)
    unknown = sorted(set(project.own) - OWN_KEYS)
    if unknown:
        raise Refusal(
            f"{project.place('pyproject.toml', unknown[0])}: [tool.entrypoint] has no key {unknown[0]}",
            f"one of: {', '.join(sorted(OWN_KEYS))}",
        )
    return project


def read_toml(name, text):
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Refusal(f"{name} is not valid TOML: {error}", f"correct {name}") from error


def role_of(name):
    """`runtime`, `development` or `other`, by the name of a requirement file; `constraints` for those."""
    stem = os.path.splitext(os.path.basename(name))[0].lower()
    if stem.startswith("constraints"):
        return "constraints"
    words = [word for word in re.split(r"[-_.]", stem) if word not in ("requirements", "requirement")]
    if not words:
        return "runtime"
    if len(words) == 1 and words[0] in RUNTIME:
        return "runtime"
    return "development" if len(words) == 1 and words[0] in DEVELOPMENT else "other"


def requirement_files(project, ending=".txt"):
    """(files to install, constraints, files that are left out)."""
    names = [
        name
        for name in project.texts
        if name.endswith(ending) and ("requirements" in name or name.startswith("constraints"))
    ]
    own = project.own.get("requirements")
    if own is not None and ending == ".txt":
        absent = [name for name in own if not os.path.exists(os.path.join(project.directory, name))]
        if absent and not absent[0].startswith(".."):
            return list(own), [], []
        return list(own), [], sorted(set(names) - {os.path.normpath(name) for name in own})
    roles = {name: role_of(name) for name in names}
    chosen = [name for name in names if roles[name] in ("runtime", "development")]
    others = [name for name in names if roles[name] == "other"]
    # `requirements-shop.txt` alone is the service's; two unknown names are not for us to choose from.
    if others and not any(roles[name] == "runtime" for name in names):
        chosen, others = [*chosen, *others], []
    used = [
        name
        for name in names
        if roles[name] == "constraints" and (name.startswith("requirements/") or name == "constraints.txt")
    ]
    left = [*others, *(name for name in names if roles[name] == "constraints" and name not in used)]
    return sorted(chosen), sorted(used), sorted(left)


def setup_cfg(project):
    """The [options] of setup.cfg as {section: {key: text}}."""
    if not project.has("setup.cfg"):
        return {}
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        parser.read_string(project.texts["setup.cfg"])
    except configparser.Error as error:
        raise Refusal(f"setup.cfg cannot be read: {error}".split("\n")[0], "correct setup.cfg") from error
    return {section: dict(parser[section]) for section in parser.sections()}
