"""Whether the image's Python is the one that the service asks for."""

import re
import sys
import tomllib

from pip._vendor.packaging.specifiers import InvalidSpecifier, SpecifierSet

from ..report import Refusal, note
from .project import setup_cfg

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
FULL = ".".join(map(str, sys.version_info[:3]))
# The images there are, and the version each has at least.
IMAGES = ("3.13", "3.11", "3.14")


def caret(text, series=False):
    """
    A constraint of poetry's as sets of which one must hold. With `series`, `3.12` is any 3.12, as people mean it of a
    version of Python.
    """
    sets = []
    for part in text.split("||"):
        words = []
        for word in re.split(r"[,\s]+(?![\s\d])", part.strip()):
            found = re.fullmatch(r"([\^~])\s*(\d+)(?:\.(\d+))?(?:\.\d+)?", word.strip())
            if found:
                upper = f"{int(found[2]) + 1}" if found[1] == "^" or not found[3] else f"{found[2]}.{int(found[3]) + 1}"
                words += [f">={word[1:].strip()}", f"<{upper}"]
            elif re.match(r"\d", word):
                words.append(f"=={word}.*" if series and word.count(".") == 1 else f"=={word}")
            elif word not in ("", "*"):
                words.append(word)
        sets.append(",".join(words))
    return sets


def asked_for(project):
    """[(place, what it says, sets of versions of which one must hold)]"""
    found = []
    if project.has(".python-version"):
        lines = project.texts[".python-version"].split("\n")
        number, text = next(
            ((n, one.strip()) for n, one in enumerate(lines, 1) if one.strip() and not one.startswith("#")), (1, "")
        )
        version = re.fullmatch(r"(?:cpython-|python-)?(3\.\d+)(?:\.\d+\w*)?", text)
        if version:
            found.append((f".python-version:{number}", text, [f"=={version[1]}.*"]))
        elif text:
            note(f".python-version:{number} says {text}, which is no version of CPython: not used")
    requires = project.table("project").get("requires-python")
    if requires:
        found.append((project.place("pyproject.toml", "requires-python"), requires, [requires]))
    poetry = project.table("tool", "poetry", "dependencies").get("python")
    if isinstance(poetry, str):
        found.append((project.place("pyproject.toml", "python", poetry), poetry, caret(poetry, series=True)))
    if project.has("Pipfile"):
        try:
            wanted = tomllib.loads(project.texts["Pipfile"]).get("requires", {})
        except tomllib.TOMLDecodeError:
            wanted = {}
        version = wanted.get("python_full_version", wanted.get("python_version"))
        if version:
            short = ".".join(str(version).split(".")[:2])
            found.append((project.place("Pipfile", "python_"), str(version), [f"=={short}.*"]))
    options = setup_cfg(project).get("options", {}).get("python_requires")
    if options:
        found.append((project.place("setup.cfg", "python_requires"), options, [options]))
    return found


def allows(sets, version):
    for one in sets:
        try:
            if SpecifierSet(one).contains(version, prereleases=True):
                return True
        except InvalidSpecifier:
            return True
    return False


def check_python(project):
    """Raises Refusal if the service asks for another Python than this image has."""
    asked = asked_for(project)
    wrong = [(place, text) for place, text, sets in asked if not allows(sets, FULL)]
    if not wrong:
        return
    place, text = wrong[0]
    # Of the others, the newest patch release is not known here.
    other = [
        one
        for one in IMAGES
        if one != HERE and all(allows(sets, f"{one}.99") or allows(sets, f"{one}.2") for _, _, sets in asked)
    ]
    fix = (
        f"FROM entrypoint/python-service:{other[0]}{' (a preview, from Debian unstable)' if other[0] == '3.14' else ''}"
        if other
        else f"change {place.split(':')[0]}; images of entrypoint have Python 3.11, 3.13 and 3.14: for another, copy the command into an"
        " image with it (docs/images.md)"
    )
    raise Refusal(f"{place} asks for Python {text}, and this image has {FULL}", fix)
