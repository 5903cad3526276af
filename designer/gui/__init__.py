"""The window: the only place that imports Qt. It reaches the engine as a process only."""
