"""git for dependencies from repositories, from Debian's package: in the build cache, not in the image."""

import os
import platform
import re
import subprocess

from .environment import CACHE, home_of_git
from .process import with_path
from .report import Refusal

def uses_git(texts):
    return any(
        re.search(
            r"git\+(?:https?|ssh|file|git)|\bgit\s*=\s*[\"']|type = \"git\"|\"git\":|\[packages\.vcs\]|\bvcs\s*=", text
        )
        for text in texts
    )


def with_git(env):
    """The environment with a git that knows https."""
    settings = {"ENTRYPOINT_GIT_HOME": home_of_git(), "GIT_TERMINAL_PROMPT": "0"}
    if os.path.exists("/usr/lib/git-core/git-remote-http"):
        return {**env, **settings, "HOME": settings["ENTRYPOINT_GIT_HOME"]}
    directory = f"{CACHE}/git-{platform.machine()}"
    if not os.path.exists(f"{directory}/usr/lib/git-core/git-remote-http"):
        print(
            "$ apt-get install --download-only git  # for a dependency from a repository; not in the image", flush=True
        )
        os.makedirs(CACHE, exist_ok=True)
        done = subprocess.run(
            ["/usr/local/lib/entrypoint/fetch-git", directory], env=env, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise Refusal(
                "cannot fetch git from Debian's packages, for a dependency from a repository",
                "RUN apt-install git in a Dockerfile without triggers (images/python-service/README.md)",
                (done.stderr + done.stdout).strip().splitlines()[-4:],
                69,
            )
    return with_path(
        {
            **env,
            **settings,
            "GIT_EXEC_PATH": f"{directory}/usr/lib/git-core",
            "GIT_TEMPLATE_DIR": f"{directory}/usr/share/git-core/templates",
        },
        f"{directory}/bin",
    )
