"""Forms whose fields show and edit values; the inspector and the gallery use them."""
