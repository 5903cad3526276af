"""The open designs and what every feature needs to know of them."""
