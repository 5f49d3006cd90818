"""Writes golden/rrdb_*.pth and golden/edsr_basicsr_x2.pth, with an image and its result: .npy.

The published networks written down plainly, for PyTorch, from the paper (Wang et al. 2018, arXiv
1809.00219) and the names in released files. Run in tests/models: python3 make_published.py
"""

import numpy
import torch
from torch import nn
from torch.nn import functional as F


class DenseBlock(nn.Module):
    def __init__(self, nf, gc):
        super().__init__()
        for i in range(5):
            setattr(self, f"conv{i + 1}", nn.Conv2d(nf + i * gc, gc if i < 4 else nf, 3, 1, 1))

    def forward(self, x):
        x1 = F.leaky_relu(self.conv1(x), 0.2)
        x2 = F.leaky_relu(self.conv2(torch.cat((x, x1), 1)), 0.2)
        x3 = F.leaky_relu(self.conv3(torch.cat((x, x1, x2), 1)), 0.2)
        x4 = F.leaky_relu(self.conv4(torch.cat((x, x1, x2, x3), 1)), 0.2)
        return self.conv5(torch.cat((x, x1, x2, x3, x4), 1)) * 0.2 + x


class RRDB(nn.Module):
    def __init__(self, nf, gc):
        super().__init__()
        self.rdb1, self.rdb2, self.rdb3 = (DenseBlock(nf, gc) for _ in range(3))

    def forward(self, x):
        return self.rdb3(self.rdb2(self.rdb1(x))) * 0.2 + x


class RRDBNet(nn.Module):
    def __init__(self, scale, nf, gc, blocks):
        super().__init__()
        self.square = {4: 1, 2: 2, 1: 4}[scale]
        self.conv_first = nn.Conv2d(3 * self.square ** 2, nf, 3, 1, 1)
        self.body = nn.Sequential(*(RRDB(nf, gc) for _ in range(blocks)))
        self.conv_body = nn.Conv2d(nf, nf, 3, 1, 1)
        self.conv_up1 = nn.Conv2d(nf, nf, 3, 1, 1)
        self.conv_up2 = nn.Conv2d(nf, nf, 3, 1, 1)
        self.conv_hr = nn.Conv2d(nf, nf, 3, 1, 1)
        self.conv_last = nn.Conv2d(nf, 3, 3, 1, 1)

    def forward(self, x):
        x = self.conv_first(F.pixel_unshuffle(x, self.square))
        x = x + self.conv_body(self.body(x))
        for up in (self.conv_up1, self.conv_up2):
            x = F.leaky_relu(up(F.interpolate(x, scale_factor=2, mode="nearest")), 0.2)
        return self.conv_last(F.leaky_relu(self.conv_hr(x), 0.2))


class Block(nn.Module):
    def __init__(self, nf):
        super().__init__()
        self.conv1, self.conv2 = (nn.Conv2d(nf, nf, 3, 1, 1) for _ in range(2))

    def forward(self, x, residual_scale):
        return x + self.conv2(F.relu(self.conv1(x))) * residual_scale


class EDSR(nn.Module):
    """EDSR (Lim et al. 2017) for a scale of 2 or 4 under BasicSR's names."""

    def __init__(self, scale, nf, blocks, residual_scale):
        super().__init__()
        self.residual_scale = residual_scale
        self.conv_first = nn.Conv2d(3, nf, 3, 1, 1)
        self.body = nn.ModuleList(Block(nf) for _ in range(blocks))
        self.conv_after_body = nn.Conv2d(nf, nf, 3, 1, 1)
        steps = []
        for _ in range({2: 1, 4: 2}[scale]):
            steps += [nn.Conv2d(nf, 4 * nf, 3, 1, 1), nn.PixelShuffle(2)]
        self.upsample = nn.Sequential(*steps)
        self.conv_last = nn.Conv2d(nf, 3, 3, 1, 1)

    def forward(self, x):
        mean = torch.tensor([0.4488, 0.4371, 0.4040]).view(1, 3, 1, 1)
        x = self.conv_first((x - mean) * 255)
        y = x
        for block in self.body:
            y = block(y, self.residual_scale)
        return self.conv_last(self.upsample(self.conv_after_body(y) + x)) / 255 + mean


def lively(network):
    """Weights that keep the size of what goes through, so that every layer shows in the result."""
    for parameter in network.parameters():
        if parameter.dim() == 4:
            parameter.data.normal_(0, (1.5 / parameter[0].numel()) ** 0.5)
        else:
            parameter.data.uniform_(-0.1, 0.1)
    return network.eval()


def write(name, network, wrapper):
    state = network.state_dict()
    torch.save({wrapper: state} if wrapper else state, f"golden/{name}.pth")
    image = torch.rand(1, 3, 12, 8)
    with torch.no_grad():
        result = network(image)
    numpy.save(f"golden/{name}_in.npy", image.numpy() * 2 - 1)
    numpy.save(f"golden/{name}_out.npy", result.numpy() * 2 - 1)


if __name__ == "__main__":
    torch.manual_seed(0)
    write("rrdb_x4", lively(RRDBNet(4, 4, 2, 2)), "params_ema")
    write("rrdb_x2", lively(RRDBNet(2, 4, 2, 1)), "params")
    write("rrdb_x1", lively(RRDBNet(1, 4, 2, 1)), None)
    write("edsr_basicsr_x2", lively(EDSR(2, 4, 2, 1.0)), "params")
