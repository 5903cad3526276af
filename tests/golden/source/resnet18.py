# ResNet-18, written by netdesigner 0.1.0.
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


class BasicBlock(nn.Module):
    def __init__(self, in_channels, channels=64, stride=1, option="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride=stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = Shortcut(in_channels, channels, stride=stride, option=option)
        self.relu2 = nn.ReLU(inplace=True)
        self.out_channels = channels

    def forward(self, x):
        y = self.relu1(self.bn1(self.conv1(x)))
        y = self.bn2(self.conv2(y))
        return self.relu2(y + self.shortcut(x))


class ResNet18(nn.Module):
    def __init__(self, classes=1000, option="B"):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        self.layer1 = nn.Sequential(*(BasicBlock(64, 64, option=option) for _ in range(2)))
        self.layer2 = nn.Sequential(
            BasicBlock(64, 128, stride=2, option=option), BasicBlock(128, 128, option=option)
        )
        self.layer3 = nn.Sequential(
            BasicBlock(128, 256, stride=2, option=option), BasicBlock(256, 256, option=option)
        )
        self.layer4 = nn.Sequential(
            BasicBlock(256, 512, stride=2, option=option), BasicBlock(512, 512, option=option)
        )
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(512, classes)

    def forward(self, x):
        x = self.maxpool(self.relu(self.bn1(self.conv1(x))))
        x = self.layer1(x)
        x = self.layer2(x)
        x = self.layer3(x)
        x = self.layer4(x)
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)
