"""The open designs, and what several features need to know about them."""
