"""The inspector: a form for the selected nodes, their problems, and the explanation card."""
