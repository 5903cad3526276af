# Inception-v3, written by netdesigner 0.1.0.
# arXiv:1512.00567
import torch
from torch import nn


class BasicConv2d(nn.Module):
    def __init__(self, in_channels, channels=64, height=1, width=1, stride=1, valid=False):
        super().__init__()
        self.conv = nn.Conv2d(
            in_channels,
            channels,
            (height, width),
            stride=stride,
            padding=(0 if valid else height // 2, 0 if valid else width // 2),
            bias=False,
        )
        self.bn = nn.BatchNorm2d(channels, eps=0.001)
        self.relu = nn.ReLU(inplace=True)
        self.out_channels = channels

    def forward(self, x):
        return self.relu(self.bn(self.conv(x)))


class InceptionA(nn.Module):
    def __init__(self, in_channels, pool_features=64):
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 64)
        self.branch5x5_1 = BasicConv2d(in_channels, 48)
        self.branch5x5_2 = BasicConv2d(48, 64, 5, 5)
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 64)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, 3, 3)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, 3, 3)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(in_channels, pool_features)
        self.out_channels = 224 + pool_features

    def forward(self, x):
        branch1 = self.branch1x1(x)
        branch2 = self.branch5x5_1(x)
        branch2 = self.branch5x5_2(branch2)
        branch3 = self.branch3x3dbl_1(x)
        branch3 = self.branch3x3dbl_2(branch3)
        branch3 = self.branch3x3dbl_3(branch3)
        branch4 = self.branch_pool(self.pool(x))
        return torch.cat([branch1, branch2, branch3, branch4], 1)


class InceptionB(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.branch3x3 = BasicConv2d(in_channels, 384, 3, 3, 2, True)
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 64)
        self.branch3x3dbl_2 = BasicConv2d(64, 96, 3, 3)
        self.branch3x3dbl_3 = BasicConv2d(96, 96, 3, 3, 2, True)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.out_channels = 480 + in_channels

    def forward(self, x):
        branch1 = self.branch3x3(x)
        branch2 = self.branch3x3dbl_1(x)
        branch2 = self.branch3x3dbl_2(branch2)
        branch2 = self.branch3x3dbl_3(branch2)
        branch3 = self.pool(x)
        return torch.cat([branch1, branch2, branch3], 1)


class InceptionC(nn.Module):
    def __init__(self, in_channels, channels_7x7=128):
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 192)
        self.branch7x7_1 = BasicConv2d(in_channels, channels_7x7)
        self.branch7x7_2 = BasicConv2d(channels_7x7, channels_7x7, width=7)
        self.branch7x7_3 = BasicConv2d(channels_7x7, 192, 7)
        self.branch7x7dbl_1 = BasicConv2d(in_channels, channels_7x7)
        self.branch7x7dbl_2 = BasicConv2d(channels_7x7, channels_7x7, 7)
        self.branch7x7dbl_3 = BasicConv2d(channels_7x7, channels_7x7, width=7)
        self.branch7x7dbl_4 = BasicConv2d(channels_7x7, channels_7x7, 7)
        self.branch7x7dbl_5 = BasicConv2d(channels_7x7, 192, width=7)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(in_channels, 192)
        self.out_channels = 768

    def forward(self, x):
        branch1 = self.branch1x1(x)
        branch2 = self.branch7x7_1(x)
        branch2 = self.branch7x7_2(branch2)
        branch2 = self.branch7x7_3(branch2)
        branch3 = self.branch7x7dbl_1(x)
        branch3 = self.branch7x7dbl_2(branch3)
        branch3 = self.branch7x7dbl_3(branch3)
        branch3 = self.branch7x7dbl_4(branch3)
        branch3 = self.branch7x7dbl_5(branch3)
        branch4 = self.branch_pool(self.pool(x))
        return torch.cat([branch1, branch2, branch3, branch4], 1)


class InceptionAux(nn.Module):
    def __init__(self, in_channels, classes=1000):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv0 = BasicConv2d(in_channels, 128)
        self.conv1 = BasicConv2d(128, 768, 5, 5, valid=True)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(768, classes)
        self.out_channels = classes

    def forward(self, x):
        x = self.conv0(self.pool(x))
        x = self.conv1(x)
        x = torch.flatten(self.avgpool(x), 1)
        return self.fc(x)


class InceptionD(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.branch3x3_1 = BasicConv2d(in_channels, 192)
        self.branch3x3_2 = BasicConv2d(192, 320, 3, 3, 2, True)
        self.branch7x7x3_1 = BasicConv2d(in_channels, 192)
        self.branch7x7x3_2 = BasicConv2d(192, 192, width=7)
        self.branch7x7x3_3 = BasicConv2d(192, 192, 7)
        self.branch7x7x3_4 = BasicConv2d(192, 192, 3, 3, 2, True)
        self.pool = nn.MaxPool2d(3, stride=2)
        self.out_channels = 512 + in_channels

    def forward(self, x):
        branch1 = self.branch3x3_1(x)
        branch1 = self.branch3x3_2(branch1)
        branch2 = self.branch7x7x3_1(x)
        branch2 = self.branch7x7x3_2(branch2)
        branch2 = self.branch7x7x3_3(branch2)
        branch2 = self.branch7x7x3_4(branch2)
        branch3 = self.pool(x)
        return torch.cat([branch1, branch2, branch3], 1)


class InceptionE(nn.Module):
    def __init__(self, in_channels):
        super().__init__()
        self.branch1x1 = BasicConv2d(in_channels, 320)
        self.branch3x3_1 = BasicConv2d(in_channels, 384)
        self.branch3x3_2a = BasicConv2d(384, 384, width=3)
        self.branch3x3_2b = BasicConv2d(384, 384, 3)
        self.branch3x3dbl_1 = BasicConv2d(in_channels, 448)
        self.branch3x3dbl_2 = BasicConv2d(448, 384, 3, 3)
        self.branch3x3dbl_3a = BasicConv2d(384, 384, width=3)
        self.branch3x3dbl_3b = BasicConv2d(384, 384, 3)
        self.pool = nn.AvgPool2d(3, stride=1, padding=1)
        self.branch_pool = BasicConv2d(in_channels, 192)
        self.out_channels = 2048

    def forward(self, x):
        branch1 = self.branch1x1(x)
        y = self.branch3x3_1(x)
        branch3x3_2a = self.branch3x3_2a(y)
        y = self.branch3x3_2b(y)
        branch2 = torch.cat([branch3x3_2a, y], 1)
        del branch3x3_2a, y
        y = self.branch3x3dbl_1(x)
        y = self.branch3x3dbl_2(y)
        branch3x3dbl_3a = self.branch3x3dbl_3a(y)
        y = self.branch3x3dbl_3b(y)
        branch3 = torch.cat([branch3x3dbl_3a, y], 1)
        del branch3x3dbl_3a, y
        branch4 = self.branch_pool(self.pool(x))
        return torch.cat([branch1, branch2, branch3, branch4], 1)


class InceptionV3(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.Conv2d_1a_3x3 = BasicConv2d(3, 32, 3, 3, 2, True)
        self.Conv2d_2a_3x3 = BasicConv2d(32, 32, 3, 3, valid=True)
        self.Conv2d_2b_3x3 = BasicConv2d(32, 64, 3, 3)
        self.maxpool1 = nn.MaxPool2d(3, stride=2)
        self.Conv2d_3b_1x1 = BasicConv2d(64, 80)
        self.Conv2d_4a_3x3 = BasicConv2d(80, 192, 3, 3, valid=True)
        self.maxpool2 = nn.MaxPool2d(3, stride=2)
        self.Mixed_5b = InceptionA(192, 32)
        self.Mixed_5c = InceptionA(256, 64)
        self.Mixed_5d = InceptionA(288, 64)
        self.Mixed_6a = InceptionB(288)
        self.Mixed_6b = InceptionC(768, 128)
        self.Mixed_6c = InceptionC(768, 160)
        self.Mixed_6d = InceptionC(768, 160)
        self.Mixed_6e = InceptionC(768, 192)
        self.AuxLogits = InceptionAux(768, classes)
        self.Mixed_7a = InceptionD(768)
        self.Mixed_7b = InceptionE(1280)
        self.Mixed_7c = InceptionE(2048)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.5)
        self.fc = nn.Linear(2048, classes)

    def forward(self, x):
        x = self.Conv2d_1a_3x3(x)
        x = self.Conv2d_2a_3x3(x)
        x = self.Conv2d_2b_3x3(x)
        x = self.maxpool1(x)
        x = self.Conv2d_3b_1x1(x)
        x = self.Conv2d_4a_3x3(x)
        x = self.maxpool2(x)
        x = self.Mixed_5b(x)
        x = self.Mixed_5c(x)
        x = self.Mixed_5d(x)
        x = self.Mixed_6a(x)
        x = self.Mixed_6b(x)
        x = self.Mixed_6c(x)
        x = self.Mixed_6d(x)
        x = self.Mixed_6e(x)
        if self.training:
            aux_scores = self.AuxLogits(x)
        x = self.Mixed_7a(x)
        x = self.Mixed_7b(x)
        x = self.Mixed_7c(x)
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        x = self.fc(x)
        if self.training:
            return x, aux_scores
        return x
