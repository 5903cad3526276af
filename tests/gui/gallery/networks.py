"""A few networks as the gallery knows them, for tests that need no files."""

from designer.gui.gallery.catalogue import Card
from designer.presets import Paper, Preset, Published

_ROWS = (
    # name, title, family, follows, year, parameters, MACs, top-1 error, authors, idea
    ("lenet5", "LeNet-5", "LeNet", (), 1998, 61_706, 416_520, None, "LeCun", "Shared weights."),
    ("alexnet", "AlexNet", "AlexNet", ("lenet5",), 2012, 62_378_344, 1_135_256_096, 40.7,
     "Krizhevsky", "ReLU and dropout."),
    ("vgg16", "VGG-16", "VGG", ("alexnet",), 2014, 138_357_544, 15_470_264_320, 25.6,
     "Simonyan, A. Zisserman", "Small kernels."),
    ("googlenet", "GoogLeNet", "Inception", ("alexnet",), 2014, 13_378_280, 1_591_044_096, None,
     "Szegedy", "Several scales at once."),
    ("resnet18", "ResNet-18", "ResNet", ("vgg16",), 2015, 11_689_512, 1_814_073_344, 27.88,
     "He", "Shortcuts."),
    ("resnet50", "ResNet-50", "ResNet", ("resnet18",), 2015, 25_557_032, 4_089_184_256, 22.85,
     "He", "Shortcuts and bottlenecks."),
    ("resnet101", "ResNet-101", "ResNet", ("resnet18",), 2015, 44_549_160, 7_801_405_440, 21.75,
     "He", "Shortcuts and bottlenecks."),
    ("inception_v3", "Inception v3", "Inception", ("googlenet", "resnet18"), 2015, 27_161_264,
     5_713_216_096, 21.2, "Szegedy", "Factorized convolutions."),
    ("densenet121", "DenseNet-121", "DenseNet", ("resnet50",), 2016, 7_978_856, 2_834_161_664,
     25.02, "Huang", "Every layer reads all before it."),
)  # fmt: skip


def card(
    name: str, title: str, family: str, follows: tuple[str, ...], year: int, parameters: int,
    macs: int, error: float | None, authors: str, idea: str,
) -> Card:  # fmt: skip
    """Return a network as the gallery knows it."""
    published = [Published("test error", 0.95, "MNIST")]
    if error is not None:
        published.append(Published("top-1 error", error, "ImageNet 2012 validation, one crop"))
    paper = Paper("A paper", f"{authors}. arXiv:1512.03385")
    return Card(
        name,
        Preset(title, family, list(follows), year, paper, idea, "Trained.", published, parameters,
               macs),
    )  # fmt: skip


CARDS = tuple(card(*row) for row in _ROWS)
BROKEN = Card("broken", fault="broken.info.json cannot be used.")
