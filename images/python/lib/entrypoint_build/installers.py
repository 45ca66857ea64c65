"""Runs what a plan says: one function for each package manager."""

import os
import re
import tempfile

from .environment import MEMBER, VENV
from .git import uses_git, with_git
from .managers import provide
from .manifests import declared, requirements
from .manifests.project import read_project, read_toml
from .process import output_of, run, with_path
from .report import note
from .work import conflicts

PIP = [f"{VENV}/bin/python3", "-m", "pip"]
QUIET = ["--no-compile", "--no-color", "--progress-bar=off"]


def environment_for(project, work, env):
    """git, if a dependency comes from a repository."""
    texts = [*work.lines, *work.local, *work.inputs.values()]
    return with_git(env) if uses_git(texts) else env


def install(project, work, env):
    """Installs everything but the service's own projects."""
    env = environment_for(project, work, env)
    kind = work.choice.kind
    if kind in ("requirements", "pyproject"):
        with_pip(work, env)
        if kind == "pyproject" and work.whole and project.own.get("extras") is None:
            further_extras(project, env)
    elif kind == "uv":
        uv(project, work, env, checks=not local_names(project), local=False)
    elif kind == "poetry":
        poetry(project, work, env)
    elif kind == "pdm":
        pdm(project, work, env)
    elif kind == "pipenv":
        pipenv(project, work, env)
    elif kind == "pylock":
        pylock(project, work, env)


def with_pip(work, env):
    """One `pip install`, so that all requirements are resolved together."""
    lines = [line for line in work.lines if not line.startswith("-c:")]
    lines += work.local if work.whole else []
    pins = [line.removeprefix("-c:") for line in work.lines if line.startswith("-c:")]
    if not lines:
        return
    files = work.choice.files
    shown = ["pip", "install", *(f"--requirement={file}" for file in files)] if files else ["pip", "install", *lines]
    with tempfile.TemporaryDirectory() as scratch:
        for name, content in (("requirements.txt", lines), ("constraints.txt", pins)):
            with open(f"{scratch}/{name}", "w", encoding="utf-8") as opened:
                opened.write("\n".join(content) + "\n")
        pinned = f"{scratch}/constraints.txt" if pins else None
        install_files(f"{scratch}/requirements.txt", pinned, env, "pip cannot install the requirements", shown)


ASK_EXTRAS = """
import importlib.metadata, json, os
for one in importlib.metadata.distributions():
    if json.loads(one.read_text("direct_url.json") or "{}").get("url") == f"file://{os.getcwd()}":
        print(*(one.metadata.get_all("Provides-Extra") or []))
"""


def further_extras(project, env):
    """Installs the extras that only a build of the project tells, such as those of a setup.py."""
    output, code = output_of([PIP[0], "-c", ASK_EXTRAS], env)
    names = [name for name in output.split() if name not in declared.extras(project)] if code == 0 else []
    if names:
        words = ["--editable", f".[{','.join(names)}]"]
        run([*PIP, "install", *QUIET, *words], env, "pip cannot install the extras", ["pip", "install", *words])


def install_files(file, constraints, env, purpose, shown):
    words = [*PIP, "install", *QUIET, f"--requirement={file}"]
    run([*words, *([f"--constraint={constraints}"] if constraints else [])], env, purpose, shown)


def local_names(project):
    """Packages of a uv.lock that are beside the service, but the virtual project itself."""
    lock = read_toml("uv.lock", project.texts["uv.lock"]) if project.has("uv.lock") else {}
    found = []
    for package in lock.get("package", []):
        source = package.get("source", {})
        if source.get("virtual") != "." and any(key in source for key in ("editable", "directory", "path", "virtual")):
            found.append(package["name"])
    return found


def uv(project, work, env, checks, local):
    """
    `uv sync`, without the packages beside the service before their source is there. `--locked` compares the lock file
    with all manifests.
    """
    program = provide(project, "uv", env)
    words = ["sync"]
    if work.choice.lock:
        words.append("--locked" if checks else "--frozen")
    words.append("--inexact")
    member = project
    if MEMBER and os.path.exists(os.path.join(project.directory, MEMBER, "pyproject.toml")):
        # Run in the workspace's root: what this member needs of it.
        member = read_project(os.path.join(project.directory, MEMBER))
        words.append(f"--package={member.table('project').get('name')}")
    excluded = conflicts(project)
    for kind, table in (("extra", declared.extras(member)), ("group", declared.groups(member))):
        chosen = member.own.get(f"{kind}s")
        if chosen is not None:
            words += [f"--{kind}={name}" for name in declared.chosen(member, f"{kind}s", table)]
        elif excluded[kind] & set(table):
            words += [f"--{kind}={name}" for name in table if name not in excluded[kind]]
            note(
                f"not installed: the {kind}s {', '.join(sorted(excluded[kind]))}, which conflict with each other"
                f" (choose in pyproject.toml: [tool.entrypoint] {kind}s)"
            )
        else:
            # --all-groups is younger than some versions that projects ask for.
            words += [f"--{kind}={name}" for name in table]
    if member is project and not project.table("project") and project.table("tool", "uv", "workspace"):
        words.append("--all-packages")
    if not local:
        words += ["--no-install-project", *(f"--no-install-package={name}" for name in local_names(project))]
    lock = os.path.join(project.directory, "uv.lock")
    run([program, *words], env, "uv cannot install the packages", ["uv", *words])
    if work.choice.lock is None and os.path.exists(lock):
        os.remove(lock)


def poetry(project, work, env):
    """
    `poetry export` and pip, not poetry's own installer: so pip's settings (a mirror, a private index) hold for it too. It
    refuses a lock file that disagrees with pyproject.toml.
    """
    if work.choice.lock is None:
        with_pip(work, env)
        return
    program = provide(project, "poetry", env)
    own = project.own.get("groups")
    groups = [name for name in declared.poetry_tables(project) if name] if own is None else own
    groups = list(dict.fromkeys([*groups, *(declared.groups(project) if own is None else [])]))
    extras = project.own.get("extras")
    words = ["export", *([f"--with={','.join(groups)}"] if groups else [])]
    if extras is not None:
        words += [f"--extras={' '.join(extras)}"] if extras else []
    elif project.table("tool", "poetry", "extras") or project.table("project", "optional-dependencies"):
        words.append("--all-extras")
    # pip cannot verify hashes of repositories and directories, and demands them of all or of none.
    if re.search(r"^type = \"(?:git|directory)\"", project.texts["poetry.lock"], re.M):
        words.append("--without-hashes")
    with tempfile.TemporaryDirectory() as scratch:
        file = f"{scratch}/requirements.txt"
        more = ["--with-credentials", f"--output={file}"]
        run([program, "--no-ansi", *words, *more], env, "poetry cannot read its lock file", ["poetry", *words])
        with open(file, encoding="utf-8") as opened:
            lines = [text for _, text in requirements.logical_lines(opened.read())]
        # Projects beside the service follow from the source.
        kept = [line for line in lines if " @ file:" not in line and not re.match(r"-e file:", line)]
        with open(file, "w", encoding="utf-8") as opened:
            opened.write("\n".join(kept) + "\n")
        if kept:
            install_files(
                file, None, env, "poetry.lock cannot be installed", ["pip", "install", "--requirement=poetry.lock"]
            )


def pdm(project, work, env):
    program = provide(project, "pdm", env)
    groups = project.own.get("groups")
    names = (
        ["--group=:all"]
        if groups is None
        else [f"--group={name}" for name in [*groups, *project.own.get("extras", [])]]
    )
    env = with_path(env, f"{VENV}/bin")
    run(
        [program, "lock", "--check"],
        env,
        "pdm.lock: the lock file disagrees with its manifest",
        ["pdm", "lock", "--check"],
    )
    # A lock file need not have every group.
    words = ["install", "--frozen-lockfile", "--no-self", "--no-editable"]
    locked = read_toml("pdm.lock", project.texts["pdm.lock"]).get("metadata", {}).get("groups", ["default"])
    if groups is None:
        names = [f"--group={name}" for name in locked if name != "default"]
        left = [name for name in [*declared.groups(project), *declared.extras(project)] if name not in locked]
        if left:
            note(f"not installed: {', '.join(left)}, which pdm.lock does not contain (pdm lock --group :all)")
    run([program, *words, *names], env, "pdm cannot install the packages", ["pdm", *words, *names])


def pipenv(project, work, env):
    program = provide(project, "pipenv", env)
    env = with_path({**env, "PIPENV_CUSTOM_VENV_NAME": ""}, f"{VENV}/bin")
    env.pop("PIPENV_CUSTOM_VENV_NAME")
    words = ["install", "--dev", *(["--deploy"] if work.choice.lock else ["--skip-lock"])]
    run([program, *words], env, "pipenv cannot install the packages", ["pipenv", *words])


def pylock(project, work, env):
    program = provide(project, "uv", env)
    lock = work.choice.lock
    run(
        [program, "pip", "install", "--requirements", lock],
        env,
        f"uv cannot install {lock}",
        ["uv", "pip", "install", "--requirements", lock],
    )
