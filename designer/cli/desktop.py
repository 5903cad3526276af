"""The entry in the menu of a Linux desktop, its icon, and the type of design files.

By the Desktop Entry and Shared MIME-info specifications of freedesktop.org.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from designer import storage
from designer.cli.output import PROGRAM
from designer.errors import DesignerError
from designer.resources import folder

FILE_TYPE = "application/x-netdesigner-design"

# Design files are JSON and end in .json. Content with a priority of 80 and more is looked at before
# the name; the text is the value of the field "format", with which a design file begins.
_MIME = f"""<?xml version="1.0" encoding="UTF-8"?>
<mime-info xmlns="http://www.freedesktop.org/standards/shared-mime-info">
  <mime-type type="{FILE_TYPE}">
    <comment>Neural network design</comment>
    <sub-class-of type="application/json"/>
    <magic priority="90">
      <match type="string" offset="0:64" value="&quot;netdesigner/design&quot;"/>
    </magic>
  </mime-type>
</mime-info>
"""
_ENTRY = """[Desktop Entry]
Type=Application
Name=Network Designer
GenericName=Neural network designer
Comment=Design neural networks, see what every layer costs, and train them
Exec={command} open %F
Icon={program}
Terminal=false
Categories=Science;ArtificialIntelligence;
Keywords=deep learning;PyTorch;neural network;
MimeType={file_type};
StartupWMClass={program}
"""
# The programs that read anew what a folder holds, where a desktop has them.
_UPDATES = (
    ("update-desktop-database", "applications"),
    ("update-mime-database", "mime"),
    ("gtk-update-icon-cache", "icons/hicolor"),
)
_PATIENCE = 60  # seconds for each of them


def install() -> list[Path]:
    """Write the files and return their paths.

    Raises
    ------
    DesignerError
        The system is not Linux, or a file cannot be written.
    """
    _refuse_other_systems()
    icon = (folder("assets") / "icon.svg").read_bytes()
    entry = _ENTRY.format(command=_command(), program=PROGRAM, file_type=FILE_TYPE)
    menu, picture, file_picture, kind = _paths()
    contents = {
        menu: entry.encode(),
        picture: icon,
        file_picture: icon,
        kind: _MIME.encode(),
    }
    for path, content in contents.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            storage.write_atomically(path, content)
        except OSError as error:
            raise DesignerError(
                f"{path} cannot be written ({error.strerror}): check whether you may write there, "
                "or set XDG_DATA_HOME to another folder."
            ) from error
    _update()
    return list(contents)


def remove() -> list[Path]:
    """Delete the files that `install` wrote and return the paths of those that were there.

    Raises
    ------
    DesignerError
        The system is not Linux, or a file cannot be deleted.
    """
    _refuse_other_systems()
    found = [path for path in _paths() if path.exists()]
    for path in found:
        try:
            path.unlink()
        except OSError as error:
            raise DesignerError(f"{path} cannot be deleted ({error.strerror}).") from error
    if found:
        _update()
    return found


def _refuse_other_systems() -> None:
    if sys.platform != "linux":
        raise DesignerError(
            "This command is for the desktops of Linux. On Windows, make a shortcut to "
            f"{PROGRAM}.exe; on macOS, start {PROGRAM} in the terminal."
        )


def _data() -> Path:
    """Return the user's folder of data; a relative XDG_DATA_HOME is ignored, as specified."""
    given = os.environ.get("XDG_DATA_HOME", "")
    return Path(given) if os.path.isabs(given) else Path.home() / ".local" / "share"


def _paths() -> tuple[Path, Path, Path, Path]:
    """Return the paths of the menu's entry, of the two icons, and of the file type."""
    data = _data()
    icons = data / "icons" / "hicolor" / "scalable"
    return (
        data / "applications" / f"{PROGRAM}.desktop",
        icons / "apps" / f"{PROGRAM}.svg",
        icons / "mimetypes" / f"{FILE_TYPE.replace('/', '-')}.svg",
        data / "mime" / "packages" / f"{PROGRAM}.xml",
    )


def _command() -> str:
    """Return the command that starts this installation of the program, as quoted for ``Exec``."""
    script = Path(sys.executable).with_name(PROGRAM)
    words = [str(script)] if script.exists() else [sys.executable, "-m", "designer"]
    return " ".join(map(_quoted, words))


def _quoted(word: str) -> str:
    """Quote an argument of ``Exec``: first as an argument, then as a text of the file."""
    argument = re.sub(r'(["`$\\])', r"\\\1", word.replace("%", "%%"))
    return '"' + argument.replace("\\", "\\\\") + '"'


def _update() -> None:
    """Let the desktop read the changed folders anew, as far as it has programs for that."""
    for program, name in _UPDATES:
        path = shutil.which(program)
        if path is not None and (_data() / name).is_dir():
            with contextlib.suppress(OSError, subprocess.TimeoutExpired):
                subprocess.run(
                    [path, str(_data() / name)],
                    check=False,
                    capture_output=True,
                    timeout=_PATIENCE,
                )
