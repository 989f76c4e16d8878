"""The same with PyTorch: a data set that decodes with Pillow, and a DataLoader of two workers: `... FOLDER EPOCHS`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import nn, optim
from torch.utils.data import DataLoader, Dataset


class Pictures(Dataset):  # type: ignore[type-arg, misc, unused-ignore]
    """The files of a folder for each class."""

    def __init__(self, folder: Path) -> None:
        self._classes = sorted(place.name for place in folder.iterdir() if place.is_dir())
        self._files = sorted(folder.glob("*/*.png"))

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> Any:
        file = self._files[index]
        pixels = np.asarray(Image.open(file).convert("RGB"), np.float32) / 255
        return torch.from_numpy(pixels).permute(2, 0, 1), self._classes.index(file.parent.name)


def main(folder: str, epochs: str) -> None:
    """Train."""
    loader = DataLoader(Pictures(Path(folder)), batch_size=32, shuffle=True, num_workers=2, persistent_workers=True)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, stride=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(1152, 5),
    )
    loss, optimizer = nn.CrossEntropyLoss(), optim.Adam(model.parameters())
    model.train()
    for _ in range(int(epochs)):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
    torch.save(model.state_dict(), Path(folder).parent / "model.pt")


if __name__ == "__main__":
    main(*sys.argv[1:])
