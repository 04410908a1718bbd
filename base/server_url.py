"""Whether the address of a server can be one, said without repeating it: it may hold a password."""

from __future__ import annotations

from urllib.parse import SplitResult, parse_qsl, urlsplit

DATABASE_PARAMETERS = {"host", "port", "sslmode", "target_session_attrs"}
SSL_MODES = {"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}


def check_database_url(text: str) -> None:
    """Make sure that ``text`` is ``postgresql://user:password@host:port/name?parameters``.

    Raises:
        ValueError: It is not; the reason holds no part of it that may be secret.
    """
    parts = _split(text, schemes={"postgresql", "postgres", "postgresql+asyncpg"})
    try:
        given = parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query))
    except ValueError:
        raise ValueError("what follows its question mark is no list of name=value") from None
    if not {name for name, _ in given} <= DATABASE_PARAMETERS:
        raise ValueError(f"of its parameters only {', '.join(sorted(DATABASE_PARAMETERS))} are known")
    query = dict(given)
    if query.get("sslmode", "prefer") not in SSL_MODES:
        raise ValueError(f"its sslmode is none of {', '.join(sorted(SSL_MODES))}")
    if "port" in query and not (query["port"].isdecimal() and 0 < int(query["port"]) < 1 << 16):
        raise ValueError("its port is no number from 1 to 65535")
    if not (parts.hostname or query.get("host")):
        raise ValueError("it names no host")


def check_nats_url(text: str) -> None:
    """Make sure that ``text`` is ``nats://user:password@host:port``, or the same with ``tls``.

    Raises:
        ValueError: It is not; the reason holds no part of it that may be secret.
    """
    if not _split(text, schemes={"nats", "tls"}).hostname:
        raise ValueError("it names no host")


def _split(text: str, *, schemes: set[str]) -> SplitResult:
    hint = "special letters of its user and password are written percent-encoded (@ as %40, / as %2F)"
    if any(letter.isspace() or not letter.isprintable() for letter in text):
        raise ValueError("it holds a blank or a control character")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise ValueError(f"its host or port cannot be read; {hint}") from None
    if parts.scheme not in schemes or not text[len(parts.scheme) :].startswith("://"):
        raise ValueError(f"it does not begin with {min(schemes, key=len)}://")
    # A path or a query with "@" in it is the tail of a password that was not encoded.
    if parts.netloc.count("@") > 1 or "@" in parts.path + parts.query or parts.fragment:
        raise ValueError(hint)
    if port == 0:
        raise ValueError("its port is no number from 1 to 65535")
    return parts
