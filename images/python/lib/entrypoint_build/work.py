"""What a choice installs: the packages of others, as data. Nothing here runs a program."""

import glob
import os
import re
from dataclasses import dataclass, field

from pip._vendor.packaging.utils import canonicalize_name

from .managers import digest
from .manifests import declared, requirements
from .manifests.drift import agrees_with_inputs, hashed_manifest, lock_has_manifest, one_pin_each, own_dependencies
from .report import Missing


@dataclass(frozen=True)
class Work:
    """What to install, and a fingerprint of everything that decides it."""

    choice: object
    lines: list = field(default_factory=list)
    """Lines of one flattened requirement file, for pip."""
    local: list = field(default_factory=list)
    """Words of pip for projects beside the service, installed from the source."""
    whole: bool = False
    """Only a build of the source can tell what it needs: everything is one step, after the source is copied."""
    inputs: dict = field(default_factory=dict)

    @property
    def fingerprint(self):
        return digest(
            self.choice.kind, *self.lines, *(part for name in sorted(self.inputs) for part in (name, self.inputs[name]))
        )


def plan(project, choice, has_source, messages):
    """
    The work of a choice; what is to be said about it is added to `messages`. Raises Missing for a
    file that it needs and that is not there (yet).
    """
    names = {
        "uv": ("pyproject.toml", "uv.lock", "uv.toml"),
        "poetry": ("pyproject.toml", "poetry.lock", "poetry.toml"),
        "pdm": ("pyproject.toml", "pdm.lock", "pdm.toml"),
        "pipenv": ("Pipfile", "Pipfile.lock"),
        "pylock": tuple(project.pylocks),
    }.get(choice.kind)
    if names:
        inputs = {name: project.texts[name] for name in names if project.has(name)}
        if choice.kind == "poetry" and choice.lock is None:
            return _poetry_unlocked(project, choice, inputs, has_source)
        lock_has_manifest(project, choice)
        _require_paths(project, choice, has_source)
        return Work(choice, inputs=inputs)
    if choice.kind == "requirements":
        return _requirements(project, choice, has_source, messages)
    if choice.kind == "pyproject":
        return _pyproject(project, choice, has_source)
    return Work(choice)


def _poetry_unlocked(project, choice, inputs, has_source):
    """pip installs what [tool.poetry] lists."""
    tables = declared.poetry_tables(project)
    own = project.own.get("groups")
    optional = [name for name in tables if own is not None and name and name not in own]
    texts = [one.text for name, table in tables.items() if name not in optional for one in table]
    local = [text for text in texts if re.match(r"(?:-e )?\./", text)]
    if local and not has_source:
        raise Missing(local[0].removeprefix("-e "), project.place("pyproject.toml", local[0].split("/")[-1]))
    return Work(choice, [text for text in texts if text not in local], local, bool(local), inputs)


def _require_paths(project, choice, has_source):
    """Managers that install a project beside the service together with everything else need it at that time."""
    if has_source:
        return
    text = project.texts.get(choice.lock or ("Pipfile" if choice.kind == "pipenv" else "pyproject.toml"), "")
    patterns = {
        "pdm": r"^path\s*=\s*\"([^\"]+)\"",
        "pipenv": r"(?:\bpath\s*=\s*|\"path\":\s*)\"([^\"]+)\"",
        "pylock": r"\bdirectory\s*=\s*\{[^}]*path\s*=\s*\"([^\"]+)\"|^path\s*=\s*\"([^\"]+)\"",
    }.get(choice.kind)
    sources = [text] if choice.kind != "pipenv" else [text, project.texts.get("Pipfile", "")]
    for one in sources if patterns else []:
        found = re.search(patterns, one, re.M)
        if found:
            raise Missing(next(filter(None, found.groups())), choice.lock or "Pipfile")
    if choice.kind == "uv" and choice.lock is None:
        raise Missing("the packages of the workspace", project.place("pyproject.toml", "tool.uv"))


def _flatten(project, files, constraints):
    lines = []
    for file in files:
        lines += requirements.read(project.directory, file)
    for file in constraints:
        lines += requirements.read(project.directory, file, constraint=True)
    requirements.require_local(project.directory, lines)
    return list(dict.fromkeys(requirements.relative_options(lines)))


def _requirements(project, choice, has_source, messages):
    lines = _flatten(project, choice.files, choice.constraints)
    hashed = requirements.has_hashes(lines)
    one_pin_each(lines)
    agrees_with_inputs(project, choice, lines)
    local = [line for line in lines if line.local_project and not line.constraint]
    others = [line for line in lines if line not in local]
    inputs = {
        name: project.texts[name]
        for name in ("pyproject.toml", "setup.cfg", "setup.py", "Pipfile")
        if project.has(name)
    }
    further, whole = [], False
    for line in local:
        found = declared.of_local_project(project.directory, line.local_project, line.extras, line.place)
        inputs[line.place] = line.text
        if found is None:
            whole = True
        else:
            further += found
    own = not any(os.path.normpath(line.local_project) == "." for line in local)
    if own and not hashed:
        _, complete = declared.dependencies(project)
        # A setup.py beside requirements is installed without its dependencies.
        further += own_dependencies(project, others, messages) if complete else []
    elif own:
        hashed_manifest(project, choice, others)
    if whole and not has_source:
        raise Missing("the source", local[0].place)
    texts = [line.text for line in others if not line.constraint] + [one.text for one in further if one.requirement]
    pins = [(line.text, line.place) for line in others if line.constraint]
    flat = [*texts, *(f"-c:{text}" for text, _ in pins)]
    if choice.warning is None:
        for file in dict.fromkeys(line.file for line in others if not line.constraint):
            loose = [
                line.text
                for line in others
                if line.file == file and not line.constraint and not line.pinned and line.requirement
            ]
            constrained = {canonicalize_name(re.split(r"[=<>!~ ;\[]", text)[0]) for text, _ in pins}
            loose = [text for text in loose if canonicalize_name(re.split(r"[=<>!~ ;\[]", text)[0]) not in constrained]
            if loose:
                messages.append(
                    f"warning: {file} does not pin {', '.join(loose)}: another day's build gives another image"
                )
    editable = [line.text for line in local]
    return Work(choice, flat, editable, whole, inputs)


def _pyproject(project, choice, has_source):
    found, complete = declared.wanted(project)
    inputs = {name: project.texts[name] for name in ("pyproject.toml", "setup.py", "setup.cfg") if project.has(name)}
    constraints = [line for file in choice.constraints for line in requirements.read(project.directory, file, True)]
    if not complete and not has_source:
        raise Missing(
            "the source",
            project.place(
                "setup.py" if project.has("setup.py") and not project.table("project") else "pyproject.toml", "dynamic"
            ),
        )
    if not complete:
        # What a setup.py or a build backend reads besides.
        for pattern in ("*.txt", "*.in", "*.cfg", "*.toml", "*/*.txt", "*/*.in"):
            for name in glob.glob(pattern, root_dir=project.directory):
                with open(os.path.join(project.directory, name), encoding="utf-8", errors="replace") as opened:
                    inputs[name] = opened.read()
    flat = [one.text for one in found] + [f"-c:{line.text}" for line in constraints]
    extras = project.own.get("extras", list(declared.extras(project))) if not complete else []
    editable = [f"-e .{'[' + ','.join(extras) + ']' if extras else ''}"] if not complete else []
    return Work(choice, flat, editable, not complete, inputs)


def conflicts(project):
    """Extras and groups that uv's conflicts exclude from each other: {extra: {...}, group: {...}}."""
    found = {"extra": set(), "group": set()}
    for together in project.table("tool", "uv").get("conflicts", []) or []:
        for one in together:
            for kind, names in found.items():
                if kind in one:
                    names.add(one[kind])
    return found
