# Wide ResNet, written by netdesigner 0.1.0.
# arXiv:1605.07146
import torch
from torch import nn


class PreActShortcut(nn.Module):
    """The shortcut of a pre-activation block (arXiv:1603.05027).

    The block's input where shapes agree, else a 1x1 projection of its first activation.
    """

    def __init__(self, in_channels, out_channels, stride=1):
        super().__init__()
        same = in_channels == out_channels and stride == 1
        self.conv = None if same else nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)

    def forward(self, x, activation):
        return x if self.conv is None else self.conv(activation)


class WideBlock(nn.Module):
    def __init__(self, in_channels, channels=16, stride=1, dropout=0.0):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.shortcut = PreActShortcut(in_channels, channels, stride=stride)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(dropout)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.out_channels = channels

    def forward(self, x):
        y = self.relu1(self.bn1(x))
        shortcut = self.shortcut(x, y)
        y = self.drop(self.relu2(self.bn2(self.conv1(y))))
        y = self.conv2(y)
        return y + shortcut


class WideResNet(nn.Module):
    def __init__(self, classes=10, k=10, dropout=0.0):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.group2 = self._stage(16, 16 * k, 4, dropout=dropout)
        self.group3 = self._stage(16 * k, 32 * k, 4, stride=2, dropout=dropout)
        self.group4 = self._stage(32 * k, 64 * k, 4, stride=2, dropout=dropout)
        self.bn = nn.BatchNorm2d(64 * k)
        self.relu = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64 * k, classes)

    @staticmethod
    def _stage(in_channels, channels, count, dropout, stride=1):
        """Return blocks in a row, each for the channels that the one before gives."""
        first = WideBlock(in_channels, channels, stride=stride, dropout=dropout)
        rest = (WideBlock(first.out_channels, channels, dropout=dropout) for _ in range(count - 1))
        return nn.Sequential(first, *rest)

    def forward(self, x):
        x = self.conv1(x)
        x = self.group2(x)
        x = self.group3(x)
        x = self.group4(x)
        x = self.relu(self.bn(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)
