"""A batch of images while it is changed: what is drawn is collected, and applied in one pass."""

from collections.abc import Sequence

import torch
import torch.nn.functional as F  # noqa: N812
from torch import Tensor


class Pictures:
    """Images of a batch, and the changes that they wait for.

    Movements are composed, so that pixels are interpolated once, and not at all by flips and crops
    by whole pixels. Changes of colors are composed, too, into one matrix and one offset for each
    image. Both are applied when pixels are asked for.

    All draws come from torch's generator on the CPU.

    Parameters
    ----------
    images
        (n, channels, own height, own width): uint8, or float. uint8 is scaled to 0 to 1, and stays
        between these; floats are taken as they are.
    size
        The (height, width) that images get. What they are in at first, may be larger.
    mean
        The mean of each channel over the training part; 0 for none.
    components
        The principal components of its colors, each times its variance, (channels, channels): the
        rows are components. None if nothing needs them.
    """

    def __init__(
        self,
        images: Tensor,
        size: tuple[int, int],
        *,
        mean: Sequence[float] = (),
        components: Sequence[Sequence[float]] = (),
    ) -> None:
        self._images = images
        self._bounded = images.dtype == torch.uint8
        self.count, self.channels = images.shape[:2]
        self.height, self.width = size
        self.device = images.device
        self.mean = self._tensor(mean or (0.0,) * self.channels)
        self.components = self._tensor(components) if components else None
        # In the order in which they are applied.
        resized = images.shape[2:] != size
        self._matrix = self._identity(2) if resized else None  # from new to old positions
        self._offset = torch.zeros(self.count, 2, device=self.device) if resized else None
        self._beyond = False  # whether positions outside of the image are black
        self._flips: dict[int, Tensor] = {}  # by axis, which images
        self._crop: tuple[Tensor, int] | None = None
        self._colors: tuple[Tensor, Tensor] | None = None  # matrix and offset
        self._means: Tensor | None = None  # of the channels, before the colors are changed

    def _tensor(self, values: Sequence[float] | Sequence[Sequence[float]]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32, device=self.device)

    def _identity(self, size: int) -> Tensor:
        return torch.eye(size, device=self.device).expand(self.count, size, size)

    # Draws

    def uniform(self, low: float, high: float, *more: int) -> Tensor:
        """Return numbers between two bounds, (n,) or (n, *more), on the device of the images."""
        drawn = torch.empty(self.count, *more).uniform_(low, high)
        return drawn.to(self.device, non_blocking=True)

    def normal(self, *more: int) -> Tensor:
        """Return normal numbers of deviation 1, (n, *more), on the device of the images."""
        return torch.randn(self.count, *more).to(self.device, non_blocking=True)

    def whole(self, high: Tensor | int, *more: int) -> Tensor:
        """Return whole numbers, each from 0 to below ``high``, int64 (n,) or (n, *more)."""
        drawn = torch.rand(self.count, *more)
        return (drawn.to(self.device, non_blocking=True) * high).long()

    # Movements

    def move(self, matrix: Tensor, offset: Tensor | None = None, *, beyond: bool = True) -> None:
        """Take the pixel at x from matrix · x + offset.

        Parameters
        ----------
        matrix
            (n, 2, 2). Positions are (x, y) in pixels of the new size, from the center.
        offset
            (n, 2).
        beyond
            Whether positions may come to lie outside of the image, where it is black.
        """
        if self._flips or self._crop is not None:
            self._apply_movements()
        if offset is not None:
            moved = offset if self._matrix is None else (self._matrix @ offset[..., None])[..., 0]
            self._offset = moved if self._offset is None else self._offset + moved
        self._matrix = matrix if self._matrix is None else self._matrix @ matrix
        self._beyond |= beyond

    def flip(self, axis: int, chosen: Tensor) -> None:
        """Mirror some images: ``chosen`` is bool (n,), axis 3 is left to right, 2 top to bottom."""
        if self._crop is not None or axis in self._flips:
            self._apply_movements()
        self._flips[axis] = chosen

    def crop(self, corners: Tensor, padding: int) -> None:
        """Take a piece of the size of the images after a black border was added.

        Parameters
        ----------
        corners
            The upper left corner of the piece in the image with its border, (row, column), each
            from 0 to 2 · padding: int64 (n, 2).
        padding
            The width of the border in pixels.
        """
        if self._crop is not None:
            self._apply_movements()
        self._crop = corners, padding

    def _apply_movements(self) -> None:
        if self._matrix is None and not self._flips and self._crop is None:
            return
        if self._matrix is None:
            self._move_whole_pixels()
        else:
            self._images = self._sampled(self._matrix)
        self._matrix, self._offset, self._beyond = None, None, False
        self._flips, self._crop = {}, None

    def _move_whole_pixels(self) -> None:
        """Flip and crop without interpolation."""
        images = self._images
        for axis, chosen in self._flips.items():
            images = torch.where(chosen.view(-1, 1, 1, 1), images.flip(axis), images)
        if self._crop is not None:
            corners, padding = self._crop
            padded = F.pad(images, (padding,) * 4)
            n, channels, rows, columns = padded.stride()
            places = 2 * padding + 1
            # A view of all pieces, of which each image takes one: 100 times as fast as `gather`.
            pieces = padded.as_strided(
                (self.count, places, places, *images.shape[1:]),
                (n, rows, columns, channels, rows, columns),
            )
            here = torch.arange(self.count, device=self.device)
            images = pieces[here, corners[:, 0], corners[:, 1]]
        self._images = images

    def _sampled(self, matrix: Tensor) -> Tensor:
        """Interpolate the images at their new positions, flips and crops included."""
        sides = (self.width, self.height)
        positions, inside = [], []  # along x and y, each (n, side)
        for axis, side in enumerate(sides):
            at = torch.arange(side, device=self.device).expand(self.count, side) - (side - 1) / 2
            if self._crop is not None:
                corners, padding = self._crop
                at = at + (corners[:, 1 - axis, None] - padding)
                inside.append(at.abs() < side / 2)
            if (chosen := self._flips.get(3 - axis)) is not None:
                at = torch.where(chosen[:, None], -at, at)
            positions.append(at)
        x, y = positions
        grid = torch.empty(self.count, self.height, self.width, 2, device=self.device)
        for axis, side in enumerate(sides):
            of_x, of_y = (matrix[:, axis, k, None] * (2 / side) for k in (0, 1))
            row = of_x * x
            if self._offset is not None:
                row = row + self._offset[:, axis, None] * (2 / side)
            torch.add(row[:, None, :], (of_y * y)[:, :, None], out=grid[..., axis])
        sampled = F.grid_sample(
            self._floats(),
            grid,
            padding_mode="zeros" if self._beyond else "border",
            align_corners=False,
        )
        if inside:
            sampled *= (inside[0][:, None, :] & inside[1][:, :, None])[:, None]
        return sampled

    # Colors

    def recolor(self, matrix: Tensor, offset: Tensor | None = None) -> None:
        """Replace each color c by matrix · c + offset: (n, channels, channels), (n, channels).

        A ``matrix`` (n, 1, 1) multiplies all channels.
        """
        if matrix.shape[-1] == 1 != self.channels:
            matrix = matrix * self._identity(self.channels)
        if offset is None:
            offset = torch.zeros(self.count, self.channels, device=self.device)
        if self._colors is not None:
            before, moved = self._colors
            matrix, offset = matrix @ before, (matrix @ moved[..., None])[..., 0] + offset
        self._colors = matrix, offset

    def channel_means(self) -> Tensor:
        """Return the mean of each channel of each image, as it is now: (n, channels)."""
        if self._means is None:
            self._apply_movements()
            self._images = self._floats().contiguous()  # as `_apply_colors` wants them
            self._means = self._images.mean((2, 3))
        if self._colors is None:
            return self._means
        matrix, offset = self._colors
        return (matrix @ self._means[..., None])[..., 0] + offset

    def _apply_colors(self) -> None:
        if self._colors is None:
            return
        matrix, offset = self._colors
        images = self._floats().contiguous()
        if self.channels == 1:
            changed = torch.addcmul(offset[..., None, None], images, matrix[..., None])
        else:
            changed = torch.baddbmm(offset[..., None], matrix, images.flatten(2)).view_as(images)
        self._images = self._bound(changed)
        self._colors = None

    # Pixels

    def pixels(self) -> Tensor:
        """Return the images with all changes so far, float (n, channels, height, width)."""
        self._apply_movements()
        self._apply_colors()
        self._images = self._floats()
        return self._images

    def replace(self, images: Tensor) -> None:
        """Go on with other images, of the same shape."""
        self._images = self._bound(images)
        self._means = None

    def _floats(self) -> Tensor:
        if self._images.dtype != torch.uint8:
            return self._images
        return self._images.float().div_(255)

    def _bound(self, images: Tensor) -> Tensor:
        """Cut values of new images to black and white, in place, where these are known."""
        return images.clamp_(0, 1) if self._bounded else images
