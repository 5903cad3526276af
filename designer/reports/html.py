"""A report as one HTML page that needs nothing else: no script, no font, no picture elsewhere."""

import base64
from collections.abc import Sequence
from html import escape

from designer.reports.blocks import Block, Code, Facts, Pictures, Plot, Section, Table, Text
from designer.reports.reading import Report
from designer.reports.svg import SERIES

_STYLE = """
:root { color-scheme: light dark; --paper: #ffffff; --ink: #1f2328; --faint: #59636e;
  --grid: #d8dee4; --panel: #f6f8fa; --on: #ffffff; --right: #1a7f4b; --wrong: #c4432b;
  --c1: #2f6fe0; --c2: #c2610c; --c3: #1a7f4b; --c4: #a2359c; --c5: #0f7f93; --c6: #b3261e;
  --c7: #6a5acd; --c8: #7a6a00; --c9: #8c4a3a; --c10: #5c6b7a; }
@media (prefers-color-scheme: dark) { :root { --paper: #16181d; --ink: #e6e9ee; --faint: #9aa4b2;
  --grid: #363c47; --panel: #20242b; --on: #101216; --right: #57c98c; --wrong: #ff8a70;
  --c1: #6ea3ff; --c2: #f0a04b; --c3: #57c98c; --c4: #df86d9; --c5: #4cc3d9; --c6: #ff8a80;
  --c7: #a99cff; --c8: #d8c64a; --c9: #d99a84; --c10: #a3b3c4; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 1040px; padding: 24px 20px 60px; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, sans-serif; overflow-wrap: break-word; }
h1 { font-size: 28px; margin: 0 0 4px; } h2 { font-size: 21px; margin: 40px 0 8px;
  padding-bottom: 4px; border-bottom: 1px solid var(--grid); }
h3 { font-size: 16px; margin: 24px 0 8px; } p { margin: 8px 0; max-width: 75ch; }
nav { margin: 12px 0 0; } nav a { margin-right: 14px; } a { color: var(--c1); }
.under { color: var(--faint); margin: 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 10px 0; }
th, td { padding: 4px 12px 4px 0; text-align: right; vertical-align: top; }
th { color: var(--faint); font-weight: 600; border-bottom: 1px solid var(--grid); }
td { border-bottom: 1px solid var(--panel); } .text { text-align: left; }
.facts td { text-align: left; border: 0; } .facts td:first-child { color: var(--faint); }
.facts td:last-child { color: var(--faint); }
pre { background: var(--panel); border-radius: 6px; padding: 12px; overflow-x: auto;
  font: 13px/1.45 ui-monospace, monospace; }
summary { cursor: pointer; color: var(--c1); margin: 10px 0; }
.plots { display: flex; flex-wrap: wrap; gap: 20px 28px; align-items: flex-start; }
figure { margin: 10px 0; max-width: 100%; } figcaption { color: var(--faint); font-size: 13px;
  max-width: 62ch; } .plots figure { flex: 0 1 440px; }
svg { max-width: 100%; height: auto; display: block; }
svg text { fill: var(--ink); font: 12px system-ui, sans-serif; } svg .tick { fill: var(--faint);
  font-size: 11px; } svg text.on { fill: var(--on); }
svg .over { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; }
svg polyline, svg line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
svg .grid { stroke: var(--grid); stroke-width: 1; } svg .guide { stroke: var(--faint);
  stroke-dasharray: 4 4; stroke-width: 1; } svg .steps { stroke: var(--c1); stroke-width: 1;
  opacity: .35; } svg .whole { stroke: var(--ink); stroke-width: 2.4; }
svg circle { stroke: none; } svg .mark { fill: var(--wrong); r: 4px; } svg .dot { fill: var(--c1);
  opacity: .45; } svg .bar { fill: var(--c1); } svg .gap { fill: var(--wrong); opacity: .4; }
svg .right { fill: var(--right); } svg .wrong { fill: var(--wrong); }
svg .frame { fill: none; stroke: var(--grid); }
.pictures { display: flex; flex-wrap: wrap; gap: 12px; }
.pictures figure { margin: 0; width: 116px; }
.pictures img { width: 112px; height: 112px; object-fit: contain; image-rendering: pixelated;
  background: var(--panel); } .pictures figcaption { font-size: 12px; line-height: 1.3; }
"""
_COLORS = "".join(
    f"svg polyline.line{n}, svg line.line{n} {{ stroke: var(--c{n}); }} "
    f"svg circle.line{n} {{ fill: var(--c{n}); }}\n"
    for n in range(1, SERIES + 1)
)


def html(report: Report, sections: Sequence[Section]) -> str:
    """Return a report of a run as an HTML page."""
    name = report.analysis.design.name
    return page(f"{name}: {report.name}", name, f"The run {report.name}", sections)


def page(title: str, heading: str, under: str, sections: Sequence[Section]) -> str:
    """Return an HTML page.

    Parameters
    ----------
    title
        Of the browser's window.
    heading, under
        What stands above everything, and in smaller letters below it.
    sections
        The sections, to which links lead.
    """
    links = "".join(
        f'<a href="#s{number}">{escape(section.title)}</a>'
        for number, section in enumerate(sections)
    )
    body = "\n".join(
        f'<h2 id="s{number}">{escape(section.title)}</h2>\n{_section(section, 3)}'
        for number, section in enumerate(sections)
    )
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<style>{_STYLE}{_COLORS}</style>
</head>
<body>
<h1>{escape(heading)}</h1>
<p class="under">{escape(under)}</p>
<nav>{links}</nav>
{body}
</body>
</html>
"""


def _section(section: Section, level: int) -> str:
    parts = _blocks(section.blocks)
    parts += [
        f"<h{level}>{escape(each.title)}</h{level}>\n{_section(each, level + 1)}"
        for each in section.sections
    ]
    return "\n".join(parts)


def _blocks(blocks: Sequence[Block]) -> list[str]:
    """Return blocks as HTML; plots that follow each other stand side by side."""
    parts: list[str] = []
    plots: list[str] = []
    for block in blocks:
        if isinstance(block, Plot):
            plots.append(_figure(block.svg, block.caption))
            continue
        parts += _side_by_side(plots)
        plots = []
        parts.append(_block(block))
    return parts + _side_by_side(plots)


def _side_by_side(plots: Sequence[str]) -> list[str]:
    return [f'<div class="plots">{"".join(plots)}</div>'] if plots else []


def _block(block: Block) -> str:
    match block:
        case Text():
            return f"<p>{escape(block.text)}</p>"
        case Facts():
            rows = "".join(
                f"<tr>{''.join(f'<td>{escape(each)}</td>' for each in row)}</tr>"
                for row in block.rows
            )
            return f'<div class="wide"><table class="facts"><tbody>{rows}</tbody></table></div>'
        case Table():
            return _table(block)
        case Code():
            return f"<pre><code>{escape(block.text)}</code></pre>"
        case Pictures():
            shown = "".join(
                _figure(
                    f'<img alt="{escape(each.caption)}" '
                    f'src="data:image/png;base64,{base64.b64encode(each.png).decode()}">',
                    each.caption,
                )
                for each in block.pictures
            )
            return f'<p>{escape(block.caption)}</p><div class="pictures">{shown}</div>'
        case Plot():
            return _figure(block.svg, block.caption)


def _table(table: Table) -> str:
    def row(cells: Sequence[str], kind: str) -> str:
        texts = (
            f"<{kind}{' class=text' if place < table.left else ''}>{escape(cell)}</{kind}>"
            for place, cell in enumerate(cells)
        )
        return f"<tr>{''.join(texts)}</tr>"

    rows = "".join(row(cells, "td") for cells in table.rows)
    whole = (
        f'<div class="wide"><table><thead>{row(table.titles, "th")}</thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
    if not table.summary:
        return whole
    return f"<details><summary>{escape(table.summary)}</summary>{whole}</details>"


def _figure(content: str, caption: str) -> str:
    return f"<figure>{content}<figcaption>{escape(caption)}</figcaption></figure>"
