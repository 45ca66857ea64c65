"""The dependencies that a project's own metadata declares."""

import os
import re
from dataclasses import dataclass

from pip._vendor.packaging.utils import canonicalize_name

from ..report import Missing, Refusal
from . import requirements, versions
from .project import read_project, read_toml, setup_cfg


@dataclass(frozen=True)
class Declared:
    """A dependency, and the file and line that declare it."""

    text: str
    place: str

    @property
    def requirement(self):
        return requirements.parsed(self.text)

    @property
    def name(self):
        return requirements.name_of(self.requirement)

    @property
    def applies(self):
        found = self.requirement
        return found is None or found.marker is None or found.marker.evaluate({"extra": ""})


def word_of(text):
    return re.match(r"[\w.\-]*", text.strip())[0]


def dependencies(project):
    """(what the project needs to run, whether that is all of it: a build backend or a setup.py can know more)."""
    metadata = project.table("project")
    if metadata and "dependencies" not in metadata.get("dynamic", []):
        return [_declared(project, text) for text in metadata.get("dependencies", [])], True
    if metadata:
        dynamic = project.table("tool", "setuptools", "dynamic", "dependencies")
        files = dynamic.get("file") if isinstance(dynamic, dict) else None
        if not files:
            return [], False
        found = []
        for file in [files] if isinstance(files, str) else files:
            found += requirements.read(project.directory, file, named_by=project.place("pyproject.toml", file))
        return [Declared(line.text, line.place) for line in found if not line.constraint], True
    if project.has("setup.py"):
        return [], False
    options = setup_cfg(project).get("options", {})
    text = options.get("install_requires", "")
    named = re.match(r"\s*file:\s*(\S+)\s*$", text)
    if named:
        lines = requirements.read(project.directory, named[1], named_by=project.place("setup.cfg", named[1]))
        return [Declared(line.text, line.place) for line in lines], True
    return [
        Declared(line.strip(), project.place("setup.cfg", word_of(line))) for line in text.splitlines() if line.strip()
    ], True


def _declared(project, text):
    return Declared(
        text,
        project.place("pyproject.toml", f'"{word_of(text)}')
        if f'"{word_of(text)}' in project.texts["pyproject.toml"]
        else project.place("pyproject.toml", word_of(text)),
    )


def extras(project):
    """{extra: dependencies}, with references to the project's own extras resolved."""
    listed = project.table("project", "optional-dependencies") or {
        name: [line.strip() for line in text.splitlines() if line.strip()]
        for name, text in setup_cfg(project).get("options.extras_require", {}).items()
    }
    own = canonicalize_name(project.table("project").get("name", "-"))

    def resolve(name, seen):
        for text in listed.get(name, []):
            one = requirements.parsed(text)
            if one is not None and requirements.name_of(one) == own and one.extras:
                for further in one.extras - seen:
                    yield from resolve(further, seen | {further})
            else:
                yield text

    file = "pyproject.toml" if project.table("project", "optional-dependencies") else "setup.cfg"
    return {
        name: [Declared(text, project.place(file, word_of(text))) for text in resolve(name, {name})] for name in listed
    }


def groups(project):
    """{group: dependencies} of [dependency-groups] and of pdm's older table."""
    listed = {**project.table("tool", "pdm", "dev-dependencies"), **project.table("dependency-groups")}

    def resolve(name, seen):
        for entry in listed.get(name, []):
            if isinstance(entry, str):
                yield entry
            elif entry.get("include-group") not in seen:
                yield from resolve(entry.get("include-group"), seen | {name})

    return {
        name: [Declared(text, project.place("pyproject.toml", word_of(text))) for text in resolve(name, {name})]
        for name in listed
    }


def poetry_tables(project):
    """{group: dependencies} of [tool.poetry], in the words of pip; the main group is ''."""
    poetry = project.table("tool", "poetry")
    tables = {"": poetry.get("dependencies", {}), "dev": poetry.get("dev-dependencies", {})}
    for name, group in poetry.get("group", {}).items():
        tables[name] = {**tables.get(name, {}), **group.get("dependencies", {})}
    return {
        group: [
            Declared(text, project.place("pyproject.toml", name))
            for name, value in table.items()
            if name.lower() != "python"
            for text in _poetry_texts(name, value)
        ]
        for group, table in tables.items()
        if table
    }


def _poetry_texts(name, value):
    for one in value if isinstance(value, list) else [value]:
        entry = one if isinstance(one, dict) else {"version": one}
        extras = f"[{','.join(entry['extras'])}]" if entry.get("extras") else ""
        markers = [entry["markers"]] if entry.get("markers") else []
        if entry.get("python"):
            for part in versions.caret(entry["python"], series=True)[-1].split(","):
                operator, number = re.match(r"([<>=!~]+)(.*)", part).groups()
                markers.append(f"python_version {operator} '{number.removesuffix('.*')}'")
        marker = f" ; {' and '.join(f'({one})' for one in markers)}" if markers else ""
        if entry.get("git"):
            revision = entry.get("rev", entry.get("tag", entry.get("branch")))
            yield f"{name}{extras} @ git+{entry['git']}{f'@{revision}' if revision else ''}{marker}"
        elif entry.get("url"):
            yield f"{name}{extras} @ {entry['url']}{marker}"
        elif entry.get("path"):
            yield f"{'-e ' if entry.get('develop') else ''}./{entry['path'].removeprefix('./')}"
        else:
            # Of alternatives (`||`), pip has no equivalent: the last one is the newest.
            yield f"{name}{extras}{versions.caret(entry.get('version', '*'))[-1]}{marker}"


def pipfile(project):
    table = read_toml("Pipfile", project.texts["Pipfile"]) if project.has("Pipfile") else {}
    return [
        Declared(
            f"{name}{version if isinstance(version, str) and version != '*' else ''}", project.place("Pipfile", name)
        )
        for section in ("packages", "dev-packages")
        for name, version in table.get(section, {}).items()
    ]


def of_manager(project, kind):
    """What the manifest of a package manager declares, as far as its lock file must contain it."""
    if kind == "pipenv":
        return pipfile(project)
    own, _ = dependencies(project)
    if kind == "poetry":
        # The names; poetry itself compares the versions.
        names = [one for table in poetry_tables(project).values() for one in table if one.requirement]
        return [*own, *(Declared(re.match(r"[\w.\-]+", one.text)[0], one.place) for one in names)]
    if kind in ("pdm", "pylock"):
        return own
    return [*own, *(one for table in (extras(project), groups(project)) for found in table.values() for one in found)]


def chosen(project, key, known):
    """The extras or groups to install: those of [tool.entrypoint], else all."""
    own = project.own.get(key)
    if own is None:
        return list(known)
    unknown = [name for name in own if name not in known]
    if unknown:
        raise Refusal(
            f"{project.place('pyproject.toml', key)}: there is no {key[:-1]} {unknown[0]}",
            f"one of: {', '.join(known) or 'none'}",
        )
    return list(own)


def wanted(project):
    """Everything a project declares, to run and to develop; and whether that is all of it."""
    own, complete = dependencies(project)
    found = list(own)
    for key, table in (("extras", extras(project)), ("groups", groups(project))):
        # Of a setup.py, only its build tells the extras.
        for name in chosen(project, key, table) if complete or key == "groups" else []:
            found += table[name]
    return found, complete


def of_local_project(directory, path, names, place):
    """The dependencies of a project beside the service, with these extras. None if only its build can tell."""
    where = os.path.join(directory, path)
    if not os.path.isdir(where):
        raise Missing(path, place)
    project = read_project(where)
    if not any(project.has(name) for name in ("pyproject.toml", "setup.py", "setup.cfg")):
        raise Missing(f"{path}/pyproject.toml", place)
    own, complete = dependencies(project)
    if not complete:
        return None
    table = extras(project)
    return [*own, *(one for name in names for one in table.get(name, []))]
