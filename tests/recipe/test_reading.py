import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from designer.errors import DesignerError
from designer.recipe.augmentations import Augmentation
from designer.recipe.optimizers import OPTIMIZERS, Optimizer
from designer.recipe.reading import changed, read_recipe, recipe_from_json
from designer.recipe.recipe import Recipe
from designer.recipe.schedules import Schedule


def test_defaults_survive_a_round_trip():
    assert recipe_from_json(Recipe().to_json()) == Recipe()


@given(
    batch=st.integers(1, 10**6),
    rate=st.floats(1e-8, 1e6),
    name=st.sampled_from(sorted(OPTIMIZERS)),
    clip=st.none() | st.floats(1e-6, 1e6),
)
def test_any_recipe_survives_a_round_trip(batch, rate, name, clip):
    recipe = Recipe(
        batch=batch,
        optimizer=Optimizer(name=name, learning_rate=rate),
        gradient_clipping=clip,
    )
    assert recipe_from_json(recipe.to_json()) == recipe


def test_what_is_left_out_has_its_default():
    recipe = recipe_from_json('{"optimizer": {"name": "adam"}, "epochs": 3}')
    assert recipe == Recipe(optimizer=Optimizer(name="adam"), epochs=3)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"bach": 4}', ["unknown field bach", "batch"]),
        ('{"optimizer": {"lr": 1}}', ["unknown field optimizer.lr", "learning_rate"]),
        ('{"batch": "64"}', ["batch", "expected int", "got str"]),
        ('{"batch": 0}', ["batch is 0", "at least 1"]),
        ('{"optimizer": {"learning_rate": -0.1}}', ["optimizer.learning_rate is -0.1", "above"]),
        (
            '{"optimizer": {"name": "lion"}}',
            ["optimizer.name takes one of sgd, rmsprop,", "received 'lion'"],
        ),
        ('{"optimizer": {"betas": [0.9, 1.0]}}', ["optimizer.betas is 1.0", "below 1"]),
        ('{"loss": {"name": "mean_squared_error", "label_smoothing": 0.1}}', ["label_smoothing"]),
        ('{"data": {"source": ""}}', ["data.source"]),
        ('{"batch": 4', ["no valid JSON"]),
        ("\xff", ["no valid JSON (malformed"]),
        ("[]", ["expected object", "got array"]),
        ('{"batch": 1e400}', ["batch"]),
        ('{"seed": 9223372036854775808}', ["seed"]),
        ('{"optimiser": {"learning_rate": 1e400}}', ["optimizer.learning_rate: number out of"]),
        (f'{{"optimiser": {"[" * 9_000}{"]" * 9_000}}}', ["nested too deeply"]),
    ],
)
def test_what_cannot_be_used_is_told_in_one_sentence(text, words):
    with pytest.raises(DesignerError) as caught:
        recipe_from_json(text, origin="The recipe r.json")
    message = str(caught.value)
    assert message.startswith("The recipe r.json cannot be used: ")
    assert all(word in message for word in words), message
    assert "\n" not in message


def test_not_a_number_is_in_no_range():
    with pytest.raises(DesignerError, match=r"optimizer\.learning_rate is nan"):
        Optimizer(learning_rate=float("nan"))


def test_missing_file(tmp_path):
    with pytest.raises(DesignerError, match=r"absent\.json cannot be read"):
        read_recipe(tmp_path / "absent.json")


def test_bytes_that_are_no_text(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_bytes(b'{"device": "\xff\xfe"}')
    with pytest.raises(DesignerError, match="cannot be used"):
        read_recipe(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_bytes(b'\xef\xbb\xbf{"batch": 7}')
    assert read_recipe(path).batch == 7


def test_a_file_without_end_is_told(tmp_path):
    path = tmp_path / "recipe.json"
    path.write_bytes(bytes(2**20 + 1))
    with pytest.raises(DesignerError, match=r"recipe\.json has more than 1 MiB"):
        read_recipe(path)


def test_changed_sets_nested_fields():
    recipe = changed(Recipe(), {"optimizer.momentum": 0.5, "batch": 7})
    assert recipe.optimizer.momentum == 0.5
    assert recipe.batch == 7
    assert recipe.schedule == Schedule()


@pytest.mark.parametrize("name", ["nonsense", "optimizer.nonsense", "batch.more", "no.such"])
def test_changed_refuses_unknown_names(name):
    with pytest.raises(DesignerError, match=name.partition(".")[0]):
        changed(Recipe(), {name: 1})


def test_augmentation_is_off_by_default():
    assert not Augmentation().active
    assert Augmentation(rotation=5.0).active


def test_recipes_are_frozen():
    with pytest.raises(AttributeError):
        Recipe().batch = 3  # type: ignore[misc]
    assert msgspec.structs.replace(Recipe(), batch=3).batch == 3
