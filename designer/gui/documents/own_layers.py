"""Trust in the code of open designs, and measuring of what is trusted, beside the window."""

from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from PySide6.QtCore import QObject, QTimer

from designer.gui.base import background

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from designer.gui.documents.document import Document
    from designer.layers.own import Measurement, Request
    from designer.runs.own_layers import Measurer

_IDLE_MS = 60_000  # after which the measuring process, which has torch loaded, is ended


class Designs(Protocol):
    """What is needed of the workspace."""

    document: "Document | None"
    changed: Any  # signals, whose types PySide does not know
    refused: Any

    def take_facts(self, document: "Document", facts: "Mapping[Request, Measurement]") -> None:
        """Analyze a design again, with what was measured."""

    def look_at_trust(self) -> None:
        """Analyze the open designs that have code again, since more of it is trusted."""


class OwnLayers(QObject):
    """Measures the own layers of the current design as far as they are trusted.

    It asks for what the analysis waits for, one batch after the other, and hands the facts to the
    workspace, which analyzes the design again.
    """

    def __init__(self, workspace: Designs, parent: QObject) -> None:
        super().__init__(parent)
        self.workspace = workspace
        self.busy = False
        self._measurer: Measurer | None = None
        self._idle = QTimer(self, interval=_IDLE_MS, singleShot=True)
        self._idle.timeout.connect(self.end)
        workspace.changed.connect(self._look)

    def trust(self, texts: "Iterable[str]") -> None:
        """Trust texts that the user has read, and measure what they define.

        Raises
        ------
        DesignerError
            The settings cannot be written.
        """
        from designer.runs import trusted_code

        trusted_code.trust(texts)
        self.workspace.look_at_trust()

    def distrust(self, texts: "Iterable[str]") -> None:
        """Take the trust in texts back, so that nothing of them is run from now on."""
        from designer.runs import trusted_code

        trusted_code.distrust(texts)
        self.workspace.look_at_trust()

    def end(self) -> None:
        """End the measuring process, if there is one."""
        if self._measurer is not None and not self.busy:
            self._measurer.close()
            self._measurer = None

    def _look(self) -> None:
        document = self.workspace.document
        if document is None or not document.design.code or self.busy:
            return
        from designer.runs import own_layers

        wanted = own_layers.to_measure(document.analysis)
        if not wanted:
            return
        if self._measurer is None:
            self._measurer = own_layers.Measurer()
        self.busy = True
        self._idle.stop()
        measurer = self._measurer
        background.run(
            self,
            lambda: {each: measurer.measure(each) for each in wanted},
            partial(self._arrived, document),
            self._failed,
        )

    def _arrived(self, document: "Document", facts: "Mapping[Request, Measurement]") -> None:
        self.busy = False
        self._idle.start()
        self.workspace.take_facts(document, facts)
        self._look()

    def _failed(self, sentence: str) -> None:
        self.busy = False
        self.workspace.refused.emit(sentence)
