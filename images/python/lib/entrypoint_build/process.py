"""Runs the programs of a build: prints each command, and its output only when it fails."""

import os
import shlex
import subprocess

from .advice import explain
from .report import Refusal


def show(words):
    print("$ " + " ".join(shlex.quote(word) for word in words), flush=True)


def run(words, env, purpose, shown=None, allow=None, cwd=None):
    """
    Runs a command. Returns None, or its output if it failed and `allow`, a function of the output, accepts that.
    Raises Refusal with the reason and the fix found in the output.
    """
    show(shown or words)
    done = subprocess.run(
        words, env=env, cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    output = done.stdout.decode(errors="replace")
    if done.returncode == 0:
        return None
    if allow is not None and allow(output):
        return output
    what, fix, evidence, code = explain(output, purpose)
    raise Refusal(what, fix, evidence, code)


def output_of(words, env):
    """The output and the exit code of a command that only looks."""
    done = subprocess.run(
        words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    return done.stdout.decode(errors="replace"), done.returncode


def with_path(env, *directories):
    return {**env, "PATH": os.pathsep.join([*directories, env["PATH"]])}
