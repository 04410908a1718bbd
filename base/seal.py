"""Sealing of camera credentials: AES-256-GCM (NIST SP 800-38D), the keys in files outside the database."""

from __future__ import annotations

import os
import re
import secrets
import struct
from typing import TYPE_CHECKING, ClassVar

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from base.errors import DengtaError, SetupError

if TYPE_CHECKING:
    from pathlib import Path

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 random bits per sealing, as the standard advises; a key may seal 2^32 texts, far beyond any city."""

_FORMAT = 1
_HEADER = struct.Struct(">BI")
"""Format version, key id."""

_KEY_FILE = re.compile(r"seal-(\d{1,9})\.key")
_PRIVATE = 0o600
_TOO_OPEN = 0o077


class SealError(DengtaError):
    """A sealed text cannot be opened: its key is gone, or it is not what was sealed under that name."""

    code: ClassVar[str] = "seal"


class Sealer:
    """Seals short secrets and opens them again.

    Each key is a file ``seal-<id>.key`` of mode 0600; the highest id seals, every other still opens, and a
    sealed text names its key, so that keys can be rotated without a moment in which something is unreadable.

    Args:
        folder: Where the keys are; it and the first key are made when absent.

    Raises:
        SetupError: A key can be read by others, is damaged, or the folder cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._keys = self._load() or self._first()
        except OSError as err:
            raise SetupError(f"The key folder {folder} cannot be used: {err.strerror}.") from err

    @property
    def key_id(self) -> int:
        """The key that seals now."""
        return max(self._keys)

    def seal(self, secret: str, *, name: str) -> bytes:
        """Seal ``secret`` so that it opens only under ``name``.

        Args:
            secret: What nobody may read.
            name: What it belongs to, e.g. ``credential/gate``; authenticated, so that a sealed text copied to
                another row does not open there.

        Returns:
            Format (1 byte), key id (4), nonce (12), ciphertext and tag (as long as the secret, and 16).
        """
        header = _HEADER.pack(_FORMAT, self.key_id)
        nonce = secrets.token_bytes(NONCE_BYTES)
        box = self._keys[self.key_id].encrypt(nonce, secret.encode(), header + name.encode())
        return header + nonce + box

    def open(self, sealed: bytes, *, name: str) -> str:
        """The secret that was sealed under ``name``.

        Raises:
            SealError: The key is not here, or the text or the name is not what was sealed.
        """
        header, rest = sealed[: _HEADER.size], sealed[_HEADER.size :]
        if len(header) < _HEADER.size or header[0] != _FORMAT:
            raise SealError(f"What is kept for {name} is not a sealed text of this version.")
        key_id: int = _HEADER.unpack(header)[1]
        # Another process may have rotated since this one started.
        key = self._keys.get(key_id) or self._reload().get(key_id)
        if key is None:
            raise SealError(
                f"The key {key_id} that sealed {name} is not in {self._folder}.",
                remedy="Put the key file back from its backup, or enter the credential anew.",
            )
        try:
            return key.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], header + name.encode()).decode()
        except (InvalidTag, ValueError) as err:
            raise SealError(f"What is kept for {name} was not sealed under that name.") from err

    def rotate(self) -> int:
        """Make a new key, which seals from now on, and return its id; what older keys sealed still opens."""
        fresh = max(self._reload(), default=0) + 1
        self._write(fresh)
        return max(self._reload())

    def _first(self) -> dict[int, AESGCM]:
        self._write(1)
        return self._load()

    def _reload(self) -> dict[int, AESGCM]:
        self._keys = self._load()
        return self._keys

    def _load(self) -> dict[int, AESGCM]:
        named = ((_KEY_FILE.fullmatch(path.name), path) for path in sorted(self._folder.iterdir()))
        return {int(match[1]): _read(path) for match, path in named if match}

    def _write(self, key_id: int) -> None:
        """Put a whole key in place at once; of two processes that do it together, the first one's stays."""
        fresh = self._folder / f".{secrets.token_hex(8)}.new"
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
        try:
            os.write(handle, secrets.token_bytes(KEY_BYTES))
            os.fsync(handle)
            os.link(fresh, self._folder / f"seal-{key_id}.key")
        except FileExistsError:
            pass
        finally:
            os.close(handle)
            fresh.unlink()


def _read(path: Path) -> AESGCM:
    if path.stat().st_mode & _TOO_OPEN:
        raise SetupError(f"The key {path} can be read by others.", remedy=f"Run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != KEY_BYTES:
        raise SetupError(f"The key {path} is damaged.", remedy="Put it back from its backup.")
    return AESGCM(key)
