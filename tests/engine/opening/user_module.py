"""A network as somebody writes it who knows nothing of this program."""

import torch
import torch.nn.functional as F
from torch import nn


class Branches(nn.Module):
    """Two convolutions side by side, one of which sees more."""

    def __init__(self, in_channels, channels):
        super().__init__()
        self.narrow = nn.Conv2d(in_channels, channels, 1)
        self.wide = nn.Conv2d(in_channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(2 * channels)

    def forward(self, x):
        x = torch.cat([self.narrow(x), self.wide(x)], dim=1)
        return F.relu(self.norm(x))


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1)

    def forward(self, x):
        y = F.relu(self.conv1(x))
        return F.relu(x + self.conv2(y))


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 16, 3, padding=1)
        self.pool = nn.MaxPool2d(2)
        self.branches = Branches(16, 16)
        self.blocks = nn.ModuleList([Residual(32) for _ in range(3)])
        self.shared = nn.Linear(32, 32)
        self.drop = nn.Dropout(0.2)
        self.fc1 = nn.Linear(32 * 7 * 7, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = self.pool(F.relu(self.conv(x)))
        x = self.pool(self.branches(x))
        for block in self.blocks:
            x = block(x)
        x = x.view(-1, 32 * 7 * 7)
        x = F.relu(self.fc1(x))
        x = F.relu(self.shared(x))
        x = F.relu(self.shared(x))  # the same weights once more
        return self.fc2(self.drop(x))
