"""Finds one whole key picture among the RTP payloads of H.264 (RFC 6184) and H.265 (RFC 7798)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, ClassVar, Final

from ingest.failure import LookFailedError
from ingest.rtp import KeyPicture
from ingest.sps import picture_size
from models.look import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ingest.limits import LookLimits

START_CODE: Final = b"\0\0\0\1"
_MOST_PARAMETER_SETS: Final = 64
_LONGEST_PARAMETER_SET: Final = 4096  # bytes; a real one has 10 to 100


class NalAssembler(ABC):
    """Collects the slices of the first whole key picture; of everything else only the header is looked at.

    It begins with the picture's first slice, so a picture whose beginning was lost is never taken. It ends
    with the marker bit, or with the next timestamp where a sender forgets the marker. Between the two every
    slice is kept, and with it the second field of an interlaced picture.

    Args:
        parameter_sets: NAL units known out of band. Those in band come after them and so override them.
        limits: Bounds on the picture.
    """

    codec: ClassVar[str]
    header_length: ClassVar[int]
    needed_sets: ClassVar[frozenset[int]]  # a key picture before these have come cannot be decoded

    def __init__(self, parameter_sets: Iterable[bytes], limits: LookLimits) -> None:
        self._limits = limits
        self._sets: dict[bytes, None] = {}  # an ordered set
        self._data = bytearray()  # the key picture so far; empty when none has begun
        self._fragment = False  # whether a wanted NAL unit is being put together
        self._timestamp = -1
        for unit in parameter_sets:
            if self._is_parameter_set(self._kind(unit[0])):
                self._remember(unit)

    def lost(self) -> None:
        """Drop what was half assembled."""
        self._data = bytearray()
        self._fragment = False

    def payload(
        self, view: memoryview, start: int, stop: int, timestamp: int, *, marker: bool
    ) -> KeyPicture | None:
        """Take one RTP payload; returns the key picture once it is whole.

        Raises:
            LookFailedError: ``TOO_LARGE`` when the picture exceeds the limits.
        """
        if timestamp != self._timestamp:
            picture = self._picture() if self._data and not self._fragment else None
            self.lost()
            self._timestamp = timestamp
            if picture:
                return picture
        self._take(view, start, stop)
        return self._picture() if marker and self._data and not self._fragment else None

    def _picture(self) -> KeyPicture:
        data, self._data = self._data, bytearray()
        return KeyPicture(self.codec, bytes(data), self._timestamp)

    @abstractmethod
    def _take(self, view: memoryview, start: int, stop: int) -> None:
        """Take one payload structure: a unit, an aggregate or a fragment."""

    @abstractmethod
    def _kind(self, first_byte: int) -> int:
        """``nal_unit_type`` from a NAL header's first byte."""

    @abstractmethod
    def _is_parameter_set(self, kind: int) -> bool: ...

    @abstractmethod
    def _is_slice(self, kind: int) -> bool: ...

    @abstractmethod
    def _begins_key_picture(self, kind: int, slice_byte: int) -> bool:
        """Whether a NAL unit is the first slice of a picture that needs no other.

        Args:
            kind: Its ``nal_unit_type``.
            slice_byte: The first byte of its slice header.
        """

    def _aggregate(self, view: memoryview, start: int, stop: int) -> None:
        """NAL units in one payload, each after its length in two bytes (STAP-A, AP)."""
        while start + 2 <= stop:
            end = start + 2 + (view[start] << 8 | view[start + 1])
            if end > stop:
                self.lost()
                return
            self._unit(view, start + 2, end)
            start = end

    def _unit(self, view: memoryview, start: int, stop: int) -> None:
        if stop - start <= self.header_length:
            return
        kind = self._kind(view[start])
        if self._is_parameter_set(kind):
            self._remember(bytes(view[start:stop]))
        elif self._wants(kind, view[start + self.header_length]):
            self._append(START_CODE)
            self._append(view[start:stop])

    def _fragment_unit(self, flags: int, header: bytes, view: memoryview, start: int, stop: int) -> None:
        """A fragment of a NAL unit (FU-A, FU).

        Args:
            flags: The FU header: start in bit 7, end in bit 6.
            header: The NAL header of the whole unit, put together again.
            view: Holds the fragment.
            start: Where the fragment begins, after the FU header.
            stop: Where it ends.
        """
        if flags & 0x80:
            if self._fragment:  # the unit before never ended
                self.lost()
            if start < stop and self._wants(self._kind(header[0]), view[start]):
                self._append(START_CODE)
                self._append(header)
                self._fragment = True
        if self._fragment:
            self._append(view[start:stop])
            self._fragment = not flags & 0x40

    def _wants(self, kind: int, slice_byte: int) -> bool:
        if self._data:
            return self._is_slice(kind)
        if not self._begins_key_picture(kind, slice_byte):
            return False
        if not self.needed_sets <= {self._kind(unit[0]) for unit in self._sets}:
            return False
        for unit in self._sets:
            self._data += START_CODE
            self._data += unit
        return True

    def _append(self, piece: bytes | memoryview) -> None:
        if len(self._data) + len(piece) > self._limits.picture_bytes:
            raise LookFailedError(Outcome.TOO_LARGE, "the compressed key picture is too large")
        self._data += piece

    def _remember(self, unit: bytes) -> None:
        """Keep a parameter set as the newest: of two with the same id the decoder heeds the later."""
        if len(unit) > _LONGEST_PARAMETER_SET:
            return
        if unit in self._sets:
            self._sets[unit] = self._sets.pop(unit)
            return
        size = picture_size(self.codec, unit)
        if size and size[0] * size[1] > self._limits.picture_pixels:
            raise LookFailedError(
                Outcome.TOO_LARGE, f"the picture has {size[0]} × {size[1]} pixels, too many"
            )
        if len(self._sets) >= _MOST_PARAMETER_SETS:
            del self._sets[next(iter(self._sets))]
        self._sets[unit] = None


class H264Assembler(NalAssembler):
    """H.264 in single NAL unit and non-interleaved mode (RFC 6184, packetisation modes 0 and 1)."""

    codec = "h264"
    header_length = 1
    needed_sets = frozenset({7, 8})

    _STAP_A: Final = 24
    _FU_A: Final = 28
    # first_mb_in_slice is ue(0), "1"; slice_type is ue(7), "0001000": every slice of this picture is an I
    # slice. Such is the picture at a recovery point of an open GOP, in streams that hardly ever send an IDR.
    _ALL_INTRA_SLICE: Final = 0b1_0001000

    def _take(self, view: memoryview, start: int, stop: int) -> None:
        kind = view[start] & 0x1F
        if kind == self._FU_A:
            if stop - start > 2:
                header = bytes(((view[start] & 0xE0) | (view[start + 1] & 0x1F),))
                self._fragment_unit(view[start + 1], header, view, start + 2, stop)
        elif kind == self._STAP_A:
            self._aggregate(view, start + 1, stop)
        elif kind < self._STAP_A:
            self._unit(view, start, stop)

    def _kind(self, first_byte: int) -> int:
        return first_byte & 0x1F

    def _is_parameter_set(self, kind: int) -> bool:
        return kind in {7, 8, 13}

    def _is_slice(self, kind: int) -> bool:
        return kind in {1, 5}

    def _begins_key_picture(self, kind: int, slice_byte: int) -> bool:
        first_slice = slice_byte >= 0x80  # first_mb_in_slice is 0
        return (kind == 5 and first_slice) or (kind == 1 and slice_byte == self._ALL_INTRA_SLICE)


class H265Assembler(NalAssembler):
    """H.265 without decoding order numbers (RFC 7798): single NAL units, aggregation packets, fragments."""

    codec = "h265"
    header_length = 2
    needed_sets = frozenset({33, 34})

    _AGGREGATION: Final = 48
    _FRAGMENT: Final = 49

    def _take(self, view: memoryview, start: int, stop: int) -> None:
        kind = (view[start] >> 1) & 0x3F
        if kind == self._FRAGMENT:
            if stop - start > 3:
                header = bytes(((view[start] & 0x81) | (view[start + 2] & 0x3F) << 1, view[start + 1]))
                self._fragment_unit(view[start + 2], header, view, start + 3, stop)
        elif kind == self._AGGREGATION:
            self._aggregate(view, start + 2, stop)
        elif kind < self._AGGREGATION:
            self._unit(view, start, stop)

    def _kind(self, first_byte: int) -> int:
        return (first_byte >> 1) & 0x3F

    def _is_parameter_set(self, kind: int) -> bool:
        return 32 <= kind <= 34

    def _is_slice(self, kind: int) -> bool:
        return kind <= 21

    def _begins_key_picture(self, kind: int, slice_byte: int) -> bool:
        # BLA, IDR and CRA (intra random access points); first_slice_segment_in_pic_flag is set.
        return 16 <= kind <= 21 and slice_byte >= 0x80
