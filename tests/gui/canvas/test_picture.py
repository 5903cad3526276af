"""Pictures of the network as files."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from PySide6.QtGui import QImage
from PySide6.QtSvg import QSvgRenderer

from designer.design.values import Design
from designer.errors import DesignerError
from designer.gui.canvas.canvas import Canvas
from designer.gui.documents.workspace import Workspace


def test_svg_has_readable_text(canvas: Canvas, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open_preset("resnet18")
    canvas.view.toggle_expanded("layer2")
    path = tmp_path / "network.svg"
    canvas.save_picture(path)
    texts = {each.text for each in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")}
    assert {"conv1", "layer2", "64×112×112"} <= texts
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    assert renderer.viewBoxF().height() > canvas.layer.bounds().height()


def test_png_is_twice_as_large(canvas: Canvas, workspace: Workspace, tmp_path: Path) -> None:
    workspace.open_preset("lenet5")
    path = tmp_path / "network.png"
    canvas.save_picture(path)
    image = QImage(str(path))
    assert image.width() > 2 * canvas.layer.bounds().width()
    assert image.pixelColor(2, 2) == canvas.layer.look.canvas


def test_what_cannot_be_written_is_said(
    canvas: Canvas, workspace: Workspace, tmp_path: Path
) -> None:
    workspace.add(Design("Empty"))
    with pytest.raises(DesignerError, match="no nodes to draw"):
        canvas.save_picture(tmp_path / "network.svg")
    workspace.open_preset("lenet5")
    with pytest.raises(DesignerError, match=r"\.svg or \.png"):
        canvas.save_picture(tmp_path / "network.bmp")
    for name in ("network.svg", "network.png"):
        with pytest.raises(DesignerError, match="cannot be written"):
            canvas.save_picture(tmp_path / "missing" / name)
