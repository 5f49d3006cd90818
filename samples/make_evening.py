#!/usr/bin/env python3
"""Makes the sample pairs: a photo taken by day, and a synthetic evening of it.

usage: make_evening.py SOURCE OUT

SOURCE holds the Kodak test photos as 01.png to 24.png; OUT gets trainA, trainB,
testA and testB. Needed only to make the samples again: they are part of the
project. Needs the Debian packages python3-numpy and python3-pil.

The evening is a function of what the photo shows and draws nothing at random,
so that a network can learn it: the light drops and turns cool in the shadows,
the sky darkens from a warm horizon upwards, dark window-like openings are lit,
and the corners fall off a little.
"""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

LONG_SIDE, SHORT_SIDE, QUALITY = 384, 256, 88
TEST = {"16", "21", "22", "24"}
LUMA = np.array([0.2126, 0.7152, 0.0722])

# Colours of the evening sky in linear light, from the horizon (0) to the zenith (1).
SKY_STOPS = np.array([0.0, 0.16, 0.42, 1.0])
SKY_COLOURS = np.array([[0.80, 0.34, 0.11], [0.52, 0.21, 0.14],
                        [0.17, 0.12, 0.20], [0.030, 0.050, 0.125]])
# A wall with windows is at least this bright, and this share of its edges runs upright or level.
WALL, FACADE = 0.30, 0.50
LAMP = np.array([1.25, 0.66, 0.20])


def box_mean(plane, radius):
    """Mean over a square window; the border repeats."""
    size = 2 * radius + 1
    for axis in (0, 1):
        pad = [(0, 0), (0, 0)]
        pad[axis] = (radius + 1, radius)
        total = np.cumsum(np.pad(plane, pad, mode="edge"), axis=axis)
        low, high = (total[:-size], total[size:]) if axis == 0 else (total[:, :-size], total[:, size:])
        plane = (high - low) / size
    return plane


def blur(plane, radius):
    """Three box means: close to a Gaussian."""
    for _ in range(3):
        plane = box_mean(plane, radius)
    return plane


def follow_edges(mask, guide, radius=4, epsilon=2e-4):
    """Guided filter (He, Sun, Tang 2010): moves a mask's border onto the guide's edges."""
    mean_guide, mean_mask = box_mean(guide, radius), box_mean(mask, radius)
    covariance = box_mean(guide * mask, radius) - mean_guide * mean_mask
    variance = box_mean(guide * guide, radius) - mean_guide**2
    slope = covariance / (variance + epsilon)
    offset = mean_mask - slope * mean_guide
    return np.clip(box_mean(slope, radius) * guide + box_mean(offset, radius), 0, 1)


def regions(mask):
    """4-connected regions of a mask, each as arrays of rows and columns."""
    todo = mask.copy()
    for start in zip(*np.nonzero(mask)):
        if not todo[start]:
            continue
        todo[start] = False
        stack, found = [start], []
        while stack:
            y, x = stack.pop()
            found.append((y, x))
            for near in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
                inside = 0 <= near[0] < mask.shape[0] and 0 <= near[1] < mask.shape[1]
                if inside and todo[near]:
                    todo[near] = False
                    stack.append(near)
        rows, columns = np.array(found).T
        yield rows, columns


def find_sky(photo, grey):
    """Smooth, bright or bluish regions that hang from the upper edge; 0 to 1."""
    height, width = grey.shape
    red, green, blue = np.moveaxis(photo, 2, 0)
    texture = np.sqrt(np.maximum(box_mean(grey**2, 2) - box_mean(grey, 2) ** 2, 0))
    pale = photo.max(2) - photo.min(2) < 0.22
    bluish = (blue > red + 0.02) & (blue > green - 0.03)
    bluish &= (grey > 0.25) & (texture < 0.045)
    clouds = (grey > 0.62) & (texture < 0.11) & (np.arange(height)[:, None] < 0.18 * height)
    bright = clouds | ((grey > 0.42) & (texture < 0.045))
    candidate = bluish | (bright & pale)
    sky = np.zeros_like(grey)
    for rows, columns in regions(candidate):
        a_wall = rows.max() > 0.85 * height and bluish[rows, columns].mean() < 0.3
        at_top = np.unique(columns[rows < 0.03 * height]).size > 0.12 * width
        if at_top and rows.size > 0.03 * grey.size and not a_wall:
            sky[rows, columns] = 1
    # Near an edge everything is textured: grow back to it over pixels like the sky beside them.
    share = box_mean(sky, 4)
    beside = box_mean(sky * grey, 4) / np.maximum(share, 1e-6)
    return np.maximum(sky, (share > 0.08) & (np.abs(grey - beside) < 0.09))


def level_of_horizon(sky):
    """Row where the sky ends, or None without a sky."""
    rows = np.nonzero(sky > 0.5)[0]
    return None if rows.size < 0.03 * sky.size else np.percentile(rows, 98)


def find_facades(grey):
    """Share of the edges nearby that run upright or level: high on buildings."""
    down, right = np.gradient(grey)
    strength = np.hypot(down, right)
    level = np.minimum(np.abs(down), np.abs(right)) < 0.2 * strength
    return box_mean(strength * level, 14) / (box_mean(strength, 14) + 1e-3)


def find_windows(photo, grey, sky):
    """Dark, upright, box-shaped openings in a brighter wall; 0 to 1."""
    height, width = grey.shape
    wall = box_mean(grey, 9)
    colourful = photo.max(2) - photo.min(2)
    facade = find_facades(grey)
    dark = (grey < 0.36) & (grey < 0.76 * wall) & (sky < 0.3) & (colourful < 0.24)
    windows = np.zeros_like(grey)
    for rows, columns in regions(dark):
        tall, wide = np.ptp(rows) + 1, np.ptp(columns) + 1
        boxlike = rows.size / (tall * wide) > 0.6 and 0.8 < tall / wide < 4 and wide > 1
        in_wall = wall[rows, columns].mean() > WALL and facade[rows, columns].mean() > FACADE
        whole = rows.min() > 2 and columns.min() > 2
        whole &= rows.max() < height - 3 and columns.max() < width - 3
        if 8 <= rows.size <= 400 and whole and boxlike and in_wall:
            windows[rows, columns] = 1
    return windows


def evening(photo):
    """The synthetic evening of a photo, both as sRGB from 0 to 1."""
    height, width = photo.shape[:2]
    grey = photo @ LUMA
    sky = find_sky(photo, grey)
    horizon = level_of_horizon(sky)
    windows = find_windows(photo, grey, sky)
    sky = follow_edges(sky, grey)
    light = photo**2.2
    luminance = light @ LUMA

    # The ground: less light, less colour, blue shadows and a warm rest in the lights.
    tone = np.clip(luminance / 0.6, 0, 1)[..., None] ** 0.7
    tint = (1 - tone) * np.array([0.55, 0.80, 1.50]) + tone * np.array([1.12, 0.90, 0.84])
    ground = 0.42 * (0.72 * light + 0.28 * luminance[..., None]) * tint

    rows = np.arange(height)[:, None]
    result = ground
    if horizon is not None:
        elevation = np.clip((horizon - rows) / max(horizon, 1), 0, 1)
        gradient = np.stack([np.interp(elevation, SKY_STOPS, c) for c in SKY_COLOURS.T], 2)
        usual = luminance[sky > 0.8].mean()
        clouds = np.clip(luminance / usual, 0.35, 1.8)[..., None] ** 0.8
        below = np.exp(-np.abs(rows - horizon) / (0.30 * height))[..., None]
        result = ground * (1 + below * np.array([1.3, 0.45, 0.05]))
        result = sky[..., None] * gradient * clouds + (1 - sky[..., None]) * result

    lit = blur(windows, 1)[..., None]
    result = result * (1 - lit) + lit * LAMP * (0.55 + 1.2 * grey[..., None])
    halo = 0.5 * blur(windows, 4) + 0.5 * blur(windows, 10)
    result = result + (0.38 * halo * (1 - 0.7 * sky))[..., None] * LAMP

    across = (np.arange(width)[None, :] / width - 0.5) ** 2 + (rows / height - 0.5) ** 2
    result = result * (1 - 0.35 * across)[..., None]
    return np.clip(result, 0, 1) ** (1 / 2.2)


def save(pixels, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(np.round(pixels * 255).astype(np.uint8))
    image.save(path, quality=QUALITY, optimize=True)


def main():
    if len(sys.argv) != 3:
        sys.exit("usage: make_evening.py SOURCE OUT")
    source, out = Path(sys.argv[1]), Path(sys.argv[2])
    for path in sorted(source.glob("[0-9][0-9].png")):
        image = Image.open(path).convert("RGB")
        upright = image.height > image.width
        size = (SHORT_SIDE, LONG_SIDE) if upright else (LONG_SIDE, SHORT_SIDE)
        photo = np.asarray(image.resize(size, Image.LANCZOS), dtype=np.float64) / 255
        part = "test" if path.stem in TEST else "train"
        save(photo, out / f"{part}A" / f"{path.stem}.jpg")
        save(evening(photo), out / f"{part}B" / f"{path.stem}.jpg")


if __name__ == "__main__":
    main()
