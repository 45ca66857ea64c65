"""
install-dependencies [--before-source]: installs the packages of the manifests in the working directory.
build-service: after the source is copied: the rest of them, the service's own projects, and its build steps.
"""

import json
import os
import shutil
import sys
import tempfile

from . import snapshot
from .beside import name_others, remove_collected
from .choose import announce, choose
from .environment import MEMBER, VENV, build_environment, scratch_directory
from .installers import install
from .local import local_step
from .manifests.project import read_project
from .manifests.versions import check_python
from .report import Missing, Refusal, note, print_refusal
from .steps import build_steps
from .work import plan

STATE = f"{VENV}/entrypoint-installed.json"


def install_dependencies(words):
    before_source = "--before-source" in words
    unknown = [word for word in words if word != "--before-source"]
    if unknown:
        raise Refusal(f"unexpected argument {unknown[0]}", "install-dependencies [--before-source]", code=64)
    project = service_project()
    check_python(project)
    choice = choose(project)
    announce(choice)
    messages = []
    try:
        work = plan(project, choice, False, messages)
    except Missing as missing:
        if not before_source:
            raise _absent(missing) from missing
        note(f"the packages follow after the source is copied: {missing.named_by} needs {missing.file}")
        return
    if choice.kind == "nothing":
        return
    print_all(messages)
    before = snapshot.files_below()
    install(project, work, build_environment())
    snapshot.compile_files(snapshot.changed_since(before))
    with open(STATE, "w", encoding="utf-8") as opened:
        json.dump({"fingerprint": work.fingerprint}, opened)


def build_service(words):
    if words:
        raise Refusal(f"unexpected argument {words[0]}", "build-service", code=64)
    remove_collected()
    project = service_project()
    check_python(project)
    choice = choose(project)
    name_others(choice.lock)
    messages = []
    try:
        work = plan(project, choice, True, messages)
    except Missing as missing:
        raise _absent(missing) from missing
    env = build_environment()
    if choice.kind != "nothing":
        if _installed() != work.fingerprint:
            print_all(messages)
            _install_once(project, work, env)
        local_step(project, work, env)
    build_steps(project, env)


def service_project():
    """
    The service's project, whose directory becomes the working directory: that of the build argument service_directory,
    unless the lock file of a workspace above it is for all its members.
    """
    root = read_project(os.getcwd())
    if MEMBER and (not root.has("uv.lock") or os.path.exists(f"{MEMBER}/uv.lock")):
        if not os.path.isdir(MEMBER):
            raise Missing(MEMBER, "service_directory")
        os.chdir(MEMBER)
        return read_project(os.getcwd())
    return root


def print_all(messages):
    for text in messages:
        note(text)


def _installed():
    try:
        with open(STATE, encoding="utf-8") as opened:
            return json.load(opened)["fingerprint"]
    except (OSError, ValueError, KeyError):
        return None


def _install_once(project, work, env):
    if snapshot.restore(work.fingerprint):
        return
    before = snapshot.files_below()
    install(project, work, env)
    changed = snapshot.changed_since(before)
    snapshot.compile_files(changed)
    snapshot.save(work.fingerprint, changed)


def _absent(missing):
    return Refusal(
        f"{missing.named_by} needs {missing.file}, which is not there",
        f"correct the line, or see that {missing.file} is copied (does .dockerignore or .gitignore exclude it?); what needs the"
        " source is installed by build-service, after COPY . .",
    )


def main(words):
    commands = {"install-dependencies": install_dependencies, "build-service": build_service}
    # Whatever programs leave there is in no layer.
    scratch = scratch_directory()
    tempfile.tempdir = os.environ["TMPDIR"] = scratch
    try:
        commands[words[0]](words[1:])
    except Refusal as refusal:
        print_refusal(refusal)
        return refusal.code
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return 0


sys.exit(main(sys.argv[1:]))
