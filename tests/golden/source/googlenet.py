# GoogLeNet, written by netdesigner 0.1.0.
# arXiv:1409.4842
import torch
from torch import nn


class Inception(nn.Module):
    def __init__(
        self, in_channels, n1x1=64, n3x3_reduce=96, n3x3=128, n5x5_reduce=16, n5x5=32, pool_proj=32
    ):
        super().__init__()
        self.conv1x1 = nn.Conv2d(in_channels, n1x1, 1)
        self.relu1x1 = nn.ReLU(inplace=True)
        self.reduce3x3 = nn.Conv2d(in_channels, n3x3_reduce, 1)
        self.relu_reduce3x3 = nn.ReLU(inplace=True)
        self.conv3x3 = nn.Conv2d(n3x3_reduce, n3x3, 3, padding=1)
        self.relu3x3 = nn.ReLU(inplace=True)
        self.reduce5x5 = nn.Conv2d(in_channels, n5x5_reduce, 1)
        self.relu_reduce5x5 = nn.ReLU(inplace=True)
        self.conv5x5 = nn.Conv2d(n5x5_reduce, n5x5, 5, padding=2)
        self.relu5x5 = nn.ReLU(inplace=True)
        self.pool = nn.MaxPool2d(3, stride=1, padding=1)
        self.project = nn.Conv2d(in_channels, pool_proj, 1)
        self.relu_project = nn.ReLU(inplace=True)
        for layer in self.children():
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.constant_(layer.bias, 0.2)
        self.out_channels = n1x1 + n3x3 + n5x5 + pool_proj

    def forward(self, x):
        branch1 = self.relu1x1(self.conv1x1(x))
        branch2 = self.relu_reduce3x3(self.reduce3x3(x))
        branch2 = self.relu3x3(self.conv3x3(branch2))
        branch3 = self.relu_reduce5x5(self.reduce5x5(x))
        branch3 = self.relu5x5(self.conv5x5(branch3))
        branch4 = self.relu_project(self.project(self.pool(x)))
        return torch.cat([branch1, branch2, branch3, branch4], 1)


class AuxiliaryHead(nn.Module):
    def __init__(self, in_channels, classes=1000, *, fc1_in_channels):
        super().__init__()
        self.pool = nn.AvgPool2d(5, stride=3)
        self.conv = nn.Conv2d(in_channels, 128, 1)
        self.relu1 = nn.ReLU(inplace=True)
        self.fc1 = nn.Linear(fc1_in_channels, 1024)
        self.relu2 = nn.ReLU(inplace=True)
        self.dropout = nn.Dropout(0.7)
        self.fc2 = nn.Linear(1024, classes)
        nn.init.xavier_uniform_(self.conv.weight)
        nn.init.constant_(self.conv.bias, 0.2)
        self.out_channels = classes

    def forward(self, x):
        x = torch.flatten(self.relu1(self.conv(self.pool(x))), 1)
        x = self.dropout(self.relu2(self.fc1(x)))
        return self.fc2(x)


class GoogLeNet(nn.Module):
    def __init__(self, classes=1000):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 7, stride=2, padding=3)
        self.relu1 = nn.ReLU(inplace=True)
        self.pool1 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.norm1 = nn.LocalResponseNorm(5)
        self.conv2 = nn.Conv2d(64, 64, 1)
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(64, 192, 3, padding=1)
        self.relu3 = nn.ReLU(inplace=True)
        self.norm2 = nn.LocalResponseNorm(5)
        self.pool2 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception3a = Inception(192, 64, 96, 128, 16, 32, 32)
        self.inception3b = Inception(256, 128, 128, 192, 32, 96, 64)
        self.pool3 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception4a = Inception(480, 192, 96, 208, 16, 48, 64)
        self.aux1 = AuxiliaryHead(512, classes, fc1_in_channels=2048)
        self.inception4b = Inception(512, 160, 112, 224, 24, 64, 64)
        self.inception4c = Inception(512, 128, 128, 256, 24, 64, 64)
        self.inception4d = Inception(512, 112, 144, 288, 32, 64, 64)
        self.aux2 = AuxiliaryHead(528, classes, fc1_in_channels=2048)
        self.inception4e = Inception(528, 256, 160, 320, 32, 128, 128)
        self.pool4 = nn.MaxPool2d(3, stride=2, ceil_mode=True)
        self.inception5a = Inception(832, 256, 160, 320, 32, 128, 128)
        self.inception5b = Inception(832, 384, 192, 384, 48, 128, 128)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.dropout = nn.Dropout(0.4)
        self.fc = nn.Linear(1024, classes)
        for layer in self.children():
            if isinstance(layer, nn.Conv2d):
                nn.init.xavier_uniform_(layer.weight)
                nn.init.constant_(layer.bias, 0.2)

    def forward(self, x):
        x = self.norm1(self.pool1(self.relu1(self.conv1(x))))
        x = self.relu2(self.conv2(x))
        x = self.relu3(self.conv3(x))
        x = self.norm2(x)
        x = self.pool2(x)
        x = self.inception3a(x)
        x = self.inception3b(x)
        x = self.pool3(x)
        x = self.inception4a(x)
        if self.training:
            aux_scores1 = self.aux1(x)
        x = self.inception4b(x)
        x = self.inception4c(x)
        x = self.inception4d(x)
        if self.training:
            aux_scores2 = self.aux2(x)
        x = self.inception4e(x)
        x = self.pool4(x)
        x = self.inception5a(x)
        x = self.inception5b(x)
        x = self.dropout(torch.flatten(self.avgpool(x), 1))
        x = self.fc(x)
        if self.training:
            return x, aux_scores1, aux_scores2
        return x
