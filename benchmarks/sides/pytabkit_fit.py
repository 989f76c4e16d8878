"""RealMLP-TD, or with s RealMLP-TD-S, by pytabkit itself: FOLDER TARGET KIND SEED RESULT [s].

It needs pytabkit; the test rows' predictions are written as JSON."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from pytabkit import (
    RealMLP_TD_Classifier,
    RealMLP_TD_Regressor,
    RealMLP_TD_S_Classifier,
    RealMLP_TD_S_Regressor,
)

folder, target, kind, seed, result = Path(sys.argv[1]), sys.argv[2], sys.argv[3], int(sys.argv[4]), sys.argv[5]
frames = {split: pd.read_csv(folder / f"{split}.csv") for split in ("train", "validation", "test")}
both = pd.concat([frames["train"], frames["validation"]], ignore_index=True)
labels = both[target].astype(str) if kind == "category" else both[target].astype("float32")
features = both.drop(columns=target)
for column in features.columns:
    if not pd.api.types.is_numeric_dtype(features[column]):
        features[column] = features[column].astype("category")
test = frames["test"].drop(columns=target)
for column in features.columns[features.dtypes == "category"]:
    test[column] = pd.Categorical(test[column], categories=features[column].cat.categories)
learners = {
    ("category", False): RealMLP_TD_Classifier,
    ("category", True): RealMLP_TD_S_Classifier,
    ("number", False): RealMLP_TD_Regressor,
    ("number", True): RealMLP_TD_S_Regressor,
}
learner = learners[kind, sys.argv[6:] == ["s"]](random_state=seed, device="cpu", n_threads=1, verbosity=0)
learner.fit(features, labels, val_idxs=np.arange(len(frames["train"]), len(both)))
Path(result).write_text(json.dumps(np.asarray(learner.predict(test)).reshape(-1).tolist()))
