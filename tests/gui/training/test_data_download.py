"""Known data sets in the data chooser: offered, downloaded, canceled, read; by real events."""

import threading
from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QProgressBar, QPushButton

from designer import known_data
from designer.gui.training.data_download import offered_title
from designer.gui.training.wrapping_button import WrappingButton
from designer.known_data import KNOWN, find
from tests.known_data.samples import offer
from tests.known_data.server import serve


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serve() as answers:
        for name in KNOWN:
            offer(answers, monkeypatch, name)
        yield answers


@pytest.fixture
def lenet(server, desk):
    desk.workspace.open_preset("lenet5")
    desk.wait(lambda: desk.training.set_up.data.reading)
    return desk


def choose(desk, name):
    """Choose a data set in the list with the mouse."""
    box = desk.training.set_up.data.name
    box.showPopup()
    view = box.view()
    place = view.visualRect(view.model().index(box.findData(name), 0)).center()
    desk.qtbot.mouseClick(view.viewport(), Qt.MouseButton.LeftButton, pos=place)


def click(desk, name):
    desk.qtbot.mouseClick(desk.training.findChild(QPushButton, name), Qt.MouseButton.LeftButton)


def offered(desk, name):
    """Choose a data set that is not here, and wait for the button that downloads it."""
    choose(desk, name)
    desk.wait(lambda: desk.training.findChild(WrappingButton, "data-download"))
    return desk.training.set_up.data


@pytest.mark.parametrize(
    ("name", "title"),
    [
        ("fashion_mnist", "Fashion-MNIST (download, 30.9 MB)"),
        ("cifar10", "CIFAR-10 (download, 170 MB)"),
        ("cifar100", "CIFAR-100 (download, 169 MB)"),
        ("mnist", "MNIST, all digits (download, 11.6 MB)"),
        ("svhn", "SVHN, house numbers (download, 246 MB)"),
        ("flowers102", "Oxford 102 Flowers (download, 345 MB)"),
    ],
)
def test_titles_say_what_is_to_be_downloaded(home, name, title, monkeypatch):
    monkeypatch.setitem(known_data.KNOWN, name, replace(KNOWN[name], installed=()))
    assert offered_title(KNOWN[name]) == title


def test_all_known_data_are_in_the_list(lenet):
    box = lenet.training.set_up.data.name
    titles = {box.itemData(number): box.itemText(number) for number in range(box.count())}
    for row in KNOWN.values():
        assert titles[row.name] == offered_title(row)


def test_a_click_downloads_a_data_set_and_shows_it(lenet, server):
    data = offered(lenet, "fashion_mnist")
    assert lenet.workspace.document.recipe.data.source == "fashion_mnist"
    assert "Fashion-MNIST is not on this computer yet: download it" in data.message.text()
    assert data.message.property("role") == "soft"
    assert not server.asked
    click(lenet, "data-download")
    lenet.wait(lambda: data.reading and data.reading.source == "fashion_mnist")
    assert data.reading.description.classes[0] == "T-shirt/top"
    assert data.name.currentText() == "Fashion-MNIST (on this computer)"
    assert not data.waiting.isVisible() and not data.arrived.isVisible()
    assert "28×28 gray, 10 classes" in data.facts.text()
    choose(lenet, "mnist10k")
    lenet.wait(lambda: data.reading and data.reading.source == "mnist10k")
    choose(lenet, "fashion_mnist")
    lenet.wait(lambda: data.reading and data.reading.source == "fashion_mnist")
    assert not lenet.training.findChild(WrappingButton, "data-download")


def test_progress_is_shown_and_cancel_keeps_what_arrived(lenet, server):
    server.pause = threading.Event()
    data = offered(lenet, "cifar10")
    click(lenet, "data-download")
    bar = lenet.training.findChild(QProgressBar, "data-progress")
    lenet.wait(lambda: bar.maximum() > 0)
    words = lenet.training.findChild(QLabel, "data-arrived")
    assert words.isVisible() and words.text().startswith("Downloading CIFAR-10: ")
    click(lenet, "data-cancel")
    assert "The download of CIFAR-10 was canceled; what has arrived" in data.message.text()
    assert not data.waiting.isVisible() and not words.isVisible()
    server.pause.set()
    click(lenet, "data-download")
    lenet.wait(lambda: data.reading and data.reading.source == "cifar10")
    assert find("cifar10")


def test_a_download_goes_on_while_other_data_are_shown(lenet, server):
    server.pause = threading.Event()
    data = offered(lenet, "mnist")
    click(lenet, "data-download")
    choose(lenet, "mnist10k")
    lenet.wait(lambda: data.reading and data.reading.source == "mnist10k")
    assert not data.waiting.isVisible()
    choose(lenet, "mnist")
    assert data.waiting.isVisible() and "MNIST, all digits" in data.arrived.text()
    choose(lenet, "mnist10k")
    server.pause.set()
    lenet.wait(lambda: "(on this computer)" in data.name.itemText(data.name.findData("mnist")))
    assert data.source == "mnist10k" and data.reading.source == "mnist10k"
    choose(lenet, "mnist")
    lenet.wait(lambda: data.reading and data.reading.source == "mnist")


def test_a_download_that_fails_says_why_and_where_to_put_the_files(lenet, server):
    server.html = {path for path in server.files if path.startswith("/cifar100/")}
    data = offered(lenet, "cifar100")
    click(lenet, "data-download")
    lenet.wait(lambda: data.error and not data.busy)
    assert "A web page came from 127.0.0.1 instead of cifar-100-binary.tar.gz" in data.error
    assert "Without a network, put cifar-100-binary.tar.gz" in data.message.text()
    assert data.message.property("role") == "error"
    server.html = set()
    click(lenet, "data-download")
    lenet.wait(lambda: data.reading and data.reading.source == "cifar100")


def test_a_preset_for_data_that_can_be_downloaded_offers_them(server, desk):
    desk.workspace.open_preset("nin_cifar10")
    data = desk.training.set_up.data
    desk.wait(lambda: desk.training.findChild(WrappingButton, "data-download"))
    button = desk.training.findChild(WrappingButton, "data-download")
    assert button.whole.startswith("Download CIFAR-10 (")
    assert data.source == "shapes10"  # which stands in until then
    click(desk, "data-download")
    assert data.source == desk.workspace.recipe.data.source == "cifar10"
    desk.wait(lambda: data.reading and data.reading.source == "cifar10")
    assert not desk.training.refusal()
    assert "not on this computer" not in data.message.text()
