"""Requirement files: what pip would read, flattened, with the file and line of every entry."""

import os
import re
from dataclasses import dataclass, replace

from pip._vendor.packaging.requirements import InvalidRequirement, Requirement
from pip._vendor.packaging.utils import canonicalize_name

from ..report import Missing

INCLUDE = re.compile(r"^(-r|--requirement|-c|--constraint)(?:\s+|=|(?<=-[rc])(?=\S))(.+)$")
EDITABLE = re.compile(r"^(-e|--editable)(?:\s+|=)(.+)$")
ARCHIVE = re.compile(r"\.(whl|zip|tar\.gz|tgz|tar\.bz2|tar\.xz)(#.*)?$")


def parsed(text):
    """The text as a Requirement; None if it is none."""
    try:
        return Requirement(text)
    except InvalidRequirement:
        return None


def name_of(requirement):
    """Its name in the form in which names are compared; None without one."""
    return canonicalize_name(requirement.name) if requirement else None


@dataclass(frozen=True)
class Line:
    """An entry of a requirement file, with its continuation lines joined."""

    text: str
    file: str
    number: int
    constraint: bool = False

    @property
    def place(self):
        return f"{self.file}:{self.number}"

    @property
    def requirement(self):
        """The entry as a Requirement; None for options, paths and URLs without a name."""
        text = re.sub(r"\s--(hash|config-settings?|global-option|install-option).*$", "", self.text)
        return None if text.startswith("-") else parsed(text)

    @property
    def name(self):
        return name_of(self.requirement)

    @property
    def local(self):
        """The path of a project or an archive beside the service; None for everything else."""
        editable = EDITABLE.match(self.text)
        text = (editable[2] if editable else self.text).strip()
        if text.startswith("-"):
            return None
        url = self.requirement.url if self.requirement else None
        if url is not None:
            return re.sub(r"^file:(//)?", "", url) if url.startswith("file:") else None
        text = re.split(r"\s+[;#]|\s--", text)[0].strip()
        if text.startswith("file:"):
            return re.sub(r"^file:(//)?", "", text)
        if "://" in text or "+" in text.split("/")[0]:
            return None
        if editable or text.startswith((".", "/")) or (ARCHIVE.search(text) and not self.requirement):
            return text.split("#")[0]
        return None

    @property
    def local_project(self):
        """The directory of a project beside the service, without its extras; None for everything else."""
        path = self.local
        if path is None or ARCHIVE.search(path):
            return None
        return re.sub(r"\[.*\]$", "", path).rstrip("/") or "."

    @property
    def extras(self):
        found = re.search(r"\[([^\]]*)\]", self.local or "")
        return [one.strip() for one in found[1].split(",")] if found else []

    @property
    def pinned(self):
        found = self.requirement
        if found is None or found.url:
            return True
        return any(one.operator in ("==", "===") and not one.version.endswith(".*") for one in found.specifier)


def logical_lines(text):
    """(number, text) of each entry, without comments."""
    held, start = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        line = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        start = start or number
        if line.endswith("\\"):
            held += line[:-1] + " "
            continue
        entry, held = (held + line).strip(), ""
        if entry:
            yield start, re.sub(r"\s+", " ", entry)
        start = 0


def read(directory, file, constraint=False, named_by=None, seen=None):
    """
    The entries of a requirement file and of all files that it includes. Raises Missing for a file that is not there,
    also for a local archive or project.
    """
    seen = set() if seen is None else seen
    if (file, constraint) in seen:
        return []
    seen.add((file, constraint))
    path = os.path.join(directory, file)
    if not os.path.exists(path):
        raise Missing(file, named_by or file)
    with open(path, encoding="utf-8-sig") as opened:
        text = opened.read()
    found = []
    for number, entry in logical_lines(text):
        line = Line(entry, file, number, constraint)
        include = INCLUDE.match(entry)
        if include is None or "://" in include[2]:
            found.append(line)
        else:
            # Relative to the file that names it, as pip reads it.
            target = os.path.normpath(os.path.join(os.path.dirname(file), os.path.expandvars(include[2].strip())))
            found += read(directory, target, constraint or include[1] in ("-c", "--constraint"), line.place, seen)
    return found


def require_local(directory, lines):
    """Raises Missing for the first local archive that is not there."""
    for line in lines:
        path = line.local
        if path and not line.local_project and not os.path.exists(os.path.join(directory, path)):
            raise Missing(path, line.place)


def relative_options(lines):
    """--find-links is relative to its own file, where the flattened file would make it relative to the root."""
    for line in lines:
        found = re.match(r"^(-f|--find-links)[\s=]+(.+)$", line.text)
        base = os.path.dirname(line.file)
        if found and base and "://" not in found[2] and os.path.exists(os.path.join(base, found[2])):
            line = replace(line, text=f"--find-links {os.path.join(base, found[2])}")
        yield line


def has_hashes(lines):
    return any("--hash" in line.text or line.text == "--require-hashes" for line in lines)
