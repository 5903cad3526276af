"""Training: the choice of data and recipe, live plots, earlier runs."""
