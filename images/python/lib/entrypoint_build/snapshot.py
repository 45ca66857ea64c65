"""Keeps what an install after the source added, in the build cache: a changed line of source installs nothing again."""

import os
import subprocess

from .environment import CACHE, VENV
from .process import show

KEPT = 4


def files_below(directory=VENV):
    """{path: (size, time)} of all files."""
    found = {}
    for root, directories, names in os.walk(directory):
        directories[:] = [name for name in directories if name != "__pycache__"]
        for name in names:
            path = os.path.join(root, name)
            stat = os.lstat(path)
            found[path] = (stat.st_size, stat.st_mtime_ns)
    return found


def changed_since(before):
    return sorted(path for path, stat in files_below().items() if before.get(path) != stat)


def compile_files(files):
    """
    Bytecode without an mtime: the same files give the same bytes. Files that do not compile (templates, syntax of other
    versions of Python) are not meant to be imported.
    """
    sources = [path for path in files if path.endswith(".py")]
    words = [f"{VENV}/bin/python3", "-m", "compileall", "-qq", "--invalidation-mode", "unchecked-hash", "-i", "-"]
    subprocess.run(words, input="\n".join(sources), text=True, capture_output=True, check=False)


def _archive(fingerprint):
    return f"{CACHE}/installed/{fingerprint}.tar"


def restore(fingerprint):
    """Whether this was installed before: then it is here again."""
    archive = _archive(fingerprint)
    if not os.path.exists(archive):
        return False
    show(["tar", "--extract", f"--file={archive}"])
    done = subprocess.run(["tar", "--extract", "--directory=/", f"--file={archive}"], capture_output=True, check=False)
    if done.returncode != 0:
        os.remove(archive)
        return False
    os.utime(archive)
    return True


def save(fingerprint, files):
    archive = _archive(fingerprint)
    os.makedirs(os.path.dirname(archive), exist_ok=True)
    compiled = [os.path.join(os.path.dirname(path), "__pycache__") for path in files if path.endswith(".py")]
    names = [*files, *sorted(path for path in set(compiled) if os.path.isdir(path))]
    subprocess.run(
        ["tar", "--create", "--directory=/", f"--file={archive}.new", "--files-from=-"],
        input="\n".join(name.lstrip("/") for name in names),
        text=True,
        capture_output=True,
        check=True,
    )
    os.rename(f"{archive}.new", archive)
    others = sorted(os.scandir(os.path.dirname(archive)), key=lambda one: one.stat().st_mtime)
    for old in others[:-KEPT]:
        os.remove(old.path)
