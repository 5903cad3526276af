"""The welcome page and the gallery of presets: cards, scatter plot, family tree, preview."""
