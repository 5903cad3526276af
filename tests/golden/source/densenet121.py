# DenseNet-121, written by netdesigner 0.1.0.
# arXiv:1608.06993
import torch
from torch import nn


class DenseLayer(nn.Module):
    def __init__(self, in_channels, growth=32):
        super().__init__()
        self.norm1 = nn.BatchNorm2d(in_channels)
        self.relu1 = nn.ReLU(inplace=True)
        self.conv1 = nn.Conv2d(in_channels, 4 * growth, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(4 * growth)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv2 = nn.Conv2d(4 * growth, growth, 3, padding=1, bias=False)
        self.out_channels = in_channels + growth

    def forward(self, x):
        y = self.conv1(self.relu1(self.norm1(x)))
        y = self.conv2(self.relu2(self.norm2(y)))
        return torch.cat([x, y], 1)


class Transition(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.norm = nn.BatchNorm2d(in_channels)
        self.relu = nn.ReLU(inplace=True)
        self.conv = nn.Conv2d(in_channels, in_channels // 2, 1, bias=False)
        self.pool = nn.AvgPool2d(2)
        self.out_channels = in_channels // 2

    def forward(self, x):
        return self.pool(self.conv(self.relu(self.norm(x))))


class DenseNet121(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv0 = nn.Conv2d(3, 64, 7, stride=2, padding=3, bias=False)
        self.norm0 = nn.BatchNorm2d(64)
        self.relu0 = nn.ReLU(inplace=True)
        self.pool0 = nn.MaxPool2d(3, stride=2, padding=1)
        self.denseblock1 = nn.Sequential(*(DenseLayer(64 + 32 * i) for i in range(6)))
        self.transition1 = Transition(256)
        self.denseblock2 = nn.Sequential(*(DenseLayer(128 + 32 * i) for i in range(12)))
        self.transition2 = Transition(512)
        self.denseblock3 = nn.Sequential(*(DenseLayer(256 + 32 * i) for i in range(24)))
        self.transition3 = Transition(1024)
        self.denseblock4 = nn.Sequential(*(DenseLayer(512 + 32 * i) for i in range(16)))
        self.norm5 = nn.BatchNorm2d(1024)
        self.relu5 = nn.ReLU(inplace=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.classifier = nn.Linear(1024, classes)

    def forward(self, x):
        x = self.pool0(self.relu0(self.norm0(self.conv0(x))))
        x = self.denseblock1(x)
        x = self.transition1(x)
        x = self.denseblock2(x)
        x = self.transition2(x)
        x = self.denseblock3(x)
        x = self.transition3(x)
        x = self.denseblock4(x)
        x = self.relu5(self.norm5(x))
        x = torch.flatten(self.avgpool(x), 1)
        return self.classifier(x)
