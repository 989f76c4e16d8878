"""What a competent person writes with PyTorch: `torch_loop.py CASE DATA.npz EPOCHS RESULT.json`."""

from __future__ import annotations

import importlib
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.utils.data import DataLoader, TensorDataset


def main(case: str, data: str, epochs: str, result: str) -> None:
    """Train and write the seconds of each epoch."""
    module = importlib.import_module(f"benchmarks.cases.{case}")
    arrays = np.load(data)
    x, y = torch.from_numpy(arrays["x"]), torch.from_numpy(arrays["y"])
    model, loss, optimizer = module.torch_model()
    # One number for two classes, as a column; an index for more.
    y = y.long() if int(y.max()) > 1 else y.float().reshape(-1, 1)
    loader = DataLoader(TensorDataset(x, y), batch_size=module.BATCH, shuffle=True)
    seconds = []
    model.train()
    for _ in range(int(epochs)):
        started = time.perf_counter()
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss(model(inputs), targets).backward()
            optimizer.step()
        seconds.append(time.perf_counter() - started)
    Path(result).write_text(json.dumps(seconds))


if __name__ == "__main__":
    main(*sys.argv[1:])
