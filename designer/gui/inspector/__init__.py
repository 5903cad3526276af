"""The inspector: a form of the selected nodes, and what explains them."""
