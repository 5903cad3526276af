"""Picture files: training on them beside torchvision's ImageFolder, and describing many.

Both train the same small network with the same optimizer on the same 4,000 JPEG files of 500x375
pixels at 224, each in a process of its own, with as many processes that decode. The time counts
from the folder to the first step, and to the end of each of the first two epochs. The other rows
are of 50,000 small PNG files in 100 classes. ``python -m tests.benchmarks data`` prints the table.
"""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from designer.data.decoding.budget import cores
from designer.design.values import Design, LayerNode
from tests.engine.samples import chain

PHOTOS, CLASSES = 4000, 10
SMALL, SMALL_CLASSES = 50_000, 100
BATCH = 128  # as in AlexNet's recipe; most others of that size have 256
SMALL_BATCH = 64  # with which torchvision's first step waits for fewer pictures than ours
PAIRS = 2
MEMORY = 0.25  # GiB, where it is bounded

Row = tuple[str, float, float, float, str]
Figures = dict[str, float]


def run() -> Iterator[Row]:
    """Yield (label, ours, the peer's or the goal's value, ratio, goal)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_photos(folder / "photos", PHOTOS)
        pairs = [
            [_measured(side, folder / "photos") for side in ("ours", "torchvision")]
            for _ in range(PAIRS)
        ]
        for pair in pairs:
            for each, side in zip(pair, ("ours", "torchvision"), strict=True):
                each["small"] = _measured(f"{side}, small batch", folder / "photos")["first"]
        for label, figure, goal in (
            ("4,000 photographs: to the first step [s]", "first", "<= 1.5"),
            (f"  at batch {SMALL_BATCH}", "small", "<= 1.5"),
            ("4,000 photographs: pictures/s, first epoch", "epoch1", ">= 1.3"),
            ("4,000 photographs: pictures/s, second epoch", "epoch2", ">= 2"),
        ):
            ours, peer = (median(pair[side][figure] for pair in pairs) for side in (0, 1))
            ratio = median(pair[0][figure] / pair[1][figure] for pair in pairs)
            yield label, ours, peer, ratio, goal
        bounded = _measured("bounded", folder / "photos")
        limit = MEMORY * 1024
        yield (
            f"4,000 photographs in {limit:.0f} MiB: shared memory [MiB]",
            bounded["memory"],
            limit,
            bounded["memory"] / limit,
            "<= 1",
        )
        peer = pairs[-1][1]["epoch2"]
        yield (
            f"4,000 photographs in {limit:.0f} MiB: pictures/s, second epoch",
            bounded["epoch2"],
            peer,
            bounded["epoch2"] / peer,
            ">= 1.3",
        )
        write_small(folder / "small")
        described = _measured("described", folder / "small")["seconds"]
        yield "50,000 small files: described [s]", described, 2.0, described / 2, "<= 2 s"
        first = _measured("small", folder / "small")["first"]
        yield "50,000 small files: to the first step [s]", first, 5.0, first / 5, "<= 5 s"


def write_photos(folder: Path, count: int) -> None:
    """Write JPEG files like photographs: gradients, shapes and grain, 47 kB each."""
    generator = np.random.default_rng(0)
    width, height = 500, 375
    grain = generator.normal(0, 9, (2 * height, 2 * width, 3)).astype(np.float32)
    for number in range(count):
        path = folder / f"class{number % CLASSES}" / f"{number:05}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        colors = generator.integers(0, 256, (6, 8, 3), dtype=np.uint8)
        image = Image.fromarray(colors).resize((width, height), Image.Resampling.BICUBIC)
        draw = ImageDraw.Draw(image)
        for _ in range(12):
            x, y = generator.integers(0, width), generator.integers(0, height)
            wide, high = generator.integers(10, width // 3, 2)
            color = tuple(map(int, generator.integers(0, 256, 3)))
            draw.ellipse((x, y, x + wide, y + high), fill=color)
        top, left = generator.integers(0, height), generator.integers(0, width)
        pixels = np.asarray(image) + grain[top : top + height, left : left + width]
        Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path, quality=85)


def write_small(folder: Path) -> None:
    """Write PNG files of 32x32 pixels."""
    generator = np.random.default_rng(0)
    for number in range(SMALL):
        path = folder / f"class{number % SMALL_CLASSES:02}" / f"{number:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        colors = generator.integers(0, 256, (5, 5, 3), dtype=np.uint8)
        Image.fromarray(colors).resize((32, 32)).save(path, compress_level=1)


def _measured(side: str, folder: Path) -> Figures:
    done = subprocess.run(
        [sys.executable, "-m", "tests.benchmarks.data", side, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: Figures = json.loads(done.stdout.splitlines()[-1])
    return found


def network(side: int, classes: int) -> Design:
    """Return a network that takes little time of its own."""
    return chain(
        "Small",
        (3, side, side),
        conv=LayerNode("Conv2d", {"out_channels": 8, "kernel_size": 8, "stride": 8}),
        act=LayerNode("ReLU"),
        flat=LayerNode("Flatten"),
        fc=LayerNode("Linear", {"out_features": classes}),
    )


def ours(
    folder: Path,
    side: int,
    classes: int,
    epochs: int,
    *,
    batch: int = BATCH,
    **settings: Any,
) -> Figures:
    """Train as the worker does; return when the first step and the epochs were done."""
    from designer.engine.loop import Loop
    from designer.engine.training import train
    from designer.recipe.reading import changed
    from designer.recipe.recipe import Recipe
    from designer.runs.begin import begin
    from designer.runs.events import EventWriter

    found: Figures = {}
    write, train_epoch = EventWriter.write, Loop._train_epoch

    def noted(log: EventWriter, event: str, **fields: Any) -> None:
        write(log, event, **fields)
        if event == "step":
            found.setdefault("first", time.perf_counter() - start)

    def timed(loop: Loop, model: Any) -> bool:
        number = loop._progress.epoch + 1
        begun = start if number == 1 else time.perf_counter()
        more = train_epoch(loop, model)
        pictures = loop._prepared.steps_per_epoch * batch
        found[f"epoch{number}"] = pictures / (time.perf_counter() - begun)
        found["memory"] = _shared_memory()
        return more

    EventWriter.write = noted  # type: ignore[method-assign]
    Loop._train_epoch = timed  # type: ignore[method-assign]
    base = Recipe(batch=batch, epochs=epochs, device="cpu")
    recipe = changed(
        base,
        {
            "data.source": str(folder),
            "data.validation": 0.02,
            "data.test": 0.0,
            "data.workers": cores(),
            "optimizer.learning_rate": 0.001,
            **{name.replace("__", "."): value for name, value in settings.items()},
        },
    )
    with tempfile.TemporaryDirectory() as runs:
        run = begin(Path(runs) / "run", network(side, classes), recipe)
        start = time.perf_counter()
        train(run)
    return found


def torchvision(folder: Path, epochs: int, *, batch: int = BATCH) -> Figures:
    """Train in a plain loop; return the same figures."""
    import torch
    from torch import nn
    from torch.utils.data import DataLoader
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    found: Figures = {}
    start = begun = time.perf_counter()
    steps = transforms.Compose(
        [
            transforms.Resize(224),
            transforms.CenterCrop(224),
            transforms.ToTensor(),
            transforms.Normalize((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
        ]
    )
    loader = DataLoader(
        ImageFolder(str(folder), steps),
        batch_size=batch,
        shuffle=True,
        drop_last=True,
        num_workers=cores(),
        persistent_workers=True,
    )
    model = nn.Sequential(
        nn.Conv2d(3, 8, 8, stride=8), nn.ReLU(), nn.Flatten(), nn.Linear(8 * 28 * 28, CLASSES)
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.001, momentum=0.9)
    for epoch in range(1, epochs + 1):
        for images, labels in loader:
            loss = nn.functional.cross_entropy(model(images), labels)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            found.setdefault("first", time.perf_counter() - start)
        now = time.perf_counter()
        found[f"epoch{epoch}"], begun = len(loader) * batch / (now - begun), now
    return found


def described(folder: Path) -> Figures:
    """Open and describe a data set."""
    from designer.data import describe, open_dataset

    start = time.perf_counter()
    describe(open_dataset(folder))
    return {"seconds": time.perf_counter() - start}


def _shared_memory() -> float:
    """Return the memory of this process that it shares with others, in MiB, on Linux."""
    status = Path("/proc/self/status")
    if not status.exists():
        return float("nan")
    (line,) = (row for row in status.read_text().splitlines() if row.startswith("RssShmem"))
    return int(line.split()[1]) / 1024


def _side(side: str, folder: Path) -> Figures:
    import torch  # loaded before the time counts, as in a worker

    torch.zeros(1)
    match side:
        case "ours":
            return ours(folder, 224, CLASSES, 2)
        case "ours, small batch":
            return ours(folder, 224, CLASSES, 1, batch=SMALL_BATCH)
        case "torchvision, small batch":
            return torchvision(folder, 1, batch=SMALL_BATCH)
        case "bounded":
            return ours(folder, 224, CLASSES, 2, data__memory=MEMORY, data__cache="never")
        case "small":
            return ours(folder, 32, SMALL_CLASSES, 1)
        case "torchvision":
            return torchvision(folder, 2)
    return described(folder)


if __name__ == "__main__":
    print(json.dumps(_side(sys.argv[1], Path(sys.argv[2]))))
