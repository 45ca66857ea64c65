"""Refusals of files that pin other packages than the manifests ask for, with the line."""

import re

from ..report import Refusal
from . import agreement, declared, requirements

LOCK_COMMANDS = {
    "uv": "uv lock",
    "poetry": "poetry lock",
    "pdm": "pdm lock",
    "pipenv": "pipenv lock",
    "pylock": "pip lock, or uv pip compile",
}


def lock_has_manifest(project, choice):
    """Raises Refusal with the line of a dependency that the lock file lacks; the manager itself compares the rest."""
    if choice.lock is None or project.table("tool", "uv").get("override-dependencies"):
        return
    locked = agreement.locked_versions(project, choice.lock)
    if not locked and choice.kind == "uv":
        return
    wrong, absent = agreement.pins_against_manifest(declared.of_manager(project, choice.kind), locked)
    fix = f"{LOCK_COMMANDS[choice.kind]}, and commit {choice.lock}"
    if absent:
        raise Refusal(f"{absent[0].place} asks for {absent[0].text}, which {choice.lock} does not contain", fix)
    if wrong:
        one, version = wrong[0]
        raise Refusal(
            f"{one.place} asks for {one.text}, and {agreement.at(project, choice.lock, one.name)} has {version}", fix
        )


def own_dependencies(project, lines, messages):
    """Dependencies of the project itself that no requirement file lists. Raises Refusal if one contradicts a pin."""
    pins = agreement.pins_of(lines)
    own, _ = declared.dependencies(project)
    wrong, absent = agreement.pins_against_manifest([*own, *declared.pipfile(project)], pins)
    refuse_wrong(wrong, lines)
    groups = declared.groups(project)
    listed = [one for name in declared.chosen(project, "groups", groups) for one in groups[name]]
    _, absent_groups = agreement.pins_against_manifest(listed, pins)
    found = [*absent, *(one for one in absent_groups if one.name not in {other.name for other in absent})]
    if found:
        names = ", ".join(one.text for one in found)
        manifest = found[0].place.split(":")[0]
        messages.append(
            f"warning: no requirement file pins {names} of {manifest}: another day's build gives another image"
        )
    unused = sorted(declared.extras(project))
    if unused and project.own.get("extras") is None:
        messages.append(f"not installed: the extras {', '.join(unused)} (pyproject.toml: [tool.entrypoint] extras)")
    table = declared.extras(project)
    chosen = declared.chosen(project, "extras", table) if project.own.get("extras") is not None else []
    return [*found, *(one for name in chosen for one in table[name])]


def one_pin_each(lines):
    """Raises Refusal for two lines that pin one package at different versions."""
    first = {}
    for line in lines:
        found = line.requirement
        if line.constraint or not found or (found.marker and not found.marker.evaluate({"extra": ""})):
            continue
        exact = agreement.pins_of([line])[line.name]
        if not exact:
            continue
        other, versions = first.setdefault(line.name, (line, exact))
        if not versions & exact:
            raise Refusal(
                f"{other.place} pins {found.name} {next(iter(versions))}, and {line.place} pins {next(iter(exact))}",
                "change one of the two lines, or choose the files in pyproject.toml: [tool.entrypoint] requirements",
            )


def hashed_manifest(project, choice, lines):
    own, _ = declared.dependencies(project)
    wrong, absent = agreement.pins_against_manifest(own, agreement.pins_of(lines))
    refuse_wrong(wrong, lines)
    if absent:
        raise Refusal(
            f"{absent[0].place} asks for {absent[0].text}, which {choice.files[0]} (with hashes) does not pin",
            "write the requirement file again (pip-compile --generate-hashes, uv pip compile --generate-hashes)",
        )


def refuse_wrong(wrong, lines):
    if not wrong:
        return
    one, version = wrong[0]
    line = next(line for line in lines if line.name == one.name and not line.constraint)
    raise Refusal(f"{one.place} asks for {one.text}, and {line.place} pins {version}", "change one of the two lines")


def agrees_with_inputs(project, choice, lines):
    """requirements.in is the manifest of requirements.txt."""
    pins = agreement.pins_of(lines)
    for file in choice.files:
        source = re.sub(r"\.txt$", ".in", file)
        if source == file or not project.has(source):
            continue
        entries = [line for line in requirements.read(project.directory, source) if not line.constraint]
        wrong, absent = agreement.pins_against_manifest(
            [declared.Declared(one.text, one.place) for one in entries], pins
        )
        refuse_wrong(wrong, lines)
        if absent:
            raise Refusal(
                f"{absent[0].place} asks for {absent[0].text}, which {file} does not list",
                f"pip-compile {source}, and commit {file}",
            )
