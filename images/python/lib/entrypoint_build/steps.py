"""Build steps that frameworks need: static files of Django, compiled translations."""

import glob
import os
import re

from .environment import VENV
from .process import output_of, show
from .report import Refusal, warn

PYTHON = f"{VENV}/bin/python3"

# Prints what collectstatic would do. Exit code 3: the settings cannot be loaded.
ASK_DJANGO = """
import os, sys, traceback
sys.path.insert(0, os.getcwd())
try:
    import django
    from django.conf import settings
    settings.INSTALLED_APPS
    django.setup()
except BaseException as error:
    at = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename.startswith(os.getcwd())]
    where = f"{os.path.relpath(at[-1].filename)}:{at[-1].lineno}: " if at else ""
    print(f"{where}{type(error).__name__}: {error}".splitlines()[0])
    sys.exit(3)
static = "django.contrib.staticfiles" in settings.INSTALLED_APPS
print("collect" if static and settings.STATIC_ROOT else "no STATIC_ROOT" if static else "no staticfiles")
"""


def build_steps(project, env):
    env = {**env, "PATH": f"{VENV}/bin:{env['PATH']}", "PYTHONDONTWRITEBYTECODE": "1"}
    if os.path.exists("manage.py"):
        collect_static(env)
    compile_translations(env)


def installed(module):
    return bool(glob.glob(f"{VENV}/lib/python3*/site-packages/{module}"))


def collect_static(env):
    if not installed("django"):
        return
    with open("manage.py", encoding="utf-8", errors="replace") as opened:
        settings = re.search(r"DJANGO_SETTINGS_MODULE['\"],\s*['\"]([\w.]+)['\"]", opened.read())
    env = {
        **env,
        **({"DJANGO_SETTINGS_MODULE": settings[1]} if settings and "DJANGO_SETTINGS_MODULE" not in env else {}),
    }
    answer, code = output_of([PYTHON, "-c", ASK_DJANGO], env)
    answer = (answer.strip().splitlines() or [""])[-1]
    if code == 3:
        warn(
            f"collectstatic was not run, since the settings cannot be loaded without the service's variables: {answer}",
            "give that setting a default for builds, or run python manage.py collectstatic in a Dockerfile without triggers",
        )
        return
    if code != 0 or answer != "collect":
        return
    show(["python", "manage.py", "collectstatic", "--noinput"])
    output, code = output_of([PYTHON, "manage.py", "collectstatic", "--noinput", "--verbosity=1"], env)
    if code != 0:
        raise Refusal(
            "collectstatic failed", "correct the static files or the settings", output.strip().splitlines()[-6:], 1
        )
    print("\n".join(output.strip().splitlines()[-1:]), flush=True)


def compile_translations(env):
    """Compiles .po files whose .mo file is missing or older: `flask translate compile` if the service has it, else Babel."""
    stale = [
        path
        for path in glob.glob("**/LC_MESSAGES/*.po", recursive=True)
        if not path.startswith(("venv/", ".venv/", "node_modules/")) and not os.path.exists(path[:-2] + "mo")
    ]
    if not stale:
        return
    if os.path.exists(f"{VENV}/bin/pybabel"):
        # <directory>/<language>/LC_MESSAGES/<domain>.po
        pairs = sorted(
            {
                (os.path.dirname(os.path.dirname(os.path.dirname(path))) or ".", os.path.basename(path)[:-3])
                for path in stale
            }
        )
        if _has_translate_command() and installed("flask"):
            show(["flask", "translate", "compile"])
            output, code = output_of([f"{VENV}/bin/flask", "translate", "compile"], env)
            if code == 0:
                return
            last = (output.strip().splitlines() or ["no output"])[-1]
            print(f"entrypoint: `flask translate compile` failed ({last}): compiling with pybabel", flush=True)
        for directory, domain in pairs:
            words = ["pybabel", "compile", f"--directory={directory}", f"--domain={domain}"]
            show(words)
            output, code = output_of([f"{VENV}/bin/pybabel", *words[1:]], env)
            if code != 0:
                raise Refusal(
                    "the translations cannot be compiled",
                    f"correct the .po files in {directory}",
                    output.strip().splitlines()[-6:],
                    1,
                )
        return
    if os.path.exists("/usr/bin/msgfmt"):
        for path in stale:
            show(["msgfmt", "--output-file", path[:-2] + "mo", path])
            output, code = output_of(["msgfmt", "--output-file", path[:-2] + "mo", path], env)
            if code != 0:
                raise Refusal(f"{path} cannot be compiled", "correct the file", output.strip().splitlines()[-6:], 1)
        return
    warn(
        f"{len(stale)} translations are not compiled, such as {stale[0]}: neither Babel nor gettext is installed",
        "commit the .mo files, add Babel to the requirements, or apt-install gettext in a Dockerfile without triggers",
    )


def _has_translate_command():
    for path in glob.glob("*.py") + glob.glob("*/*.py"):
        with open(path, encoding="utf-8", errors="replace") as opened:
            text = opened.read()
        if (
            re.search(r"\.cli\.group\(", text)
            and re.search(r"def translate\b", text)
            and re.search(r"def compile\b", text)
        ):
            return True
    return False
