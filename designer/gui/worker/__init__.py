"""The window's side of the worker process: starting it, sending requests, following runs."""
