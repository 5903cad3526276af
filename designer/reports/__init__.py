"""A report of a run in one file: HTML that opens anywhere, or Markdown as a model card.

- `designer.reports.reading`: what a run's folder says, read once.
- `designer.reports.sections`, `evaluation_sections`: its parts as blocks of text, tables, plots.
- `designer.reports.plots`, `svg`: plots as SVG, in colors that follow the reader's theme.
- `designer.reports.html`, `markdown`: the two ways to write blocks; `writing` chooses one.

Nothing here needs torch, and a report names no folder of the machine.
"""
