"""Camera credentials are unreadable without the key file, and open only as what they were sealed for."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from base.errors import SetupError
from base.seal import Sealer, SealError


@pytest.fixture(scope="module")
def sealer(tmp_path_factory: pytest.TempPathFactory) -> Sealer:
    return Sealer(tmp_path_factory.mktemp("keys"))


@given(secret=st.text(max_size=200), name=st.text(max_size=40))
def test_what_was_sealed_opens_under_its_name(sealer: Sealer, secret: str, name: str) -> None:
    assert sealer.open(sealer.seal(secret, name=name), name=name) == secret


@given(garbage=st.binary(max_size=80))
def test_garbage_is_refused_by_name(sealer: Sealer, garbage: bytes) -> None:
    with pytest.raises(SealError):
        sealer.open(garbage, name="credential/1")


@given(st.data())
def test_one_changed_bit_is_noticed(sealer: Sealer, data: st.DataObject) -> None:
    sealed = bytearray(sealer.seal("s3cret", name="credential/1"))
    sealed[data.draw(st.integers(0, len(sealed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(SealError):
        sealer.open(bytes(sealed), name="credential/1")


def test_a_sealed_text_copied_to_another_credential_does_not_open(sealer: Sealer) -> None:
    with pytest.raises(SealError, match="not sealed under that name"):
        sealer.open(sealer.seal("s3cret", name="credential/1"), name="credential/2")


def test_sealing_twice_gives_different_texts_without_the_secret_in_them(sealer: Sealer) -> None:
    one, two = (sealer.seal("s3cret", name="credential/1") for _ in range(2))
    assert one != two
    assert b"s3cret" not in one


def test_keys_are_files_that_only_their_owner_reads(tmp_path: Path) -> None:
    Sealer(tmp_path / "keys")
    assert (tmp_path / "keys").stat().st_mode & 0o777 == 0o700
    assert (tmp_path / "keys" / "seal-1.key").stat().st_mode & 0o777 == 0o600


def test_after_a_rotation_the_new_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    first, other = Sealer(tmp_path), Sealer(tmp_path)
    old = first.seal("old", name="a")
    assert first.rotate() == 2
    new = first.seal("new", name="a")
    assert old[4] == 1
    assert new[4] == 2
    assert first.open(old, name="a") == "old"
    assert other.open(new, name="a") == "new", "a process that started before the rotation finds the key"


def test_a_lost_key_is_named(tmp_path: Path) -> None:
    sealed = Sealer(tmp_path).seal("x", name="a")
    (tmp_path / "seal-1.key").rename(tmp_path / "seal-2.key")
    with pytest.raises(SealError, match="key 1"):
        Sealer(tmp_path).open(sealed, name="a")


def test_processes_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealers = list(pool.map(lambda _: Sealer(tmp_path), range(16)))
    sealed = sealers[0].seal("x", name="a")
    assert {sealer.open(sealed, name="a") for sealer in sealers} == {"x"}
    assert [path.name for path in tmp_path.iterdir()] == ["seal-1.key"]


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    Sealer(tmp_path)
    (tmp_path / "seal-1.key").chmod(0o644)
    with pytest.raises(SetupError, match="chmod 600"):
        Sealer(tmp_path)


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    Sealer(tmp_path)
    (tmp_path / "seal-1.key").write_bytes(b"short")
    with pytest.raises(SetupError, match="damaged"):
        Sealer(tmp_path)
