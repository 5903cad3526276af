# ResNet-50, written by netdesigner 0.1.0.
# arXiv:1512.03385
import torch
from torch import nn
from torch.nn import functional as F


class Shortcut(nn.Module):
    """The shortcut of a residual block (arXiv:1512.03385, section 3.3).

    Identity where shapes agree; else option A subsamples and pads with zero channels, option B is a
    1x1 projection. Option C projects always.
    """

    def __init__(self, in_channels, out_channels, stride=1, option="B", batch_norm=True):
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.stride = stride
        self.padding = 0 if same or option != "A" else out_channels - in_channels
        self.identity = same and option != "C"
        if option != "A" and not self.identity:
            self.conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=not batch_norm)
            self.bn = nn.BatchNorm2d(out_channels) if batch_norm else nn.Identity()
        else:
            self.conv = None

    def forward(self, x):
        if self.identity:
            return x
        if self.conv is None:
            return F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, 0, self.padding))
        return self.bn(self.conv(x))


class Bottleneck(nn.Module):
    def __init__(self, in_channels, channels=64, stride=1, option="B", variant="torchvision"):
        super().__init__()
        self.conv1 = nn.Conv2d(
            in_channels, channels, 1, stride=stride if variant == "paper" else 1, bias=False
        )
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(
            channels, channels, 3, stride=1 if variant == "paper" else stride, padding=1, bias=False
        )
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(channels, 4 * channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * channels)
        self.shortcut = Shortcut(in_channels, 4 * channels, stride=stride, option=option)
        self.relu3 = nn.ReLU(inplace=True)
        self.out_channels = 4 * channels

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.relu2(self.bn2(self.conv2(y)))
        y = self.bn3(self.conv3(y))
        return self.relu3(y + self.shortcut(x))


class ResNet50(nn.Module):
    def __init__(self, classes=1000, option="B", variant="torchvision"):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = self._stage(64, 64, 3, option=option, variant=variant)
        self.layer2 = self._stage(256, 128, 4, stride=2, option=option, variant=variant)
        self.layer3 = self._stage(512, 256, 6, stride=2, option=option, variant=variant)
        self.layer4 = self._stage(1024, 512, 3, stride=2, option=option, variant=variant)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(2048, classes)

    @staticmethod
    def _stage(in_channels, channels, count, option, variant, stride=1):
        """Return blocks in a row, each for the channels that the one before gives."""
        first = Bottleneck(in_channels, channels, stride=stride, option=option, variant=variant)
        rest = (
            Bottleneck(first.out_channels, channels, option=option, variant=variant)
            for _ in range(count - 1)
        )
        return nn.Sequential(first, *rest)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)
