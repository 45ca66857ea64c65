"""Installs the service's own projects from the source: metadata, console scripts, and a path to the code."""

import os
import re
import shutil
import tempfile

from .environment import CACHE
from .installers import PIP, QUIET, local_names, uv
from .managers import digest
from .manifests.project import read_project
from .manifests.versions import HERE
from .process import output_of, run, show
from .report import warn


def local_step(project, work, env):
    if work.choice.kind == "uv":
        if local_names(project):
            uv(project, work, env, checks=True, local=True)
        return
    if work.whole:
        return
    local = [*work.local, *_of_poetry(project, work)]
    listed = False
    for line in local:
        target = re.sub(r"^(-e|--editable)[\s=]+", "", line)
        listed = listed or bool(re.fullmatch(r"\.(/)?(\[.*\])?", target))
        # All that it needs is installed already: a requirement file with hashes or a lock file lists it.
        deps = ["--no-deps"] if work.choice.kind == "poetry" or any("--hash" in one for one in work.lines) else []
        _install(project, [*deps, *([] if target == line else ["--editable"]), target], env)
    if project.is_package and not listed and _is_wanted(project, work):
        _install(project, ["--no-deps", "--editable", "."], env, required=False)


def _of_poetry(project, work):
    """The directories in a poetry.lock."""
    if work.choice.kind != "poetry":
        return []
    found = re.findall(
        r"\[package\.source\]\ntype = \"directory\"\nurl = \"([^\"]+)\"", project.texts.get("poetry.lock", "")
    )
    return [f"-e ./{path.removeprefix('./')}" for path in found]


def _is_wanted(project, work):
    if work.choice.kind == "nothing":
        return False
    return project.table("tool", "pdm").get("distribution", True) and project.table("tool", "poetry").get(
        "package-mode", True
    )


def _install(project, words, env, required=True):
    """
    `pip install` of one project, with its build requirements from the build cache: a changed line of source then costs a
    second, not the installation of setuptools. If that fails, pip does it its own way.
    """
    shown = ["pip", "install", *words]
    target = re.sub(r"\[.*\]$", "", words[-1])
    prepared = _build_requirements(os.path.join(project.directory, target), env)
    if prepared:
        show(shown)
        quick = [*PIP, "install", *QUIET, "--no-build-isolation", *words]
        _, code = output_of(quick, {**env, "PYTHONPATH": prepared, "PATH": f"{prepared}/bin:{env['PATH']}"})
        if code == 0:
            return
    if required:
        run([*PIP, "install", *QUIET, *words], env, f"pip cannot install {words[-1]}", shown)
        return
    output, code = output_of([*PIP, "install", *QUIET, *words], env)
    if code != 0:
        found = re.findall(r"^\s*(?:error: |\w*(?:Error|Exception): )(.+)$", output, re.M)
        warn(
            f"the project itself is not installed: {found[0] if found else output.strip().splitlines()[-1]}",
            "correct its build configuration, or remove [build-system] if it runs from its directory",
        )


def _build_requirements(directory, env):
    """A directory of the build cache with what builds a project; None if it cannot be made."""
    system = read_project(directory).pyproject.get("build-system", {})
    requires = system.get("requires", ["setuptools>=77"])
    path = f"{CACHE}/build/{digest(HERE, *requires)}"
    if not os.path.isdir(path):
        os.makedirs(os.path.dirname(path), exist_ok=True)
        scratch = tempfile.mkdtemp(dir=os.path.dirname(path))
        _, code = output_of([*PIP, "install", *QUIET, "--target", scratch, *requires], env)
        if code != 0:
            shutil.rmtree(scratch)
            return None
        try:
            os.rename(scratch, path)
        except OSError:
            # Another build was first.
            shutil.rmtree(scratch)
    return path
