"""Which of a service's files says what is installed, and refusals of files that contradict each other."""

from dataclasses import dataclass, field

from .manifests import agreement, requirements
from .manifests.project import LOCKS, requirement_files
from .report import Missing, Refusal, note, warn

MANAGER_LOCK = {"uv": "uv lock", "poetry": "poetry lock", "pdm": "pdm lock", "pipenv": "pipenv lock"}
# Settings of uv by which its packages come from elsewhere, or in other versions, than pip would find.
OF_UV = (
    "sources",
    "workspace",
    "index",
    "index-url",
    "extra-index-url",
    "find-links",
    "constraint-dependencies",
    "override-dependencies",
    "conflicts",
)
CONDA = ("environment.yml", "environment.yaml", "conda-lock.yml")


@dataclass(frozen=True)
class Choice:
    """`kind` is a manager, `pylock`, `requirements`, `pyproject`, `setup` or `nothing`."""

    kind: str
    lock: str | None = None
    files: list = field(default_factory=list)
    constraints: list = field(default_factory=list)
    warning: tuple | None = None
    notes: list = field(default_factory=list)


def choose(project):
    """Raises Refusal for two lock files, for one that contradicts another, and for manifests that pip cannot install."""
    locks = project.locks
    if len(locks) > 1:
        raise Refusal(
            f"two lock files: {', '.join(f'{name}:1 of {LOCKS[name]}' for name in locks)}",
            f"git rm the one that is not in use: {' or '.join(locks)}",
        )
    files, constraints, left = requirement_files(project)
    conda = [name for name in CONDA if project.has(name)]
    notes = [f"not installed: {name} ({_why(name)})" for name in left if not _is_included(project, name, files)]
    if locks:
        lock = locks[0]
        for other in project.pylocks:
            _refuse(agreement.locks_agree(project, lock, other), lock, other)
            notes.append(f"{other} agrees with {lock}, which is installed")
        for file in files:
            try:
                lines = requirements.read(project.directory, file)
            except Missing:
                continue
            _refuse(agreement.lines_against_lock(project, lines, lock), lock, file)
            notes.append(f"{file} agrees with {lock}, which is installed")
        return Choice(LOCKS[lock], lock, notes=[*notes, *_conda_notes(conda, lock)])
    if project.pylocks:
        if len(project.pylocks) > 1 and "pylock.toml" not in project.pylocks:
            raise Refusal(
                f"two lock files: {', '.join(f'{name}:1' for name in project.pylocks)}",
                "rename the service's to pylock.toml",
            )
        lock = "pylock.toml" if "pylock.toml" in project.pylocks else project.pylocks[0]
        notes += [f"not installed: {name} ({lock} is)" for name in project.pylocks if name != lock]
        for file in files:
            _refuse(agreement.lines_against_lock(project, requirements.read(project.directory, file), lock), lock, file)
            notes.append(f"{file} agrees with {lock}, which is installed")
        return Choice("pylock", lock, notes=[*notes, *_conda_notes(conda, lock)])
    if files:
        return Choice("requirements", None, files, constraints, notes=[*notes, *_conda_notes(conda, files[0])])
    return _without_lock(project, constraints, notes, conda)


def _without_lock(project, constraints, notes, conda):
    poetry = project.table("tool", "poetry")
    inputs, _, _ = requirement_files(project, ".in")
    notes = [*notes, *_unread(project)]

    def unlocked(kind, file, fix, files=()):
        warning = (
            f"no lock file: {file} does not pin what is installed: another day's build gives another image",
            f"{fix}, and commit the file (does .dockerignore exclude it?)",
        )
        return Choice(kind, None, list(files), constraints, warning, [*notes, *_conda_notes(conda, file)])

    if project.has("Pipfile"):
        return unlocked("pipenv", "Pipfile", "pipenv lock")
    if poetry and ("dependencies" in poetry or "group" in poetry) and not project.table("project", "dependencies"):
        return unlocked("poetry", "pyproject.toml", "poetry lock")
    if project.has("uv.toml") or any(project.table("tool", "uv", key) for key in OF_UV):
        return unlocked("uv", "pyproject.toml", "uv lock")
    if project.table("project") or project.table("dependency-groups"):
        kind = "uv" if project.table("tool", "uv") else "pdm" if project.table("tool", "pdm") else None
        return unlocked(
            "pyproject", "pyproject.toml", f"{kind} lock" if kind else "uv lock (or: pip freeze >requirements.txt)"
        )
    if inputs:
        return unlocked("requirements", inputs[0], f"pip-compile {inputs[0]}", inputs)
    for file in ("setup.py", "setup.cfg"):
        if project.has(file) and project.is_package:
            return unlocked("pyproject", file, "pip freeze >requirements.txt")
    if conda:
        raise Refusal(
            f"{conda[0]}:1 is for conda, which this image does not have",
            "list the packages in requirements.txt or pyproject.toml (conda run pip freeze >requirements.txt)",
        )
    return Choice("nothing", notes=notes)


def _unread(project):
    """Settings that only a manager with its lock file reads."""
    found = [
        f"warning: {project.place('pyproject.toml', f'tool.{tool}.{key}')}: pip does not read [tool.{tool}.{key}], and without"
        f" {tool}.lock pip installs: {tool} lock, or the build secret pip_conf"
        for tool, key in (("poetry", "source"), ("pdm", "source"), ("pdm", "resolution"))
        if project.table("tool", tool, key)
    ]
    envs = project.table("tool", "hatch", "envs")
    listed = [
        name for name, env in envs.items() if isinstance(env, dict) and {"dependencies", "extra-dependencies"} & set(env)
    ]
    if listed:
        found.append(
            f"not installed: the environments {', '.join(listed)} of hatch"
            f" ({project.place('pyproject.toml', 'tool.hatch.envs')}); [dependency-groups] are"
        )
    return found


def _refuse(reason, lock, other):
    if reason is not None:
        raise Refusal(
            f"{lock} and {other} disagree: {reason}",
            f"write {other} again from {lock}, or git rm the one that is not in use",
        )


def _conda_notes(conda, file):
    return [f"not used: {name}, which is for conda ({file} is installed)" for name in conda]


def _why(name):
    return (
        "no file with -c names it"
        if "constraints" in name
        else "name it with -r in requirements.txt, or in pyproject.toml: [tool.entrypoint] requirements"
    )


def _is_included(project, name, files):
    for file in files:
        try:
            if any(line.file == name for line in requirements.read(project.directory, file)):
                return True
        except Missing:
            continue
    return False


def announce(choice):
    for text in choice.notes:
        note(text)
    if choice.warning:
        warn(*choice.warning)
