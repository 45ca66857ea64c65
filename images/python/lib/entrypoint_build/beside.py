"""What is beside the service's own manifests: named where nothing installs or builds it, so that nothing is left out silently."""

import glob
import json
import os
import shutil

from .manifests.project import LOCKS
from .report import note

NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb")
OTHERS = {"node_modules", "venv", "tests", "test", "e2e", "examples", "example", "fixtures", "docs", "doc", "vendor"}


def remove_collected():
    """Removes what `entrypoint build` added to the source for the installation."""
    shutil.rmtree(".entrypoint/manifests", ignore_errors=True)
    if os.path.isdir(".entrypoint") and not os.listdir(".entrypoint"):
        os.rmdir(".entrypoint")
    if os.path.exists(".entrypoint-manifests"):
        os.remove(".entrypoint-manifests")


def below(name, depths):
    """Files of this name, in the working directory (depth 0) or as far below it, but not those of tests and examples."""
    found = [path for depth in depths for path in glob.glob("*/" * depth + name)]
    return sorted(path for path in found if not OTHERS.intersection(path.split("/")))


def name_others(lock):
    """Notes of lock files that nothing reads, and of front ends that nothing here builds."""
    for name in LOCKS:
        for path in below(name, (1, 2)):
            note(f"not read: {path} ({lock or 'what the service itself lists'} is installed)")
    for name in NODE_LOCKS:
        for path in below(name, (0, 1, 2)):
            note(f"not read: {path}, which is Node's, and this image has no npm")
    for path in below("package.json", (0, 1, 2)):
        if _has_build(path):
            note(
                f"not built: {path} has scripts.build, and this image is Python's; a stage of entrypoint/node builds it"
                " (docs/images.md, A front end beside a Python service)"
            )


def _has_build(path):
    try:
        with open(path, encoding="utf-8-sig") as opened:
            return "build" in json.load(opened).get("scripts", {})
    except (OSError, ValueError, AttributeError, TypeError):
        return False
