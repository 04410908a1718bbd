"""Names of files that come from people and go back to them in headers."""

from __future__ import annotations

import re
from urllib.parse import quote


def plain_name(filename: str) -> str:
    """The name without folders, whichever system they are of, and without what no header may carry."""
    name = re.split(r"[/\\]", filename)[-1].strip().strip(".")
    return re.sub(r'[\x00-\x1f\x7f"<>|:*?]', "_", name) or "upload"


def attachment(name: str) -> str:
    """A Content-Disposition for a file of that name (RFC 6266), in letters for old clients and in full."""
    plain = re.sub(r"[^A-Za-z0-9._ -]", "_", name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
