"""Files that no list is: made from valid ones by accident, or by somebody who means harm."""

from __future__ import annotations

import io
import json
import random
import sqlite3
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

Damage = Callable[[bytearray, random.Random], bytes]

SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"

BOMB_BYTES = 600 << 20
"""What the larger zip bomb unpacks to; it packs into less than a thousandth."""


def truncated(data: bytearray, chance: random.Random) -> bytes:
    return bytes(data[: chance.randrange(1, len(data))])


def flipped(data: bytearray, chance: random.Random) -> bytes:
    for _ in range(chance.choice((1, 8, 64, 512))):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
    return bytes(data)


def zeroed(data: bytearray, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    end = min(len(data), begin + chance.choice((1, 16, 512, 4096)))
    data[begin:end] = bytes(end - begin)
    return bytes(data)


def shuffled(data: bytearray, chance: random.Random) -> bytes:
    size = max(1, len(data) // chance.choice((3, 8, 20)))
    blocks = [data[i : i + size] for i in range(0, len(data), size)]
    chance.shuffle(blocks)
    return bytes(b"".join(blocks))


def doubled(data: bytearray, chance: random.Random) -> bytes:
    begin = chance.randrange(len(data))
    return bytes(data[:begin] + data[begin:] * chance.choice((2, 3)))


def stuffed(data: bytearray, chance: random.Random) -> bytes:
    what = chance.choice(
        (b"\0" * 100, b"\xff" * 100, b'"' * 3, b"=cmd|'/C x'!A0", b"\xf0\x9f", b"," * 300, b"}{")
    )
    begin = chance.randrange(len(data))
    return bytes(data[:begin] + what + data[begin:])


DAMAGES: tuple[Damage, ...] = (truncated, flipped, zeroed, shuffled, doubled, stuffed)


def corrupted(valid: dict[str, bytes], each: int, seed: int = 7) -> Iterator[tuple[str, bytes]]:
    """``each`` damaged files of each of the valid ones, named for messages."""
    chance = random.Random(seed)
    for form, data in valid.items():
        for number in range(each):
            damage = DAMAGES[number % len(DAMAGES)]
            yield f"{form}-{damage.__name__}-{number}", damage(bytearray(data), chance)


def hostile(valid: dict[str, bytes], folder: Path) -> Iterator[tuple[str, bytes]]:
    """Files that somebody made to do harm, named for messages."""
    yield "garbage", random.Random(1).randbytes(10_000_000)
    yield "nothing but nul", bytes(5_000_000)
    yield "one line", "设备编码,设备名称\n".encode() + b"x" * 8_000_000
    yield "one field", '设备编码,设备名称\n1,"'.encode() + b"y" * 8_000_000
    yield "columns", ",".join(f"c{i}" for i in range(200_000)).encode() + b"\n1,2\n"
    yield "quotes", "设备编码,设备名称\n".encode() + b'"' * 3_000_001
    yield "nested", b'{"type":"FeatureCollection","features":' + b"[" * 1_000_000
    yield "deep properties", _feature('{"a":' * 200_000 + "1" + "}" * 200_000)
    yield "big number", _feature(json.dumps({"code": int("9" * 4000), "name": 10**300}))
    yield "geometry", b'{"type":"FeatureCollection","features":[' + _ring(300_000) + b"]}"
    yield "surrogates", _feature('{"name":"\\ud800","code":"\\u0000"}')
    yield "bomb", _swapped(valid["xlsx"], "xl/worksheets/sheet1.xml", b"<a>" + b" " * 40_000_000)
    yield "huge bomb", _bomb()
    yield "laughs", _swapped(valid["xlsx"], "xl/worksheets/sheet1.xml", _laughs())
    yield "laughs in styles", _swapped(valid["xlsx"], "xl/styles.xml", _laughs())
    yield "outside entity", _swapped(valid["xlsx"], "xl/workbook.xml", _outside())
    yield "far cell", _swapped(valid["xlsx"], "xl/worksheets/sheet1.xml", _far_cell())
    yield "many parts", _many_parts(valid["xlsx"])
    for name, change in _DATABASES.items():
        yield name, _changed_database(valid["gpkg"], folder, change)


def _feature(properties: str) -> bytes:
    feature = f'{{"type":"Feature","geometry":null,"properties":{properties}}}'
    return f'{{"type":"FeatureCollection","features":[{feature}]}}'.encode()


def _ring(corners: int) -> bytes:
    return (
        b'{"type":"Feature","properties":{},"geometry":{"type":"Polygon","coordinates":[[%s]]}}'
        % b",".join([b"[1,2]"] * corners)
    )


def _swapped(book: bytes, part: str, content: bytes) -> bytes:
    """A workbook with another content in one of its parts."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, content if name == part else old.read(name))
    return out.getvalue()


def _bomb() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("[Content_Types].xml", "<Types/>")
        with book.open("xl/sharedStrings.xml", "w", force_zip64=True) as part:
            block = bytes(1 << 24)
            for _ in range(BOMB_BYTES // len(block)):
                part.write(block)
    return out.getvalue()


def _laughs() -> bytes:
    levels = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    return (
        f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "ha">{levels}]>'
        f'<worksheet xmlns="{SHEET}"><sheetData><row r="1">'
        '<c r="A1" t="inlineStr"><is><t>&l11;</t></is></c></row></sheetData></worksheet>'
    ).encode()


def _outside() -> bytes:
    return (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><workbook>&e;</workbook>'
    )


def _far_cell() -> bytes:
    return (
        f'<worksheet xmlns="{SHEET}"><dimension ref="A1:XFD1048576"/>'
        '<sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>设备名称</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData></worksheet>'
    ).encode()


def _many_parts(book: bytes) -> bytes:
    out = io.BytesIO(book)
    with zipfile.ZipFile(out, "a") as archive:
        for i in range(20_000):
            archive.writestr(f"xl/media/{i}", b"")
    return out.getvalue()


_DATABASES = {
    "endless view": "drop table cameras; create view cameras as with recursive n(fid, geom, name) as"
    " (select 1, null, 'x' union all select fid + 1, null, 'x' from n) select * from n",
    "trigger": "create trigger t after insert on cameras begin delete from cameras; end",
    "wide": "alter table cameras rename to c; create table cameras (fid integer primary key, geom, name);"
    " insert into cameras values (1, zeroblob(60000000), 'x')",
    "other system": "update gpkg_geometry_columns set srs_id = 99999",
    "no contents": "delete from gpkg_contents",
    "evil name": "update gpkg_contents set table_name = 'a\" ; drop table cameras; --'",
    "geometries": "update cameras set geom = x'475000000000000001'",
}


def _changed_database(valid: bytes, folder: Path, change: str) -> bytes:
    file = folder / "changed.gpkg"
    file.write_bytes(valid)
    with sqlite3.connect(file) as database:
        # Its own index would object to what follows.
        for (name,) in database.execute("select name from sqlite_schema where type = 'trigger'").fetchall():
            database.execute(f'drop trigger "{name}"')
        database.executescript(change)
    database.close()
    return file.read_bytes()
