"""Boundary files of every form are read, in whatever system and encoding; a hostile one breaks nothing."""

import random
import stat
import zipfile
from pathlib import Path

import pytest
import shapely
from boundary_files import geojson, projected, shapefile_zip, write, zipped

from base.errors import InvalidInputError
from camera_registry.units import files
from camera_registry.units.files import read_file
from camera_registry.units.reader import read_features
from gis.crs import ReferenceSystem, from_wgs84

WEST, EAST = shapely.box(121.0, 37.0, 121.1, 37.2), shapely.box(121.1, 37.0, 121.2, 37.2)
ROWS = [
    ({"XZQDM": "370602001", "XZQMC": "向阳街道"}, WEST),
    ({"XZQDM": "370602002", "XZQMC": "毓璜顶街道"}, EAST),
]


def read(path: Path, folder: Path, crs: str = ""):
    """In this process: what the child does."""
    folder.mkdir()
    return read_features(path, folder, crs)


def same(shape: shapely.Geometry, expected: shapely.Geometry, metres: float = 0.05) -> bool:
    return shapely.hausdorff_distance(shape, expected, densify=0.2) < metres / 90_000


def put(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


class TestForms:
    def test_geojson(self, tmp_path: Path) -> None:
        features, notes = read(put(tmp_path / "u.geojson", geojson(ROWS)), tmp_path / "x")
        assert [feature.attributes for feature in features] == [said for said, _ in ROWS]
        assert features[0].shape is not None
        assert features[0].shape.equals(WEST)
        assert notes == []

    def test_geojson_with_a_mark_of_byte_order_and_a_unit_without_ground(self, tmp_path: Path) -> None:
        rows = [*ROWS, ({"XZQDM": "370602003", "XZQMC": "海上"}, None)]
        features, _ = read(put(tmp_path / "u.json", b"\xef\xbb\xbf" + geojson(rows)), tmp_path / "x")
        assert features[2].shape is None

    def test_a_geopackage_with_a_layer_for_each_level(self, tmp_path: Path) -> None:
        path = tmp_path / "u.gpkg"
        write(path, [({"code": "370602", "name": "芝罘区"}, WEST)], "GPKG", "EPSG:4326", layer="区县")
        write(path, ROWS, "GPKG", "EPSG:4326", layer="乡镇")
        features, _ = read(path, tmp_path / "x")
        assert [feature.layer for feature in features] == ["区县", "乡镇", "乡镇"]

    @pytest.mark.parametrize(("encoding", "without"), [("GBK", (".cpg",)), ("GBK", ()), ("UTF-8", (".cpg",))])
    def test_a_shapefile_whatever_its_encoding_and_whether_it_says_so(
        self, tmp_path: Path, encoding: str, without: tuple[str, ...]
    ) -> None:
        path = shapefile_zip(tmp_path, ROWS, encoding=encoding, without=without)
        features, _ = read(path, tmp_path / "x")
        assert [feature.attributes["XZQMC"] for feature in features] == ["向阳街道", "毓璜顶街道"]

    def test_a_shapefile_that_lies_about_its_encoding_is_read_as_what_it_is(self, tmp_path: Path) -> None:
        made = shapefile_zip(tmp_path, ROWS, encoding="GBK", without=(".cpg",))
        with zipfile.ZipFile(made, "a") as archive:
            archive.writestr("units.cpg", "UTF-8")
        features, _ = read(made, tmp_path / "x")
        assert features[0].attributes["XZQMC"] == "向阳街道"

    def test_a_shapefile_in_a_folder_beside_what_is_of_no_interest(self, tmp_path: Path) -> None:
        path = shapefile_zip(tmp_path, ROWS, inside="边界/")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("__MACOSX/边界/._units.shp", b"x")
            archive.writestr("说明.txt", "看这里")
        features, _ = read(path, tmp_path / "x")
        assert len(features) == 2

    def test_codes_that_are_numbers_have_no_decimals(self, tmp_path: Path) -> None:
        rows = [({"adcode": 370602.0, "name": "芝罘区"}, WEST)]
        features, _ = read(put(tmp_path / "u.geojson", geojson(rows)), tmp_path / "x")
        assert features[0].attributes["adcode"] == "370602"


class TestReferenceSystems:
    @pytest.mark.parametrize("epsg", [4549, 4528, 4510, 32651, 3857])
    def test_a_projected_system_is_undone(self, tmp_path: Path, epsg: int) -> None:
        rows = [(said, projected(shape, epsg)) for said, shape in ROWS]
        write(tmp_path / "u.gpkg", rows, "GPKG", f"EPSG:{epsg}", layer="units")
        features, notes = read(tmp_path / "u.gpkg", tmp_path / "x")
        assert same(features[0].shape, WEST)
        assert notes[0].startswith("converted from")

    def test_northings_that_stand_first_are_exchanged_and_told(self, tmp_path: Path) -> None:
        rows = [(said, projected(shape, 4549, northing_first=True)) for said, shape in ROWS]
        features, notes = read(shapefile_zip(tmp_path, rows, "EPSG:4549"), tmp_path / "x")
        assert same(features[0].shape, WEST)
        assert "northings stood before eastings and were exchanged" in notes

    def test_latitudes_that_stand_first_are_exchanged_and_told(self, tmp_path: Path) -> None:
        rows = [(said, shapely.transform(shape, lambda corners: corners[:, ::-1])) for said, shape in ROWS]
        features, notes = read(put(tmp_path / "u.geojson", geojson(rows)), tmp_path / "x")
        assert same(features[0].shape, WEST)
        assert "latitudes stood before longitudes and were exchanged" in notes

    def test_what_a_web_map_has_shifted_is_shifted_back(self, tmp_path: Path) -> None:
        rows = [
            (said, shapely.transform(shape, lambda corners: from_wgs84(corners, ReferenceSystem.GCJ_02)))
            for said, shape in ROWS
        ]
        features, notes = read(put(tmp_path / "u.geojson", geojson(rows)), tmp_path / "x", "高德")
        assert same(features[0].shape, WEST)
        assert notes == ["taken as GCJ-02, as was told"]

    def test_a_zone_that_is_told_counts_more_than_the_file(self, tmp_path: Path) -> None:
        rows = [(said, projected(shape, 4549)) for said, shape in ROWS]
        path = shapefile_zip(tmp_path, rows, None)
        with pytest.raises(InvalidInputError, match="no degrees"):
            read(path, tmp_path / "x")
        features, _ = read(path, tmp_path / "y", "EPSG:4549")
        assert same(features[0].shape, WEST)
        with pytest.raises(InvalidInputError, match="zone or reference system must be another"):
            read(path, tmp_path / "z", "4528")

    def test_degrees_without_a_system_are_taken_as_wgs84_and_told(self, tmp_path: Path) -> None:
        features, notes = read(shapefile_zip(tmp_path, ROWS, None), tmp_path / "x")
        assert same(features[0].shape, WEST)
        assert notes == ["it names no reference system and was taken as WGS-84"]

    def test_an_old_datum_is_converted_and_its_roughness_told(self, tmp_path: Path) -> None:
        _, notes = read(shapefile_zip(tmp_path, ROWS, "EPSG:4214"), tmp_path / "x")
        assert "Beijing 1954" in notes[0]
        assert "the way to WGS-84 is known" in notes[0]

    @pytest.mark.parametrize("crs", ["火星二号", "EPSG:999999", "GCJ-02/BD-09"])
    def test_a_system_that_nobody_knows_is_refused(self, tmp_path: Path, crs: str) -> None:
        with pytest.raises(InvalidInputError) as refusal:
            read(put(tmp_path / "u.geojson", geojson(ROWS)), tmp_path / "x", crs)
        assert refusal.value.remedy


class TestHostility:
    @pytest.mark.parametrize(
        ("name", "content", "reason"),
        [
            ("a.geojson", b"", "no file of boundaries"),
            ("a.txt", b"hello", "no file of boundaries"),
            ("a.geojson", b"<OGRVRTDataSource><SrcDataSource>/etc/passwd", "no file of boundaries"),
            ("a.geojson", b'{"type":', "cannot be read"),
            ("a.geojson", b'{"type":"FeatureCollection","features":[]}', "no polygons"),
            ("a.shp", b"\x00\x00\x27\x0a" + b"\x00" * 200, "alone has no names"),
            ("a.zip", b"PK\x03\x04 rubbish", "cannot be unpacked"),
            ("a.zip", zipped({}), "no file of boundaries"),
            ("a.zip", zipped({"readme.txt": b"hello"}), "holds no boundaries"),
            ("a.zip", zipped({"a.shp": b"x"}), "lacks its .dbf"),
            ("a.zip", zipped({f"{n}.shp": b"" for n in range(1001)}), "1,001 files"),
            ("a.gpkg", b"SQLite format 3\x00" + b"\xff" * 5000, "cannot be read"),
        ],
    )  # fmt: skip
    async def test_what_is_no_boundary_is_refused_in_one_sentence(
        self, tmp_path: Path, name: str, content: bytes, reason: str
    ) -> None:
        with pytest.raises(InvalidInputError, match=reason) as refusal:
            await read_file(put(tmp_path / name, content))
        assert "Traceback" not in str(refusal.value)
        assert str(tmp_path) not in str(refusal.value)

    async def test_a_zip_writes_nothing_outside_of_its_folder(self, tmp_path: Path) -> None:
        made = shapefile_zip(tmp_path, ROWS, inside="../../../../escaped/")
        features, _ = await read_file(made)
        assert len(features) == 2
        assert not list(tmp_path.parent.rglob("escaped"))

    async def test_a_bomb_is_defused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        bomb = zipped({"a.shp": b"\x00" * (64 << 20), "a.dbf": b"", "a.shx": b""})
        assert len(bomb) < 100_000
        monkeypatch.setattr("camera_registry.units.layout.MOST_UNPACKED", 1 << 20)
        with pytest.raises(InvalidInputError, match="unpacks to more than 1 MiB"):
            read(put(tmp_path / "bomb.zip", bomb), tmp_path / "x")
        assert sum(part.stat().st_size for part in (tmp_path / "x").iterdir()) <= 2 << 20

    async def test_a_reader_that_dies_takes_nobody_with_it(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = put(tmp_path / "u.geojson", geojson(ROWS))
        monkeypatch.setattr(files, "_command", lambda: ("sh", "-c", "kill -SEGV $$"))
        with pytest.raises(InvalidInputError, match="SIGSEGV"):
            await read_file(path)
        monkeypatch.setattr(files, "_command", lambda: ("sleep", "30"))
        monkeypatch.setattr(files, "PATIENCE_S", 0.2)
        with pytest.raises(InvalidInputError, match="longer than"):
            await read_file(path)

    async def test_a_file_that_is_too_large_is_not_even_opened(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "MOST_BYTES", 10)
        with pytest.raises(InvalidInputError, match="are the most"):
            await read_file(put(tmp_path / "u.geojson", geojson(ROWS)))

    async def test_a_file_that_cannot_be_read_says_so(self, tmp_path: Path) -> None:
        with pytest.raises(InvalidInputError, match="No such file"):
            await read_file(tmp_path / "nothing.zip")

    def test_too_many_corners_are_refused(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("camera_registry.units.reader.MOST_VERTICES", 9)
        with pytest.raises(InvalidInputError, match="9 corners"):
            read(put(tmp_path / "u.geojson", geojson(ROWS)), tmp_path / "x")

    def test_forty_damaged_files_are_read_or_refused(self, tmp_path: Path) -> None:
        """Bytes of good files are changed, cut off and repeated; nothing else than a refusal comes of it."""
        write(tmp_path / "u.gpkg", ROWS, "GPKG", "EPSG:4326", layer="units")
        good = [
            geojson(ROWS),
            shapefile_zip(tmp_path, ROWS).read_bytes(),
            (tmp_path / "u.gpkg").read_bytes(),
        ]
        dice = random.Random(5)
        refused = 0
        for number in range(40):
            content = bytearray(good[number % 3])
            for _ in range(dice.randint(1, 30)):
                content[dice.randrange(len(content))] = dice.randrange(256)
            if number % 4 == 0:
                del content[dice.randrange(len(content)) :]
            try:
                read(put(tmp_path / f"{number}.bin", bytes(content)), tmp_path / f"x{number}")
            except InvalidInputError:
                refused += 1
        assert refused > 10

    def test_a_file_of_somebody_else_is_not_followed_out_of_the_zip(self, tmp_path: Path) -> None:
        """A symbolic link in a zip is a small text, not a way out."""
        link = zipfile.ZipInfo("a.geojson")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        path = tmp_path / "link.zip"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(link, "/etc/passwd")
        with pytest.raises(InvalidInputError):
            read(path, tmp_path / "x")
        assert not any(part.is_symlink() for part in (tmp_path / "x").iterdir())
