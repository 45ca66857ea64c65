"""Messages: what happened, evidence, a fix."""

import sys


class Refusal(Exception):
    """The build ends: exit code 65 for wrong input, 1 for a step that failed, 69 for what is out of reach."""

    def __init__(self, what, fix, evidence=(), code=65):
        super().__init__(what)
        self.what, self.fix, self.evidence, self.code = what, fix, list(evidence), code


class Missing(Exception):
    """A file that a manifest names is not there: before the source is copied it may come later."""

    def __init__(self, file, named_by):
        super().__init__(f"{named_by} names {file}")
        self.file, self.named_by = file, named_by


def note(text):
    print(f"entrypoint: {text}", file=sys.stderr, flush=True)


def warn(what, fix=None):
    note(f"warning: {what}")
    if fix:
        print(f"fix: {fix}", file=sys.stderr, flush=True)


def print_refusal(refusal):
    note(refusal.what)
    for line in refusal.evidence:
        print(f"  {line[:200]}", file=sys.stderr)
    print(f"fix: {refusal.fix}", file=sys.stderr, flush=True)


def line_of(text, *words):
    """The number of the first line that contains all the words, in any case; 1 if none does."""
    for number, line in enumerate(text.splitlines(), 1):
        if all(word.lower() in line.lower() for word in words):
            return number
    return 1
