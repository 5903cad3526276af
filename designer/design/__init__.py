"""The document: designs as values, expressions, edits and files."""
