"""What every part of the window is made of and that knows no design: theme, numbers, threads."""
