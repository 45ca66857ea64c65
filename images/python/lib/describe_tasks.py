"""
Prints the tasks of ./tasks.py as JSON, as invoke itself reads them: [{name, summary, options}].

Exit code 3: invoke is not installed for this Python. 4: tasks.py cannot be loaded, stderr says why.
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
            # One entry for each argument, however many flags it has.
            for argument in {id(one): one for one in context.args.values()}.values()
        ]
        yield {
            "name": context.name,
            "summary": helpline(collection[context.name]) or "",
            "options": options,
        }


def main():
    # What the module prints while it is imported is not the answer.
    with contextlib.redirect_stdout(sys.stderr):
        try:
            module, directory = FilesystemLoader(start=".").load("tasks")
        except Exception:
            print(traceback.format_exc(limit=-1).strip(), file=sys.stderr)
            sys.exit(4)
    collection = Collection.from_module(module, loaded_from=directory)
    json.dump(list(describe(collection)), sys.stdout, default=str)


main()
