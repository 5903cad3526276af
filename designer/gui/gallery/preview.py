"""The preview of a preset: picture, idea, metrics, paper, and a form for its arguments."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from html import escape
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from designer import presets
from designer.gui.base import icons, numbers
from designer.gui.base.plain_text import tip
from designer.gui.base.speed import idle_imports
from designer.gui.base.theme import colors, mono, sans, strong, theme
from designer.gui.gallery.catalogue import Card, followers
from designer.gui.gallery.family_colors import FamilyColors
from designer.gui.gallery.metrics import METRICS, NetworkMetrics, measure, value_text
from designer.gui.gallery.paper_links import link_papers
from designer.gui.gallery.pictures import Picture, Pictures

if TYPE_CHECKING:
    from designer.analysis.analysis import Analysis
    from designer.design.expressions import Scalar
    from designer.design.values import Argument, Design
    from designer.gui.forms.form import Form
    from designer.gui.forms.rows import Section

_WAIT_MS = 90  # no preset is analyzed while the arrow keys move quickly over the cards
_WIDTH = 25  # in line heights
_MAX_COUNTED = 256  # metrics kept, so that a preset looked at again shows them at once


@dataclass(frozen=True)
class Choice:
    """A preset with values for some of its arguments."""

    name: str = ""
    arguments: "Mapping[str, Scalar]" = field(default_factory=dict)

    def design(self) -> "Design":
        """Return its design with these arguments set.

        Raises
        ------
        DesignerError
            Its file is damaged, or an argument does not accept its value.
        """
        from designer.design import edits

        design = presets.load(self.name)
        for name, value in self.arguments.items():
            design = edits.set_argument(design, name, value)
        return design


class Preview(QScrollArea):
    """The description of one preset.

    Signals
    -------
    opened(choice), compared(choice)
        It is to be opened or compared, with the arguments of the form.
    chosen(name)
        A related preset is to be shown.
    """

    opened = Signal(object)
    compared = Signal(object)
    chosen = Signal(str)

    def __init__(self, pictures: Pictures) -> None:
        super().__init__(objectName="preview")
        self.setAccessibleName("About the preset")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.card = Card("")
        self.choice = Choice()
        self.design: Design | None = None  # with the default arguments; None until it is read
        self.metrics: NetworkMetrics | None = None
        self.form: Form | None = None
        self._cards: tuple[Card, ...] = ()
        self._families = FamilyColors()
        self._counted: dict[tuple[str, tuple[tuple[str, Scalar], ...]], NetworkMetrics] = {}
        self._designs: dict[str, Design] = {}  # one for each preset
        self._analyzed: tuple[Choice, Analysis | None] = (self.choice, None)
        self._soon = QTimer(self, interval=_WAIT_MS, singleShot=True)
        self._soon.timeout.connect(self._count)
        self.picture = Picture(pictures)
        self._assemble()
        theme.changed.connect(self._apply_theme)
        self._apply_theme()

    # Assembling

    def _assemble(self) -> None:
        page = QWidget(objectName="preview-page")
        self.down = QVBoxLayout(page)
        self.down.setContentsMargins(18, 2, 14, 16)
        self.down.setSpacing(0)
        self.down.addWidget(self.picture)
        self.down.addSpacing(10)
        self.title = _label("preview-title")
        self.subtitle = _label("preview-subtitle", rich=True)
        self.down.addWidget(self.title)
        self.down.addSpacing(2)
        self.down.addWidget(self.subtitle)
        self.down.addSpacing(12)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        self.open = QPushButton("Open", objectName="preview-open")
        self.open.setProperty("primary", True)
        self.open.clicked.connect(lambda _=False: self.opened.emit(self.choice))
        self.compare = QPushButton("Compare…", objectName="preview-compare")
        self.compare.clicked.connect(lambda _=False: self.compared.emit(self.choice))
        for button in (self.open, self.compare):
            button.setAutoDefault(True)
            buttons.addWidget(button)
        buttons.addStretch(1)
        self.down.addLayout(buttons)
        self.down.addSpacing(14)
        self.idea = _label("preview-idea")
        self.down.addWidget(self.idea)
        self.headings: list[QLabel] = []
        self._heading("Size and cost, for one image")
        self.down.addLayout(self._metrics_grid())
        self.problem = _label("preview-problem")
        self.problem.setProperty("role", "error")
        self.down.addWidget(self.problem)
        self.arguments_title = self._heading("Arguments")
        self.arguments_title.hide()
        self.form_place = QVBoxLayout()
        self.form_place.setContentsMargins(0, 0, 0, 0)
        self.down.addLayout(self.form_place)
        self.published_title = self._heading("Published")
        self.published = _label("preview-published", rich=True)
        self.down.addWidget(self.published)
        self._heading("Paper")
        self.paper = _label("preview-paper", rich=True, links=True)
        self.paper.setOpenExternalLinks(True)
        self.down.addWidget(self.paper)
        self._heading("Training")
        self.recipe = _label("preview-recipe")
        self.down.addWidget(self.recipe)
        self.relatives_title = self._heading("Relatives")
        self.relatives = _label("preview-relatives", rich=True, links=True)
        self.relatives.linkActivated.connect(self.chosen)
        self.down.addWidget(self.relatives)
        self.down.addStretch(1)
        self.setWidget(page)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text, textFormat=Qt.TextFormat.PlainText)
        label.setProperty("role", "soft")
        label.setContentsMargins(0, 16, 0, 4)
        self.headings.append(label)
        self.down.addWidget(label)
        return label

    def _metrics_grid(self) -> QGridLayout:
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(3)
        grid.setColumnStretch(0, 1)
        self.values: list[QLabel] = []
        for number, row in enumerate(METRICS):
            name, value = (
                QLabel(text, textFormat=Qt.TextFormat.PlainText) for text in (row.label, "")
            )
            for label in (name, value):
                label.setToolTip(row.help)
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            grid.addWidget(name, number, 0)
            grid.addWidget(value, number, 1, Qt.AlignmentFlag.AlignRight)
            self.values.append(value)
        return grid

    def _apply_theme(self) -> None:
        c = colors()
        self.setFixedWidth(round(_WIDTH * self.fontMetrics().height() * 0.86))
        self.title.setFont(sans(1.45, bold=True))
        for heading in self.headings:
            heading.setFont(sans(0.86, bold=True))
        for value in self.values:
            value.setFont(mono(relative=0.95))
        for button in (self.open, self.compare):
            button.setMinimumHeight(round(button.fontMetrics().height() * 2.0))
        self.open.setIcon(icons.icon("open", "#ffffff"))
        self.compare.setIcon(icons.icon("table", c.text))
        if self.card.name:
            self._write()

    # Showing

    def showEvent(self, event: QShowEvent) -> None:
        """Set the fonts again, since Qt resets them when the page gets its parent."""
        super().showEvent(event)
        self._apply_theme()

    def show_card(self, card: Card, cards: tuple[Card, ...], families: FamilyColors) -> None:
        """Show a preset; metrics that must be computed follow a moment later."""
        self.card, self._cards, self._families = card, cards, families
        self.choice = Choice(card.name)
        self.design = self._designs.get(card.name)
        self._write()
        self._show_metrics()
        self._show_form()
        self.verticalScrollBar().setValue(0)
        if self.metrics is None or self.design is None:
            self._soon.start()

    def set_mine(self, title: str) -> None:
        """Set the title of the open design that Compare uses, "" if none is open."""
        self.compare.setText("Compare with my design" if title else "Compare…")
        self.compare.setToolTip(
            tip(f"Compare it with {title}." if title else "Compare it with another preset.")
        )

    def _write(self) -> None:
        card, preset = self.card, self.card.preset
        self.picture.show_preset(card.name if preset else "")
        self.title.setText(card.title)
        self.open.setEnabled(preset is not None)
        self.compare.setEnabled(preset is not None)
        if preset is None:
            self.subtitle.setText("")
            self.idea.setText(card.fault)
            for label in (self.published, self.paper, self.recipe, self.relatives):
                label.setText("")
            return
        link = colors().accent
        dot = f'<span style="color:{self._families[card.family].name()}">●</span>'
        self.subtitle.setText(f"{dot} {escape(preset.family)} · {preset.year}")
        self.idea.setText(preset.idea)
        soft = f"<span style='color:{colors().soft_text}'>"
        rows = "".join(
            "<tr><td style='padding-right:14px'>"
            f"{strong(f'{each.value:g} {escape(each.unit)}')}</td>"
            f"<td style='padding-bottom:4px'>{escape(each.measure)}<br>{soft}"
            f"{escape(each.conditions)}</span></td></tr>"
            for each in preset.published
        )
        self.published.setText(f"<table cellspacing=0 cellpadding=0>{rows}</table>")
        for label in (self.published_title, self.published):
            label.setVisible(bool(preset.published))
        paper = link_papers(escape(preset.paper.reference), link)
        self.paper.setText(f"<i>{escape(preset.paper.title)}</i><br>{paper}")
        self.recipe.setText(numbers.sentence(preset.recipe_note))
        known = {each.name: each for each in self._cards}
        lines = []
        for sentence, others in (
            ("Builds on {names}.", [known[name] for name in preset.follows if name in known]),
            ("Led to {names}.", followers(self._cards, card.name)),
        ):
            names = ", ".join(
                f'<a href="{each.name}" style="color:{link};text-decoration:none">'
                f"{escape(each.title)}</a>"
                for each in others
            )
            if names:
                lines.append(sentence.format(names=names))
        self.relatives.setText("<br>".join(lines))
        for label in (self.relatives_title, self.relatives):
            label.setVisible(bool(lines))

    def _show_metrics(self) -> None:
        key = (self.choice.name, tuple(self.choice.arguments.items()))
        self.metrics = self._counted.get(key)
        preset = self.card.preset
        known = {"Parameters": preset.parameters, "MACs": preset.macs} if preset else {}
        for metric, label in zip(METRICS, self.values, strict=True):
            label.setEnabled(self.metrics is not None or not self.choice.arguments)
            if self.metrics is not None:
                label.setText(value_text(metric, self.metrics))
            elif not self.choice.arguments:  # the info file has two of them
                number = known.get(metric.label)
                text = "…" if number is None else numbers.local(metric.write(number))
                label.setText(text)
        wrong = self.metrics.problem if self.metrics is not None else ""
        self.problem.setText(wrong)
        self.problem.setVisible(bool(wrong))

    # Counting

    def analysis_of(self, choice: Choice) -> "Analysis | None":
        """Return the analysis of a choice if it is the last one made, so that it opens at once."""
        known, analysis = self._analyzed
        return analysis if known == choice else None

    def _count(self) -> None:
        choice = self.choice
        if self.card.preset is None:
            return

        def work() -> "tuple[Choice, Design, Analysis, NetworkMetrics]":
            import designer.gui.forms.form  # noqa: F401 - here in idle time, used in _show_form
            from designer.analysis.analysis import analyze

            analysis = analyze(choice.design())
            return choice, presets.load(choice.name), analysis, measure(analysis)

        idle_imports.run(self, work, self._arrived, self._failed)

    def _arrived(self, counted: "tuple[Choice, Design, Analysis, NetworkMetrics]") -> None:
        choice, design, analysis, found = counted
        self._analyzed = choice, analysis
        self._designs[choice.name] = design
        while len(self._counted) >= _MAX_COUNTED:
            self._counted.pop(next(iter(self._counted)))  # the oldest
        self._counted[choice.name, tuple(choice.arguments.items())] = found
        if choice == self.choice:
            same = self.design is not None
            self.design = design
            self._show_metrics()
            self._show_form(same=same)

    def _failed(self, sentence: str) -> None:
        self.problem.setText(sentence)
        self.problem.show()

    # Arguments

    def _show_form(self, *, same: bool = False) -> None:
        """Show a field for each argument; the form before is reused if it has the same fields."""
        if self.form is not None:
            self.form.setEnabled(self.design is not None)
        if self.design is None:
            return  # the form of the preset before stays for a moment, so that nothing moves
        arguments = self.design.arguments
        self.arguments_title.setVisible(bool(arguments))
        if not arguments:
            self._drop_form()
            return
        from designer.gui.forms.form import Form, signature

        sections = [self._section(arguments)]
        if self.form is not None and self.form.signature == signature(sections):
            self.form.show_sections(sections, same=same)
            return
        self._drop_form()
        self.form = Form(sections)
        self.form.changed.connect(lambda row, value, _: self._set_argument(row.key, value))
        self.form.reset.connect(lambda row: self._set_argument(row.key, row.default))
        self.form.restored.connect(lambda row, _: self._set_argument(row.key, row.default))
        self.form_place.addWidget(self.form)
        self.form.show()
        self.form.stand_between(self.compare, self.paper)

    def _drop_form(self) -> None:
        if self.form is not None:
            self.form_place.removeWidget(self.form)
            self.form.hide()
            self.form.deleteLater()
            self.form = None

    def _section(self, arguments: "Mapping[str, Argument]") -> "Section":
        from designer.gui.forms import field_types
        from designer.gui.forms.rows import Row, Section

        return Section(
            rows=[
                Row(
                    name,
                    name,
                    field_types.of_argument(argument, expressions=False),
                    self.choice.arguments.get(name, argument.default),
                    lambda _: lambda design: design,  # the choice changes, not a design
                    f"set {name}",
                    help=argument.help,
                    default=argument.default,
                    reset=lambda design: design,
                )
                for name, argument in arguments.items()
            ]
        )

    def _set_argument(self, name: str, value: "Scalar") -> None:
        if self.design is None:
            return
        default = self.design.arguments[name].default
        others = {key: each for key, each in self.choice.arguments.items() if key != name}
        same = type(value) is type(default) and value == default
        arguments = others if same else {**others, name: value}
        self.choice = replace(self.choice, arguments=dict(sorted(arguments.items())))
        self._show_metrics()
        self._show_form(same=True)
        if self.metrics is None:
            self._soon.start()


def _label(name: str, *, rich: bool = False, links: bool = False) -> QLabel:
    label = QLabel(objectName=name, wordWrap=True)
    label.setTextFormat(Qt.TextFormat.RichText if rich else Qt.TextFormat.PlainText)
    flags = Qt.TextInteractionFlag.TextSelectableByMouse
    if links:
        flags |= Qt.TextInteractionFlag.LinksAccessibleByMouse
        flags |= Qt.TextInteractionFlag.LinksAccessibleByKeyboard
    label.setTextInteractionFlags(flags)
    return label
