"""What people take for tables, with its defaults: LIBRARY TRAIN TEST TARGET KIND SEED RESULT.

Each gets its columns of categories in the way that its own pages show. The predictions of the test rows are written as
JSON.
"""

import json
import sys
from pathlib import Path

import pandas as pd

library, train, test, target, kind, seed, result = *sys.argv[1:6], int(sys.argv[6]), sys.argv[7]
rows, others = pd.read_csv(train), pd.read_csv(test)
x, tested = rows.drop(columns=target), others.drop(columns=target)
classes = sorted(rows[target].unique()) if kind == "classes" else None
y = rows[target].map(classes.index) if classes else rows[target]
texts = [name for name in x.columns if not pd.api.types.is_numeric_dtype(x[name])]


def as_categories():
    """Columns of texts as pandas's categories, those of the training rows."""
    for name in texts:
        known = pd.CategoricalDtype(x[name].dropna().unique())
        x[name], tested[name] = x[name].astype(known), tested[name].astype(known)


def catboost():
    """Texts are named."""
    from catboost import CatBoostClassifier, CatBoostRegressor

    for name in texts:
        x[name], tested[name] = x[name].fillna("none"), tested[name].fillna("none")
    make = CatBoostClassifier if classes else CatBoostRegressor
    return make(random_seed=seed, cat_features=texts, verbose=False, allow_writing_files=False, thread_count=2)


def lightgbm():
    """Categories are seen by their type."""
    from lightgbm import LGBMClassifier, LGBMRegressor

    as_categories()
    return (LGBMClassifier if classes else LGBMRegressor)(random_state=seed, n_jobs=2, verbose=-1)


def xgboost():
    """Likewise, when it is said."""
    from xgboost import XGBClassifier, XGBRegressor

    as_categories()
    return (XGBClassifier if classes else XGBRegressor)(random_state=seed, n_jobs=2, enable_categorical=True)


def histgradient():
    """Up to 255 categories are taken as such; of columns with more, the place of each."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    as_categories()
    for name in texts:
        if len(x[name].cat.categories) > 255:
            x[name], tested[name] = x[name].cat.codes, tested[name].cat.codes
    return (HistGradientBoostingClassifier if classes else HistGradientBoostingRegressor)(random_state=seed)


def mlp():
    """scikit-learn's network of two layers of 64: numbers scaled, gaps filled with the median, texts one-hot."""
    from sklearn.compose import TransformedTargetRegressor, make_column_selector, make_column_transformer
    from sklearn.impute import SimpleImputer
    from sklearn.neural_network import MLPClassifier, MLPRegressor
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    columns = make_column_transformer(
        (
            make_pipeline(SimpleImputer(strategy="median"), StandardScaler()),
            make_column_selector(dtype_include="number"),
        ),
        (OneHotEncoder(handle_unknown="ignore"), make_column_selector(dtype_exclude="number")),
        sparse_threshold=0,
    )
    if classes:
        return make_pipeline(columns, MLPClassifier(hidden_layer_sizes=(64, 64), random_state=seed))
    network = TransformedTargetRegressor(
        MLPRegressor(hidden_layer_sizes=(64, 64), random_state=seed), transformer=StandardScaler()
    )
    return make_pipeline(columns, network)


LIBRARIES = {each.__name__: each for each in (catboost, lightgbm, xgboost, histgradient, mlp)}

learner = LIBRARIES[library]().fit(x, y)
found = learner.predict(tested).reshape(-1).tolist()
Path(result).write_text(json.dumps([str(classes[int(each)]) for each in found] if classes else found))
