"""Pictures of the Data window with data sets of several kinds, which are drawn here."""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw
from PySide6.QtGui import QPixmap

from designer.gui.base import screens
from designer.recipe.reading import changed
from tests.gui.hands import wait, wait_until

Scene = tuple[str, Callable[[], QPixmap]]

_ANIMALS = {"cat": 230, "dog": 190, "horse": 70, "otter": 14, "red panda": 9, "wombat": 3}
_SCENES = {"beach": 0.5, "people": 0.4, "sky": 0.6, "car": 0.25, "night": 0.2, "snow": 0.03}


def data_scenes(window, folder: Path) -> Iterator[Scene]:
    """Show each page with a balanced, an unbalanced, a multi-label and a regression set."""
    sets = _written(folder)
    workspace = window.workspace
    workspace.open_preset("lenet5")
    first = workspace.recipe
    for name, settings in {
        "balanced": {"data.source": "shapes10"},
        "unbalanced": {"data.source": str(sets["animals"])},
        "labels": {
            "data.source": str(sets["scenes"]),
            "data.targets": "labels",
            "loss.name": "binary_cross_entropy",
        },
        "numbers": {"data.source": str(sets["houses"]), "loss.name": "mean_squared_error"},
        "unreadable": {"data.source": str(folder / "gone")},
    }.items():
        workspace.set_recipe(changed(first, settings))
        data = window.show_data()
        data.setGeometry(screens.free_area(data))
        model = data.model
        wait_until(lambda model=model: not model.busy and not model._soon.isActive())
        if model.error:
            yield f"data-{name}", data.grab
            continue
        wait_until(lambda model=model: model.look is not None, 60)
        for row in data.rows:
            data.show_page(row.key)
            # Pictures are drawn in the background, those of augmentation by a process.
            wait(4000 if row.key == "augmentation" else 1200)
            yield f"data-{name}-{row.key}", data.grab
    data.close()


def _written(folder: Path) -> dict[str, Path]:
    """Write the data sets into a folder, unless they are there, and return their paths."""
    animals, scenes, houses = folder / "animals", folder / "scenes.npz", folder / "houses.npz"
    if not houses.exists():
        generator = np.random.default_rng(0)
        for kind, (name, count) in enumerate(_ANIMALS.items()):
            (animals / name).mkdir(parents=True)
            for number in range(count):
                size = generator.integers((90, 80), (320, 240))
                _drawn(kind, size, generator).save(animals / name / f"{name}-{number:03}.jpg")
        dog = (animals / "dog" / "dog-007.jpg").read_bytes()
        (animals / "cat" / "torn.jpg").write_bytes(dog[:300])
        for number in range(6):
            content = (animals / "dog" / f"dog-{number + 20:03}.jpg").read_bytes()
            (animals / "dog" / f"copy-{number}.jpg").write_bytes(content)
        pictures = np.stack([_drawn(n % 3, (48, 40), generator) for n in range(600)])
        draws = generator.random((600, len(_SCENES)))
        labels = (draws < np.array(list(_SCENES.values()))).astype(np.float32)
        labels[:5, -1] = 1
        np.savez(scenes, images=pictures, labels=labels)
        numbers = np.stack(
            [
                generator.normal(340, 90, 600).clip(60),
                generator.integers(1, 9, 600),
                generator.gamma(2.0, 30.0, 600),
            ],
            1,
        )
        np.savez(houses, images=pictures, labels=numbers.astype(np.float32))
    return {"animals": animals, "scenes": scenes, "houses": houses}


def _drawn(kind: int, size, generator: np.random.Generator) -> Image.Image:
    """Draw a figure of some kind in some place and color."""
    width, height = (int(each) for each in size)
    ground = tuple(int(each) for each in generator.integers(30, 90, 3))
    color = tuple(int(each) for each in generator.integers(120, 255, 3))
    picture = Image.new("RGB", (width, height), ground)
    pen = ImageDraw.Draw(picture)
    radius = int(generator.integers(8, min(width, height) // 2))
    x, y = int(generator.integers(8, width - 8)), int(generator.integers(8, height - 8))
    box = (x - radius, y - radius, x + radius, y + radius)
    if kind % 3 == 0:
        pen.ellipse(box, fill=color)
    elif kind % 3 == 1:
        pen.rectangle(box, fill=color)
    else:
        pen.pieslice(box, 20, 200, fill=color)
    return picture
