"""The window's side of the worker process: starting it, asking it, following its runs."""
