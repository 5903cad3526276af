"""How the data sets of our own making were drawn; what ships is in ``assets/data``."""
