"""TabM-mini by the package tabm, in the size of the preset: FOLDER TARGET KIND SEED RESULT [K WIDTH].

Layers, their weights and the embeddings are the package's; numbers go through scikit-learn's quantile transformer, and
early stopping looks at the validation loss of the mean prediction, as the preset's does. It needs tabm, torch and
scikit-learn; the test rows' predictions are written as JSON."""

import copy
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import rtdl_num_embeddings
import torch
from sklearn.preprocessing import QuantileTransformer
from tabm import TabM

folder, target, kind, seed, result = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
members, width = (int(each) for each in (*sys.argv[6:], 16, 256)[:2])
torch.manual_seed(seed)
torch.set_num_threads(1)
frames = {split: pd.read_csv(folder / f"{split}.csv") for split in ("train", "validation", "test")}
classes = sorted(frames["train"][target].astype(str).unique()) if kind == "category" else []
features = frames["train"].drop(columns=target)
numeric = features.columns[[pd.api.types.is_numeric_dtype(each) for each in features.dtypes]]
names = [name for name in numeric if features[name].nunique() > 1]  # the package refuses numbers that are all one
marks = {name: sorted(features[name].unique()) for name in features.columns.drop(numeric)}
quantiles = max(min(len(features) // 30, 1000), 10)
scaler = QuantileTransformer(n_quantiles=quantiles, output_distribution="normal", subsample=10**9)
scaler.fit(features[names].to_numpy(float))
mean, deviation = (0.0, 1.0) if classes else (frames["train"][target].mean(), frames["train"][target].std(ddof=0))


def numbers_of(frame: pd.DataFrame) -> torch.Tensor:
    return torch.tensor(scaler.transform(frame[names].to_numpy(float)), dtype=torch.float32)


def marks_of(frame: pd.DataFrame) -> torch.Tensor | None:
    places = [frame[name].map({mark: place for place, mark in enumerate(marks[name])}).to_numpy() for name in marks]
    return torch.tensor(np.stack(places, axis=1).astype(np.int64)) if places else None


def targets_of(frame: pd.DataFrame) -> torch.Tensor:
    if classes:
        return torch.tensor(frame[target].astype(str).map({name: at for at, name in enumerate(classes)}).to_numpy())
    return torch.tensor(((frame[target] - mean) / deviation).to_numpy(), dtype=torch.float32)


given = {name: (numbers_of(frame), marks_of(frame), targets_of(frame)) for name, frame in frames.items()}
bins = rtdl_num_embeddings.compute_bins(given["train"][0], n_bins=min(48, len(features) - 1))
model = TabM.make(
    n_num_features=len(names),
    cat_cardinalities=[len(each) for each in marks.values()],
    d_out=len(classes) or 1,
    k=members,
    d_block=width,
    n_blocks=2,
    dropout=0.1,
    arch_type="tabm-mini",
    num_embeddings=rtdl_num_embeddings.PiecewiseLinearEmbeddings(bins, 16, activation=False, version="B"),
)
optimizer = torch.optim.AdamW(model.parameters(), lr=0.002, weight_decay=0.0003)


def loss_of(scores: torch.Tensor, true: torch.Tensor) -> torch.Tensor:
    """The mean loss of the members, `(rows, members, outputs)`."""
    true = true.repeat_interleave(scores.shape[1])
    scores = scores.flatten(0, 1)
    return torch.nn.functional.cross_entropy(scores, true) if classes else ((scores[:, 0] - true) ** 2).mean()


def predict(split: str) -> np.ndarray:
    model.eval()
    with torch.inference_mode():
        scores = model(*given[split][:2]).double()
        return (torch.softmax(scores, -1) if classes else scores).mean(1).numpy()


def loss_of_mean(predicted: np.ndarray, true: np.ndarray) -> float:
    if classes:
        return float(-np.log(predicted[np.arange(len(true)), true] + 1e-12).mean())
    return float(((predicted[:, 0] - true) ** 2).mean())


best, kept, wait = np.inf, copy.deepcopy(model.state_dict()), 0
for _ in range(500):
    model.train()
    for rows in torch.randperm(len(features)).split(256):
        numbers, kinds, true = (each if each is None else each[rows] for each in given["train"])
        optimizer.zero_grad()
        loss_of(model(numbers, kinds), true).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    loss = loss_of_mean(predict("validation"), given["validation"][2].numpy())
    wait += 1
    if loss < best:
        best, kept, wait = loss, copy.deepcopy(model.state_dict()), 0
    if wait >= 16:
        break
model.load_state_dict(kept)
predicted = predict("test")
answer = np.array(classes)[predicted.argmax(1)] if classes else predicted[:, 0] * deviation + mean
Path(result).write_text(json.dumps(answer.tolist()))
