"""Reads the picture's size from a sequence parameter set, so that a size beyond the limits is named early."""

from __future__ import annotations

from typing import Final

_LONGEST_READ: Final = 512  # bytes; the size stands within the first hundred, scaling lists included
_H264_WITH_CHROMA: Final = frozenset({100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135})


class _Bits:
    """Reads bits of a payload, most significant first. Reading past its end is ``EOFError``."""

    def __init__(self, payload: bytes) -> None:
        raw = payload[:_LONGEST_READ].replace(b"\0\0\3", b"\0\0")  # undo emulation prevention
        self._value = int.from_bytes(raw)
        self._left = 8 * len(raw)

    def u(self, count: int) -> int:
        """An unsigned number of ``count`` bits."""
        self._left -= count
        if self._left < 0:
            raise EOFError
        return (self._value >> self._left) & ((1 << count) - 1)

    def ue(self) -> int:
        """An Exp-Golomb code."""
        zeros = 0
        while not self.u(1):
            zeros += 1
            if zeros > 32:
                raise EOFError
        return (1 << zeros) - 1 + self.u(zeros)

    def se(self) -> int:
        """A signed Exp-Golomb code."""
        code = self.ue()
        return (code + 1) // 2 if code & 1 else -(code // 2)


def picture_size(codec: str, unit: bytes) -> tuple[int, int] | None:
    """Width and height in coded pixels, before cropping.

    Args:
        codec: ``h264`` or ``h265``.
        unit: A NAL unit with its header, without a start code.

    Returns:
        The size, or None when the unit is no sequence parameter set, or a broken one: the decoder judges it.
    """
    try:
        if codec == "h264" and unit[0] & 0x1F == 7:
            return _h264(_Bits(unit[1:]))
        if codec == "h265" and (unit[0] >> 1) & 0x3F == 33:
            return _h265(_Bits(unit[2:]))
    except (EOFError, IndexError):
        return None
    return None


def _h264(bits: _Bits) -> tuple[int, int]:
    """ITU-T H.264, 7.3.2.1.1."""
    profile = bits.u(8)
    bits.u(16)  # constraints, level
    bits.ue()  # id
    if profile in _H264_WITH_CHROMA:
        _skip_h264_chroma(bits)
    bits.ue()  # log2_max_frame_num
    order = bits.ue()
    if order == 0:
        bits.ue()
    elif order == 1:
        bits.u(1)
        bits.se()
        bits.se()
        for _ in range(bits.ue()):
            bits.se()
    bits.ue()  # reference frames
    bits.u(1)
    width = 16 * (bits.ue() + 1)
    map_units = bits.ue() + 1
    frame_only = bits.u(1)
    return width, 16 * map_units * (2 - frame_only)


def _skip_h264_chroma(bits: _Bits) -> None:
    chroma = bits.ue()
    if chroma == 3:
        bits.u(1)
    bits.ue()  # luma depth
    bits.ue()  # chroma depth
    bits.u(1)
    if not bits.u(1):
        return
    for index in range(12 if chroma == 3 else 8):
        if bits.u(1):
            scale = 8
            for _ in range(16 if index < 6 else 64):
                scale = (scale + bits.se()) % 256
                if scale == 0:
                    break


def _h265(bits: _Bits) -> tuple[int, int]:
    """ITU-T H.265, 7.3.2.2.1 and 7.3.3."""
    bits.u(4)
    sub_layers = bits.u(3)
    bits.u(1)
    bits.u(96)  # general profile, tier and level
    present = [(bits.u(1), bits.u(1)) for _ in range(sub_layers)]
    if sub_layers:
        bits.u(2 * (8 - sub_layers))
    for profile, level in present:
        bits.u(88 * profile + 8 * level)
    bits.ue()  # id
    if bits.ue() == 3:
        bits.u(1)
    return bits.ue(), bits.ue()
