"""
Prints the tasks of ./tasks.py, as invoke parses them, as JSON: [{name, summary, options}].

Exit code 3: invoke is not installed for this Python. 4: tasks.py cannot be loaded; stderr says why.
"""

import contextlib
import json
import sys
import traceback

try:
    from invoke import Collection
    from invoke.loader import FilesystemLoader
    from invoke.util import helpline
except ImportError:
    sys.exit(3)

KINDS = {bool: "boolean", int: "number", float: "number", list: "list"}


def describe(collection):
    for context in collection.to_contexts():
        options = [
            {
                "name": argument.name,
                "kind": KINDS.get(argument.kind, "string"),
                "default": argument.default,
                "help": argument.help or "",
                "positional": bool(argument.positional),
                "counts": bool(argument.incrementable),
            }
            # One entry per argument: context.args has one for each of its flags.
            for argument in {id(one): one for one in context.args.values()}.values()
        ]
        yield {
            "name": context.name,
            "summary": helpline(collection[context.name]) or "",
            "options": options,
        }


def main():
    # Keeps what the module prints during its import out of the JSON.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            module, directory = FilesystemLoader(start=".").load("tasks")
        except Exception:
            print(traceback.format_exc(limit=-1).strip(), file=sys.stderr)
            sys.exit(4)
    collection = Collection.from_module(module, loaded_from=directory)
    json.dump(list(describe(collection)), sys.stdout, default=str)


main()
