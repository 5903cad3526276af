"""From a flat network to a design that people read: patterns, repeated structure, differences."""
