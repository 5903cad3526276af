"""The table of known data sets: a row says where one is found, and where it is downloaded from.

Addresses and checksums of MNIST, Fashion-MNIST, SVHN and Flowers are those of torchvision 0.29
(``torchvision/datasets``), checksums of the binary version of CIFAR are those of its own page. The
other addresses are copies: a file is used only if size and checksum are the ones given here.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class RemoteFile:
    """A file to download.

    Attributes
    ----------
    name
        Its name in the folder of the data set.
    urls
        Addresses that are tried one after the other.
    size
        Its bytes.
    md5
        Its MD5 checksum, in hexadecimal digits.
    unpacked
        Of an archive, which is unpacked and then removed: the most bytes that it may unpack to.
        0 for a file that is read as it is.
    """

    name: str
    urls: tuple[str, ...]
    size: int
    md5: str
    unpacked: int = 0


@dataclass(frozen=True, kw_only=True)
class KnownData:
    """A data set that can be downloaded.

    Attributes
    ----------
    name
        What a recipe and the command line call it.
    title
        What the window calls it.
    help
        What it is, in a sentence.
    channels
        Those of its pictures: 1 for gray, 3 for color.
    license
        Under which terms it is given out.
    page
        The address of the page of its makers.
    files
        What is downloaded.
    contents
        The files that must be in a folder so that the data set can be read from there; those that
        end in ``.gz`` may also lie there unpacked, without the ending.
    subfolder
        Where they are below the folder of the data set; "" for that folder itself.
    installed
        Folders in which packages of the operating system put the data set.
    package
        The name of such a package of Debian and Ubuntu; "" for none.
    needs
        The Python package that reading it needs besides the program's own; "" for none.
    """

    name: str
    title: str
    help: str
    channels: int
    license: str
    page: str
    files: tuple[RemoteFile, ...]
    contents: tuple[str, ...]
    subfolder: str = ""
    installed: tuple[str, ...] = ()
    package: str = ""
    needs: str = ""

    @property
    def size(self) -> int:
        """Bytes of all files to download."""
        return sum(file.size for file in self.files)


def _file(
    name: str, size: int, md5: str, folders: tuple[str, ...], *, unpacked: int = 0
) -> RemoteFile:
    """Return a file that each of several folders on the web holds under the same name."""
    urls = tuple(folder + name for folder in folders)
    return RemoteFile(name=name, urls=urls, size=size, md5=md5, unpacked=unpacked)


_MNIST = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
_FASHION = (
    "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
_SVHN = ("http://ufldl.stanford.edu/housenumbers/",)
_FLOWERS = ("https://www.robots.ox.ac.uk/~vgg/data/flowers/102/",)
_CIFAR = ("https://www.cs.toronto.edu/~kriz/", "https://cave.cs.toronto.edu/kriz/")
_IDX = (
    "train-images-idx3-ubyte.gz",
    "train-labels-idx1-ubyte.gz",
    "t10k-images-idx3-ubyte.gz",
    "t10k-labels-idx1-ubyte.gz",
)

_ROWS = (
    KnownData(
        name="fashion_mnist",
        title="Fashion-MNIST",
        help="Gray pictures of clothes, 28×28, in 10 classes.",
        channels=1,
        license="MIT license",
        page="https://github.com/zalandoresearch/fashion-mnist",
        files=(
            _file(_IDX[0], 26_421_880, "8d4fb7e6c68d591d4c3dfef9ec88bf0d", _FASHION),
            _file(_IDX[1], 29_515, "25c81989df183df01b3e8a0aad5dffbe", _FASHION),
            _file(_IDX[2], 4_422_102, "bef4ecab320f06d8554ea6380940ec79", _FASHION),
            _file(_IDX[3], 5_148, "bb300cfdad3c16e7a12a480ee83cd310", _FASHION),
        ),
        contents=_IDX,
        installed=("/usr/share/datasets/fashion-mnist",),
        package="dataset-fashion-mnist",
    ),
    KnownData(
        name="cifar10",
        title="CIFAR-10",
        help="Color pictures of animals and vehicles, 32×32, in 10 classes.",
        channels=3,
        license="no stated license; its makers ask to cite their report",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        files=(
            _file(
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c32a1d4ab5d03f1284b67883e8d87530",
                _CIFAR,
                unpacked=200_000_000,
            ),
        ),
        contents=(*(f"data_batch_{n}.bin" for n in range(1, 6)), "test_batch.bin"),
        subfolder="cifar-10-batches-bin",
    ),
    KnownData(
        name="cifar100",
        title="CIFAR-100",
        help="Color pictures of things and animals, 32×32, in 100 classes.",
        channels=3,
        license="no stated license; its makers ask to cite their report",
        page="https://www.cs.toronto.edu/~kriz/cifar.html",
        files=(
            _file(
                "cifar-100-binary.tar.gz",
                168_513_733,
                "03b5dce01913d631647c71ecec9e9cb8",
                _CIFAR,
                unpacked=200_000_000,
            ),
        ),
        contents=("train.bin", "test.bin", "fine_label_names.txt"),
        subfolder="cifar-100-binary",
    ),
    KnownData(
        name="mnist",
        title="MNIST, all digits",
        help="Gray pictures of handwritten digits, 28×28, in 10 classes.",
        channels=1,
        license="CC BY-SA 3.0 license",
        page="http://yann.lecun.com/exdb/mnist",
        files=(
            _file(_IDX[0], 9_912_422, "f68b3c2dcbeaaa9fbdd348bbdeb94873", _MNIST),
            _file(_IDX[1], 28_881, "d53e105ee54ea40749a09fcbcd1e9432", _MNIST),
            _file(_IDX[2], 1_648_877, "9fb629c4189551a2d022fa330f9573f3", _MNIST),
            _file(_IDX[3], 4_542, "ec29112dd5afa0611ce80d1b7f02629c", _MNIST),
        ),
        contents=_IDX,
    ),
    KnownData(
        name="svhn",
        title="SVHN, house numbers",
        help="Color pictures of digits on houses, 32×32, in 10 classes.",
        channels=3,
        license="for non-commercial use only",
        page="http://ufldl.stanford.edu/housenumbers",
        files=(
            _file("train_32x32.mat", 182_040_794, "e26dedcc434d2e4c54c9b2d4a06d8373", _SVHN),
            _file("test_32x32.mat", 64_275_384, "eb5a983be6a315427106f1b164d9cef3", _SVHN),
        ),
        contents=("train_32x32.mat", "test_32x32.mat"),
        needs="scipy",
    ),
    KnownData(
        name="flowers102",
        title="Oxford 102 Flowers",
        help="Photographs of flowers in 102 classes.",
        channels=3,
        license="no stated license; its makers ask to cite their paper",
        page="https://www.robots.ox.ac.uk/~vgg/data/flowers/102",
        files=(
            _file("imagelabels.mat", 502, "e0620be6f572b9609742df49c70aed4d", _FLOWERS),
            _file("setid.mat", 14_989, "a5357ecc9cb78c4bef273ce3793fc85c", _FLOWERS),
            _file(
                "102flowers.tgz",
                344_862_509,
                "52808999861908f626f3c1f4e79d11fa",
                _FLOWERS,
                unpacked=500_000_000,
            ),
        ),
        contents=("imagelabels.mat", "setid.mat", "jpg/image_00001.jpg", "jpg/image_08189.jpg"),
        needs="scipy",
    ),
)

KNOWN = {row.name: row for row in _ROWS}
"""All known data sets by name."""
