"""The gallery of presets: cards, a scatter plot, a family tree, a preview and a comparison."""
