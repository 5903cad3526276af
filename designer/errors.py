"""The one exception that is meant for the user's eyes."""


class DesignerError(Exception):
    """Something the user can mend, told in one sentence.

    The message names the thing that is wrong and the remedy; the command line prints it and exits
    with 1, a window shows it. Anything else that is raised is a defect of the program.
    """
