"""A new store starts with the 23 scenes and the 38 layers; what the city changed stays changed."""

from camera_registry.reference import FAMILIES, load_reference, point_layers, scenes


def test_there_are_23_scenes_numbered_in_order():
    assert [scene.id for scene in scenes()] == list(range(1, 24))
    assert len({scene.code for scene in scenes()}) == 23
    assert scenes()[18].name == "海岸港口"


def test_there_are_38_layers_drawn_in_order():
    layers = point_layers()
    assert [layer.id for layer in layers] == list(range(1, 39))
    assert len({layer.code for layer in layers}) == 38
    assert [layer.position for layer in layers] == sorted(layer.position for layer in layers)


def test_every_family_is_one_that_the_console_has_a_colour_for():
    assert {scene.family for scene in scenes()} == set(FAMILIES)
    assert {layer.family for layer in point_layers()} <= set(FAMILIES)


def test_a_warning_never_makes_looks_rarer():
    assert all(s.alert_cadence_s is None or s.alert_cadence_s < s.cadence_s for s in scenes())


async def test_loading_twice_keeps_the_citys_own_edits(database):
    async with database.raw() as connection:
        await load_reference(connection)
        await connection.execute("update scene set cadence_s = 42, name = '我们的枢纽' where id = 1")
        await connection.execute("update point_layer set position = 999 where id = 7")
        await load_reference(connection)
        assert await connection.fetchval("select count(*) from scene") == 23
        assert await connection.fetchval("select count(*) from point_layer") == 38
        assert await connection.fetchval("select name || cadence_s from scene where id = 1") == "我们的枢纽42"
        assert await connection.fetchval("select position from point_layer where id = 7") == 999
