"""Forms of fields with values, as the inspector and the gallery show them."""
