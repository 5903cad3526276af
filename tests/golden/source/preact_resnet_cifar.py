# PreAct ResNet CIFAR, written by netdesigner 0.1.0.
# arXiv:1603.05027
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


class PreActBlock(nn.Module):
    def __init__(self, in_channels, channels=16, stride=1):
        super().__init__()
        self.bn1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.shortcut = PreActShortcut(in_channels, channels, stride=stride)
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.out_channels = channels

    def forward(self, x):
        y = self.relu1(self.bn1(x))
        shortcut = self.shortcut(x, y)
        y = self.relu2(self.bn2(self.conv1(y)))
        y = self.conv2(y)
        return y + shortcut


class PreActResNetCIFAR(nn.Module):
    def __init__(self, classes=10, depth=110):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1, bias=False)
        self.basic1 = self._stage(16, 16, (depth - 2) // 6)
        self.basic2 = self._stage(16, 32, (depth - 2) // 6, stride=2)
        self.basic3 = self._stage(32, 64, (depth - 2) // 6, stride=2)
        self.bn = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(64, classes)

    @staticmethod
    def _stage(in_channels, channels, count, stride=1):
        """Return blocks in a row, each for the channels that the one before gives."""
        layers = []
        for i in range(count):
            layers.append(PreActBlock(in_channels, channels, stride=stride if i == 0 else 1))
            in_channels = layers[-1].out_channels
        return nn.Sequential(*layers)

    def forward(self, x):
        x = self.conv1(x)
        x = self.basic1(x)
        x = self.basic2(x)
        x = self.basic3(x)
        x = self.relu(self.bn(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)
