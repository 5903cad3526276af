"""Why an address gave no file, each reason as a sentence with its remedy."""

import ssl
import urllib.error
from urllib.parse import urlsplit

from designer.errors import DesignerError
from designer.known_data.table import RemoteFile


class CanceledError(DesignerError):
    """The user canceled a download."""


class FetchError(DesignerError):
    """An address does not give the file; another one may.

    Attributes
    ----------
    broken_off
        Whether the connection ended amid the file, so that the rest may come at a second attempt.
    """

    broken_off = False


class BrokenOffError(FetchError):
    """The connection ended before the whole file had arrived."""

    broken_off = True


def refused(url: str, error: urllib.error.HTTPError) -> FetchError:
    """Return the error of a server, or a proxy, that answers with an HTTP status of failure."""
    host = urlsplit(url).hostname
    if error.code == 407:
        return FetchError(_PROXY.format(reason="407 Proxy Authentication Required"))
    if error.code in (408, 429) or error.code >= 500:
        return FetchError(
            f"{host} cannot send {url} now (HTTP status {error.code}): try again later."
        )
    return FetchError(
        f"{host} does not send {url} (HTTP status {error.code}): the file was moved or is no "
        "longer given out, or your network forbids it."
    )


def unreachable(url: str, error: Exception) -> FetchError:
    """Return the error of a connection that cannot be made or does not answer."""
    reason = getattr(error, "reason", error)
    host = urlsplit(url).hostname
    if isinstance(reason, ssl.SSLCertVerificationError):
        return FetchError(
            f"The certificate of {host} cannot be verified ({reason.verify_message}): check the "
            "clock of this computer, and whether your network needs a certificate of its own "
            "(environment variable SSL_CERT_FILE)."
        )
    text = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    if "Tunnel connection failed" in str(reason):
        return FetchError(_PROXY.format(reason=str(reason)))
    return FetchError(
        f"{host} cannot be reached ({text}): check the network, and the proxy if there is one "
        "(environment variables http_proxy and https_proxy)."
    )


def broken_off(url: str, *, arrived: int, size: int) -> BrokenOffError:
    """Return the error of a connection that ended after ``arrived`` of ``size`` bytes."""
    host = urlsplit(url).hostname
    return BrokenOffError(
        f"The connection to {host} broke off after {arrived:,} of {size:,} bytes: try again; what "
        "has arrived is kept and continued."
    )


def web_page(url: str, file: RemoteFile) -> FetchError:
    """Return the error of a server that sends a web page in place of the file."""
    host = urlsplit(url).hostname
    return FetchError(
        f"A web page came from {host} instead of {file.name}, as in networks that ask you to log "
        "in: log in with a browser, then try again."
    )


def other_file(url: str, file: RemoteFile, found: str) -> FetchError:
    """Return the error of a server that sends another file.

    Parameters
    ----------
    url, file
        The address, and the file that it should give.
    found
        What is different, as the end of a sentence: "it has 5 bytes instead of 7".
    """
    return FetchError(
        f"{url} is not the file {file.name} that was expected, as {found}: it was changed, or "
        "damaged on its way; try again later."
    )


_PROXY = (
    "The proxy refuses the connection ({reason}): put your user name and password into the "
    "environment variable https_proxy (http://USER:PASSWORD@HOST:PORT), or ask who runs it."
)
