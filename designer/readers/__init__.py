"""Networks from elsewhere, read as data: each format becomes the neutral graph of `graph`."""
