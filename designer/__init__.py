"""Network Designer: build networks from blocks, see what they cost, train them, take the code."""

__version__ = "0.1.0"
