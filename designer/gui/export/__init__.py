"""The dialog that writes model files."""
