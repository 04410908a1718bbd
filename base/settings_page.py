"""The page of all settings, written from the settings themselves: ``python -m base.settings_page``."""

from __future__ import annotations

import sys
from pathlib import Path

from base.settings import Settings

HEAD = """\
# Settings

Every setting is an environment variable; a file `.env` in the working folder is read too.
An empty one counts as not set.
This page is written by `python -m base.settings_page`, and a test holds it to the code.

| variable | default | what it decides |
| --- | --- | --- |
"""


def settings_page() -> str:
    """The page as Markdown."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "`/var/lib/dengta` for root, else `~/.local/share/dengta`"
        if name != "data_dir":
            value = field.get_default(call_default_factory=True, validated_data={})
            default = "not set" if value in (None, "") else f"`{_shown(value)}`"
        rows.append(f"| `DENGTA_{name.upper()}` | {default} | {field.description} |\n")
    return HEAD + "".join(rows)


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "[" + ", ".join(f'"{item}"' for item in value) + "]"
    return str(value if not isinstance(value, Path) else value.as_posix())


if __name__ == "__main__":
    sys.stdout.write(settings_page())
