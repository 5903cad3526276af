"""The shell: icons, welcome page, settings, export, command palette, tour, help."""
