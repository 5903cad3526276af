# MobileNet v2, written by netdesigner 0.1.0.
# arXiv:1801.04381
import torch
from torch import nn


class ConvBNReLU6(nn.Module):
    def __init__(self, in_channels, channels=32, kernel_size=1, stride=1, groups=1):
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            channels,
            kernel_size,
            stride=stride,
            padding=kernel_size // 2,
            groups=groups,
            bias=False,
        )
        self.bn = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU6(inplace=True)
        self.out_channels = channels

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class InvertedResidual(nn.Module):
    def __init__(self, in_channels, channels=16, expansion=6, stride=1):
        super().__init__()
        self.depthwise = ConvBNReLU6(
            in_channels,
            expansion * in_channels,
            kernel_size=3,
            stride=stride,
            groups=expansion * in_channels,
        )
        self.project = nn.Conv2d(expansion * in_channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.out_channels = channels

    def forward(self, x):
        x = self.depthwise(x)
        return self.bn(self.project(x))


class InvertedResidual2(nn.Module):
    def __init__(self, in_channels, channels=16, expansion=6, stride=1):
        super().__init__()
        self.expand = ConvBNReLU6(in_channels, expansion * in_channels)
        self.depthwise = ConvBNReLU6(
            expansion * in_channels,
            expansion * in_channels,
            kernel_size=3,
            stride=stride,
            groups=expansion * in_channels,
        )
        self.project = nn.Conv2d(expansion * in_channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.out_channels = channels

    def forward(self, x):
        x = self.expand(x)
        x = self.depthwise(x)
        return self.bn(self.project(x))


class InvertedResidual3(nn.Module):
    def __init__(self, in_channels, channels=16, expansion=6, stride=1):
        super().__init__()
        self.expand = ConvBNReLU6(in_channels, expansion * in_channels)
        self.depthwise = ConvBNReLU6(
            expansion * in_channels,
            expansion * in_channels,
            kernel_size=3,
            stride=stride,
            groups=expansion * in_channels,
        )
        self.project = nn.Conv2d(expansion * in_channels, channels, 1, bias=False)
        self.bn = nn.BatchNorm2d(channels)
        self.out_channels = channels

    def forward(self, x):
        y = self.expand(x)
        y = self.depthwise(y)
        y = self.bn(self.project(y))
        return y + x


class MobileNetV2(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = ConvBNReLU6(3, kernel_size=3, stride=2)
        self.stage1 = InvertedResidual(32, expansion=1)
        self.stage2 = nn.Sequential(InvertedResidual2(16, 24, stride=2), InvertedResidual3(24, 24))
        self.stage3 = nn.Sequential(
            InvertedResidual2(24, 32, stride=2), *(InvertedResidual3(32, 32) for _ in range(2))
        )
        self.stage4 = nn.Sequential(
            InvertedResidual2(32, 64, stride=2), *(InvertedResidual3(64, 64) for _ in range(3))
        )
        self.stage5 = nn.Sequential(
            InvertedResidual2(64, 96), *(InvertedResidual3(96, 96) for _ in range(2))
        )
        self.stage6 = nn.Sequential(
            InvertedResidual2(96, 160, stride=2), *(InvertedResidual3(160, 160) for _ in range(2))
        )
        self.stage7 = InvertedResidual2(160, 320)
        self.conv2 = ConvBNReLU6(320, 1280)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.2)
        self.fc = nn.Linear(1280, classes)

    def forward(self, x):
        x = self.conv1(x)
        x = self.stage1(x)
        x = self.stage2(x)
        x = self.stage3(x)
        x = self.stage4(x)
        x = self.stage5(x)
        x = self.stage6(x)
        x = self.stage7(x)
        x = self.conv2(x)
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        return self.fc(x)
