"""Texts that a spreadsheet program would take for a formula, made harmless such that an import undoes it."""

from __future__ import annotations

import re

_FORMULA = re.compile(r"'*[=+\-@\t\r]")
"""OWASP, CSV Injection; an apostrophe before one is guarded as well, so that undoing it takes one off."""


def is_formula(text: str) -> bool:
    """Whether a spreadsheet program may run ``text``, or a guard of it would be taken for part of it."""
    return _FORMULA.match(text) is not None


def guarded(text: str) -> str:
    """``text`` as it stands in a CSV file: behind an apostrophe where it would be run."""
    return f"'{text}" if is_formula(text) else text
