# Old network, written by netdesigner 0.1.0.
import torch
from torch import nn


class ConvBlock(nn.Module):
    def __init__(self, in_channels, width=4):
        super().__init__()
        self.conv = nn.Conv2d(in_channels, width, 3, padding=1)
        self.norm = nn.BatchNorm2d(width)
        self.act = nn.ReLU(inplace=True)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_in", nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)
        self.out_channels = width

    def forward(self, x):
        return self.act(self.norm(self.conv(x)))


class OldNetwork(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = ConvBlock(1, 4)
        self.second = nn.Sequential(*(ConvBlock(4, 4) for _ in range(2)))
        self.drop = nn.Dropout(0.2)
        self.fc = nn.Linear(256, 3)
        nn.init.xavier_uniform_(self.fc.weight)

    def forward(self, x):
        x = self.first(x)
        x = torch.flatten(self.drop(self.second(x)), 1)
        return self.fc(x)
