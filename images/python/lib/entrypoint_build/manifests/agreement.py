"""Whether the files that pin packages agree with each other, and with the manifests."""

import json

from pip._vendor.packaging.utils import canonicalize_name
from pip._vendor.packaging.version import InvalidVersion, Version

from ..report import Refusal
from .project import read_toml


def locked_versions(project, lock):
    """{name: versions} of a lock file."""
    if lock == "Pipfile.lock":
        try:
            content = json.loads(project.texts[lock])
        except ValueError as error:
            raise Refusal(f"{lock} is not valid JSON: {error}", "pipenv lock, and commit the file") from error
        packages = [
            {"name": name, "version": entry.get("version", "").removeprefix("==")}
            for key, section in content.items()
            if key != "_meta"
            for name, entry in section.items()
        ]
    else:
        content = read_toml(lock, project.texts[lock])
        packages = content.get("package", []) + content.get("packages", [])
    found = {}
    for package in packages:
        versions = found.setdefault(canonicalize_name(package["name"]), set())
        if package.get("version"):
            versions.add(_version(package["version"]))
    return found


def _version(text):
    try:
        return Version(text)
    except InvalidVersion:
        return text


def lines_against_lock(project, lines, lock):
    """Why requirement lines are not an export of a lock file; None if they are."""
    known = locked_versions(project, lock)
    for line in lines:
        if line.constraint or line.name is None or not _applies(line.requirement):
            continue
        if line.name not in known:
            return f"{line.place}: {line.requirement.name} is not in {lock}"
        pinned = [
            one for one in line.requirement.specifier if one.operator in ("==", "===") and not one.version.endswith("*")
        ]
        versions = known[line.name]
        if pinned and versions and _version(pinned[0].version) not in versions:
            return f"{line.place}: {line.text.split(' --')[0]}, and {at(project, lock, line.name)} has {', '.join(map(str, sorted(versions, key=str)))}"
    return None


def at(project, lock, name):
    """The place of a package in a lock file."""
    return project.place(lock, f'"{name}"')


def _applies(requirement):
    return requirement.marker is None or requirement.marker.evaluate({"extra": ""})


def locks_agree(project, lock, other):
    """Why one lock file is not an export of another; None if it is."""
    known = locked_versions(project, lock)
    for name, versions in locked_versions(project, other).items():
        if name not in known:
            return f"{at(project, other, name)}: {name} is not in {lock}"
        if versions and known[name] and not versions & known[name]:
            return (
                f"{at(project, other, name)}: {name} {', '.join(map(str, versions))}, and "
                f"{at(project, lock, name)} has {', '.join(map(str, known[name]))}"
            )
    return None


def pins_against_manifest(declared, pins):
    """
    Of what a manifest declares: (lines that contradict a pin, dependencies that nothing pins). `pins` has the versions
    of each name; an empty set is any version.
    """
    wrong, absent = [], []
    for one in declared:
        if one.name is None or not one.applies:
            continue
        if one.name not in pins:
            absent.append(one)
            continue
        versions = [version for version in pins[one.name] if isinstance(version, Version)]
        if (
            versions
            and one.requirement.specifier
            and not any(one.requirement.specifier.contains(version, prereleases=True) for version in versions)
        ):
            wrong.append((one, versions[0]))
    return wrong, absent


def pins_of(lines):
    """{name: versions} of requirement lines."""
    found = {}
    for line in lines:
        if line.name is None or line.constraint:
            continue
        versions = found.setdefault(line.name, set())
        for one in line.requirement.specifier:
            if one.operator in ("==", "===") and not one.version.endswith("*"):
                versions.add(_version(one.version))
    return found
