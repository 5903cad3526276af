"""The shell: docks, files of documents, main window, settings, status bar."""
