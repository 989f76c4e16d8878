"""What people write out of habit, from Keras, pandas and scikit-learn, and what it is called here.

One table for keys of the config, arguments and names of components, and options of the command line. A word either
means one of our names, and where that lives follows from the schema; or there is a sentence for it.
"""

from __future__ import annotations

import dataclasses

from dlcli.config.options.types import feature_types, target_types

__all__ = ["HABITS", "SHORT", "VALUES", "Habit", "find_habit"]


@dataclasses.dataclass(frozen=True, slots=True)
class Habit:
    """A word of elsewhere.

    Args:
        means: What it is called here; the first that is known where the word stands, or that has a home in the config.
        says: The sentence where none of them is, or where there is more to say.
    """

    means: tuple[str, ...] = ()
    says: str = ""


_PROGRESS = "progress shows by itself, in a terminal as a bar; `--quiet` hides it"
_ENGINE = "leave it out: dlcli runs many batches at a time by itself; `runtime: {execution: ...}` chooses how"
_BY_ITSELF = "leave it out: files of any size are read block by block, as fast as the machine can"
_WHOLE_FILES = "all rows are read; cut the file before, and let `data.train` name what is left"
_WHOLE_EPOCHS = "an epoch is the whole training split; `fit: {epochs: ...}` says how many"
_WHOLE_SPLIT = "the whole validation split is taken, in batches that dlcli chooses; the numbers are the same"
_QUOTES = 'cells are quoted with `"`, and a `"` inside is doubled; write the file in that form'
_TYPES = "types belong to features: `features: {zip: category, age: number}`"
_DATES = 'dates are a type of feature: `features: {day: {type: datetime, format: "%d.%m.%Y"}}`'
_ARRAYS = "the data is named in the config: `data: {train: table.csv, target: label}`"
_SCHEDULE = (
    "a schedule stands in the optimizer: "
    "`optimizer: {Adam: {learning_rate: {ExponentialDecay: {initial_learning_rate: 0.1, decay_steps: 100, "
    "decay_rate: 0.9}}}}`"
)
_RATE = (
    "the learning rate is an argument of the optimizer: `optimizer: {Adam: {learning_rate: 0.001}}`, "
    "or --set compile.optimizer.Adam.learning_rate=0.001"
)
_STRATIFY = "`data: {split: stratified}` keeps the classes in proportion"
_SCALE = "scaling belongs to a feature: `features: {age: {type: number, scale: standard}}`"
_SEQUENCE = "the length of a text belongs to its feature: `features: {note: {type: text, encode: {sequence: 100}}}`"
_STOP_WORDS = "leave it out: tf-idf, the default of `encode`, gives little weight to what is in every text"
_SEQUENCE = (
    "the length of a text belongs to its feature: `features: {note: {type: text, encode: {sequence: 100}}}`; that of "
    "lists likewise: `features: {pulse: {type: number, pad: 100}}`"
)
_QUANTILES = (
    "a target says which are learnt, by the pinball loss: `target: {price: {type: number, quantiles: [0.1, 0.5, 0.9]}}`"
)
_STOP_WORDS = (
    "leave it out: `features: {note: {type: text, encode: tf_idf}}` gives little weight to what is in all texts"
)
_MISSING = "it belongs to a feature: `features: {age: {type: number, missing: median}}`"
_PATIENCE = "a callback does that: `callbacks: [{EarlyStopping: {patience: 5}}]`"
_CHECKPOINT = 'a callback does that: `callbacks: [{ModelCheckpoint: {filepath: "{epoch}.keras"}}]`'
_INPUTS = "leave it out: the model's inputs are made from the features"
_RUN_DIRECTORY = "`dlcli train CONFIG --run-dir DIR` says where the run goes"
_F1 = (
    "write {F1Score: {average: macro}}, and for one sigmoid {F1Score: {threshold: 0.5, average: micro}}; "
    "`dlcli evaluate` shows the F1 of every class in any case"
)
_LOG_LOSS = "write binary_crossentropy for one sigmoid, sparse_categorical_crossentropy for several classes"
_RESUME = "`dlcli train --resume RUN` goes on with a run; with `--set fit.epochs=200` it goes on beyond its end"
_OF_OTHERS = "dlcli does not write it; `--format onnx` is what other programs read"
_FRAMES = (
    "frames have no rate here: `features: {path: {type: video, frames: 16}}` takes so many evenly from all of a film"
)
_CHANNELS = "`features: {path: {type: audio, channels: mono}}` is the mean of all channels, as when nothing is said"
_SPECTROGRAM = "spectrograms are layers of the model: `- STFTSpectrogram: {mode: log}`, or MelSpectrogram"
_REPORTED = "`dlcli evaluate` shows it for every class in any case"

_TABLE: dict[str, Habit] = {
    # keras.Model.fit
    "x": Habit(says=_ARRAYS),
    "y": Habit(("target",)),
    "validation_split": Habit(("validation",)),
    "validation_data": Habit(("validation",)),
    "verbose": Habit(says=_PROGRESS),
    "initial_epoch": Habit(says="training begins with epoch 1; `fit: {epochs: ...}` says how many there are"),
    "steps_per_epoch": Habit(says=_WHOLE_EPOCHS),
    "validation_steps": Habit(says=_WHOLE_SPLIT),
    "validation_batch_size": Habit(says=_WHOLE_SPLIT),
    "validation_frequency": Habit(("validation_freq",)),
    "nb_epoch": Habit(("epochs",)),
    "n_epochs": Habit(("epochs",)),
    "num_epochs": Habit(("epochs",)),
    "max_epochs": Habit(("epochs",)),
    "epoch": Habit(("epochs",)),
    "iterations": Habit(("epochs",)),
    "max_iter": Habit(("epochs",)),
    "steps": Habit(says=_WHOLE_EPOCHS),
    "max_steps": Habit(says=_WHOLE_EPOCHS),
    "batch": Habit(("batch_size",)),
    "bs": Habit(("batch_size",)),
    "minibatch_size": Habit(("batch_size",)),
    "drop_remainder": Habit(("drop_last",)),
    "class_weights": Habit(("class_weight",)),
    "weights": Habit(("sample_weight",)),
    "sample_weights": Habit(("sample_weight",)),
    "weight_column": Habit(("sample_weight",)),
    "num_workers": Habit(says="leave it out: data is fed by threads of its own; runtime.threads bounds them"),
    "train": Habit(("fit",)),
    "training": Habit(("fit",)),
    "trainer": Habit(("fit",)),
    "workers": Habit(says="leave it out: data is fed by threads of its own; `runtime: {threads: ...}` bounds them"),
    # keras.Model.compile
    "run_eagerly": Habit(says="`runtime: {execution: step}` runs batch by batch, for looking into a step"),
    "steps_per_execution": Habit(says=_ENGINE),
    "jit_compile": Habit(says="`runtime: {execution: xla}` compiles, `graph` does not, `auto` takes what pays"),
    "auto_scale_loss": Habit(says="leave it out: with `runtime: {precision: mixed_float16}` the loss is scaled"),
    "optimiser": Habit(("optimizer",)),
    "opt": Habit(("optimizer",)),
    "criterion": Habit(("loss",)),
    "loss_function": Habit(("loss",)),
    "loss_fn": Habit(("loss",)),
    "metric": Habit(("monitor", "metrics")),
    # Optimizers
    "lr": Habit(("learning_rate",), _RATE),
    "learning_rate": Habit(says=_RATE),
    "eta": Habit(("learning_rate",), _RATE),
    "decay": Habit(says=_SCHEDULE),
    "lr_decay": Habit(says=_SCHEDULE),
    "lr_scheduler": Habit(says=_SCHEDULE),
    "learning_rate_schedule": Habit(says=_SCHEDULE),
    "scheduler": Habit(says=_SCHEDULE),
    "momentum": Habit(says="it is an argument of an optimizer: `optimizer: {SGD: {momentum: 0.9}}`"),
    "weight_decay": Habit(says="it is an argument of an optimizer: `optimizer: {AdamW: {weight_decay: 0.004}}`"),
    "betas": Habit(("beta_1",)),
    "clip_norm": Habit(("clipnorm",)),
    "grad_clip": Habit(("clipnorm",), "it is an argument of the optimizer: `optimizer: {Adam: {clipnorm: 1.0}}`"),
    "gradient_clip": Habit(("clipnorm",), "it is an argument of the optimizer: `optimizer: {Adam: {clipnorm: 1.0}}`"),
    "clipnorm": Habit(says="it is an argument of the optimizer: `optimizer: {Adam: {clipnorm: 1.0}}`"),
    "accumulate_grad_batches": Habit(("gradient_accumulation_steps",)),
    # Layers
    "input_shape": Habit(says=_INPUTS),
    "input_dim": Habit(says=_INPUTS),
    "batch_input_shape": Habit(says=_INPUTS),
    "batch_shape": Habit(says=_INPUTS),
    "input_length": Habit(says=_INPUTS),
    "output_dim": Habit(("units",)),
    "num_units": Habit(("units",)),
    "n_units": Habit(("units",)),
    "hidden_units": Habit(("units",)),
    "size": Habit(("units", "kernel_size", "pool_size")),
    "out_features": Habit(("units",)),
    "out_channels": Habit(("filters",)),
    "nb_filter": Habit(("filters",)),
    "num_filters": Habit(("filters",)),
    "kernel": Habit(("kernel_size",)),
    "stride": Habit(("strides",)),
    "dilation": Habit(("dilation_rate",)),
    "p": Habit(("rate",)),
    "prob": Habit(("rate",)),
    "dropout_rate": Habit(("rate", "dropout")),
    "border_mode": Habit(("padding",)),
    "init": Habit(("kernel_initializer",)),
    "initializer": Habit(("kernel_initializer", "embeddings_initializer")),
    "regularizer": Habit(("kernel_regularizer", "embeddings_regularizer")),
    "w_regularizer": Habit(("kernel_regularizer",)),
    "bias": Habit(("use_bias",)),
    "return_sequence": Habit(("return_sequences",)),
    "num_classes": Habit(says="the units of the last layer say it: `- Dense: {units: 3, activation: softmax}`"),
    "hidden_layers": Habit(("layers",)),
    "activation": Habit(says="it is an argument of a layer: `- Dense: {units: 8, activation: relu}`"),
    "dropout": Habit(says="it is a layer of its own: `- Dropout: {rate: 0.2}`"),
    "linear": Habit(("Dense",)),
    "fully_connected": Habit(("Dense",)),
    "fc": Habit(("Dense",)),
    "conv": Habit(("Conv2D",)),
    "maxpool": Habit(("MaxPooling2D",)),
    "max_pool_2d": Habit(("MaxPooling2D",)),
    "avg_pool_2d": Habit(("AveragePooling2D",)),
    "batch_norm": Habit(("BatchNormalization",)),
    "bn": Habit(("BatchNormalization",)),
    "layer_norm": Habit(("LayerNormalization",)),
    "token_and_position_embedding": Habit(
        says="write the two and their sum: `- Embedding`, `- PositionEmbedding` and `- Add` with `inputs` of both"
    ),
    "positional_embedding": Habit(("PositionEmbedding",)),
    "positional_encoding": Habit(("SinePositionEncoding",)),
    # Metrics and losses
    "from_logits": Habit(says="it is an argument of the loss: `loss: {BinaryCrossentropy: {from_logits: true}}`"),
    "cross_entropy_loss": Habit(says=_LOG_LOSS),
    "bce_with_logits_loss": Habit(says="write `loss: {BinaryCrossentropy: {from_logits: true}}`"),
    "f1": Habit(says=_F1),
    "f1_score": Habit(says=_F1),
    "f1_macro": Habit(says=_F1),
    "f_score": Habit(says=_F1),
    "r2": Habit(("R2Score",)),
    "rmse": Habit(("RootMeanSquaredError",)),
    "roc_auc": Habit(("AUC",)),
    "auroc": Habit(("AUC",)),
    "pr_auc": Habit(says="write {AUC: {curve: PR}}"),
    "average_precision": Habit(says="write {AUC: {curve: PR}}"),
    "top_k": Habit(("SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy")),
    "top_5_accuracy": Habit(("SparseTopKCategoricalAccuracy", "TopKCategoricalAccuracy")),
    "balanced_accuracy": Habit(says=f"it is the mean recall of the classes: {_REPORTED}, and their macro average"),
    "confusion_matrix": Habit(says="`dlcli evaluate` shows it in any case"),
    "log_loss": Habit(says=_LOG_LOSS),
    "nll": Habit(says=_LOG_LOSS),
    "cross_entropy": Habit(says=_LOG_LOSS),
    "l1_loss": Habit(("MeanAbsoluteError",)),
    "mse_loss": Habit(("MeanSquaredError",)),
    "bce_loss": Habit(("BinaryCrossentropy",)),
    "quantile": Habit(("quantiles", "pinball"), _QUANTILES),
    "quantile_loss": Habit(("pinball",), _QUANTILES),
    "quantile_regression": Habit(("pinball",), _QUANTILES),
    "pinball_loss": Habit(("pinball",), _QUANTILES),
    "tilted_loss": Habit(("pinball",), _QUANTILES),
    # Callbacks
    "early_stop": Habit(("EarlyStopping",), _PATIENCE),
    "early_stopping": Habit(("EarlyStopping",), _PATIENCE),
    "patience": Habit(says=_PATIENCE),
    "checkpoint": Habit(("ModelCheckpoint",), _CHECKPOINT),
    "checkpoints": Habit(("ModelCheckpoint", "checkpoint"), _CHECKPOINT),
    "checkpointing": Habit(("checkpoint",)),
    "save_best_only": Habit(says=_CHECKPOINT),
    "restore_best_weights": Habit(says=_PATIENCE.replace("5", "5, restore_best_weights: true")),
    "reduce_lr": Habit(("ReduceLROnPlateau",)),
    "plateau": Habit(("ReduceLROnPlateau",)),
    "lr_schedule": Habit(("LearningRateScheduler",), _SCHEDULE),
    "quantity": Habit(("monitor",)),
    "file_path": Habit(("filepath",)),
    # pandas.read_csv
    "filepath_or_buffer": Habit(("train",)),
    "file": Habit(("train",)),
    "path": Habit(("train",)),
    "source": Habit(("train",)),
    "sep": Habit(("delimiter",)),
    "separator": Habit(("delimiter",)),
    "delim": Habit(("delimiter",)),
    "dialect": Habit(("delimiter",)),
    "delim_whitespace": Habit(says="`data: {delimiter: blanks}` parts cells at runs of spaces and tabs"),
    "names": Habit(("columns",)),
    "index_col": Habit(says="`data: {exclude: id}` keeps a column out of the features"),
    "usecols": Habit(("features",)),
    "use_columns": Habit(("features",)),
    "dtype": Habit(("type",), _TYPES),
    "dtypes": Habit(("type",), _TYPES),
    "dtype_backend": Habit(says=_TYPES),
    "engine": Habit(says=_BY_ITSELF),
    "converters": Habit(says=_TYPES),
    "true_values": Habit(says="`features: {smoker: boolean}` takes true/false, yes/no, t/f, y/n, on/off and 1/0"),
    "false_values": Habit(says="`features: {smoker: boolean}` takes true/false, yes/no, t/f, y/n, on/off and 1/0"),
    "skipinitialspace": Habit(says="leave it out: blanks around a cell are passed over"),
    "skiprows": Habit(says=_WHOLE_FILES),
    "skipfooter": Habit(says=_WHOLE_FILES),
    "nrows": Habit(says=_WHOLE_FILES),
    "limit": Habit(says=_WHOLE_FILES),
    "na_values": Habit(("missing_values",)),
    "keep_default_na": Habit(says="`data: {missing_values: {only: [...]}}` takes the place of the usual marks"),
    "na_filter": Habit(("missing_values",)),
    "skip_blank_lines": Habit(says="leave it out: empty lines are passed over"),
    "parse_dates": Habit(says=_DATES),
    "date_format": Habit(("format",), _DATES),
    "dayfirst": Habit(says=_DATES),
    "infer_datetime_format": Habit(says=_DATES),
    "cache_dates": Habit(says=_BY_ITSELF),
    "iterator": Habit(says=_BY_ITSELF),
    "chunksize": Habit(says=_BY_ITSELF),
    "low_memory": Habit(says=_BY_ITSELF),
    "memory_map": Habit(says=_BY_ITSELF),
    "compression": Habit(says="leave it out: the suffix says it, as in table.csv.gz"),
    "lineterminator": Habit(says="leave it out: lines may end as on Linux, macOS or Windows"),
    "quotechar": Habit(says=_QUOTES),
    "quoting": Habit(says=_QUOTES),
    "doublequote": Habit(says=_QUOTES),
    "escapechar": Habit(says=_QUOTES),
    "encoding_errors": Habit(
        says="a byte that does not fit is an error with its line; data.encoding names the encoding"
    ),
    "on_bad_lines": Habit(says="a line that does not fit is an error with its number; mend it in the file"),
    "float_precision": Habit(says="leave it out: numbers are read exactly"),
    "storage_options": Habit(says="files are local: dlcli never reaches for the network; download them first"),
    # scikit-learn, and others
    "random_state": Habit(("seed",)),
    "random_seed": Habit(("seed",)),
    "test_size": Habit(("test",)),
    "test_split": Habit(("test",)),
    "test_data": Habit(("test",)),
    "train_data": Habit(("train",)),
    "train_file": Habit(("train",)),
    "data_path": Habit(("train",)),
    "val": Habit(("validation",)),
    "valid": Habit(("validation",)),
    "dev": Habit(("validation",)),
    "val_split": Habit(("validation",)),
    "val_size": Habit(("validation",)),
    "val_data": Habit(("validation",)),
    "validation_size": Habit(("validation",)),
    "stratify": Habit(says=_STRATIFY),
    "stratified": Habit(says=_STRATIFY),
    "groups": Habit(says="`data: {split: {group: COLUMN}}` keeps the rows of a group together"),
    "group": Habit(says="`data: {split: {group: COLUMN}}` keeps the rows of a group together"),
    "label": Habit(("target",)),
    "labels": Habit(("target", "classes")),
    "target_column": Habit(("target",)),
    "label_column": Habit(("target",)),
    "output": Habit(("output", "outputs", "target"), _RUN_DIRECTORY),
    "inputs": Habit(("features",)),
    "input": Habit(("inputs", "features")),
    "drop": Habit(("exclude",)),
    "ignore_columns": Habit(("exclude",)),
    "normalize": Habit(("scale",), _SCALE),
    "normalization": Habit(("scale",), _SCALE),
    "normalise": Habit(("scale",), _SCALE),
    "standardise": Habit(("scale",), _SCALE),
    "standardize": Habit(("scale",), _SCALE),
    "scaler": Habit(("scale",), _SCALE),
    "scaling": Habit(("scale",), _SCALE),
    "impute": Habit(("missing",), _MISSING),
    "fill": Habit(("missing",), _MISSING),
    "fill_value": Habit(("missing",), _MISSING),
    "fillna": Habit(("missing",), _MISSING),
    "one_hot": Habit(says="`features: {city: {type: category, encode: one_hot}}`"),
    "encoder": Habit(("encode",)),
    "vocabulary": Habit(("categories",)),
    "vocab_size": Habit(("max_tokens",)),
    "vocabulary_size": Habit(("max_tokens",)),
    "num_words": Habit(("max_tokens",)),
    "max_features": Habit(("max_tokens",)),
    "max_length": Habit(says=_SEQUENCE),
    "maxlen": Habit(says=_SEQUENCE),
    "max_len": Habit(says=_SEQUENCE),
    "sequence_length": Habit(says=_SEQUENCE),
    "pad_sequences": Habit(("pad",)),
    "pad_to": Habit(("pad",)),
    "output_sequence_length": Habit(says=_SEQUENCE),
    "output_mode": Habit(("encode",)),
    "ngram_range": Habit(("ngrams",)),
    "min_df": Habit(("min_count",)),
    "min_frequency": Habit(("min_count",)),
    "analyzer": Habit(("split",)),
    "tokenizer": Habit(("split",)),
    "lowercase": Habit(("standardize",)),
    "stop_words": Habit(says=_STOP_WORDS),
    "embedding_matrix": Habit(("vectors",)),
    "pretrained_embeddings": Habit(("vectors",)),
    # loaders of images, films and sounds
    "image_size": Habit(("size",)),
    "img_size": Habit(("size",)),
    "target_size": Habit(("size",)),
    "input_size": Habit(("size",)),
    "color_mode": Habit(("channels",)),
    "colour_mode": Habit(("channels",)),
    "n_frames": Habit(("frames",)),
    "num_frames": Habit(("frames",)),
    "clip_length": Habit(("frames", "length")),
    "sampling": Habit(("sample",)),
    "fps": Habit(says=_FRAMES),
    "frame_rate": Habit(says=_FRAMES),
    "sample_rate": Habit(("rate",)),
    "sampling_rate": Habit(("rate",)),
    "sr": Habit(("rate",)),
    "duration": Habit(("length",)),
    "seconds": Habit(("length",)),
    "pad_mode": Habit(("short",)),
    "pad": Habit(("padding", "short")),
    "mono": Habit(says=_CHANNELS),
    "to_mono": Habit(says=_CHANNELS),
    "n_mels": Habit(says=_SPECTROGRAM),
    "n_mfcc": Habit(says=_SPECTROGRAM),
    "n_fft": Habit(says=_SPECTROGRAM),
    "hop_length": Habit(says=_SPECTROGRAM),
    "gpu": Habit(("device",)),
    "gpus": Habit(("device",)),
    "accelerator": Habit(("device",)),
    "mixed_precision": Habit(("precision",)),
    "fp16": Habit(("precision",)),
    "amp": Habit(("precision",)),
    "num_threads": Habit(("threads",)),
    "n_jobs": Habit(("threads",)),
    "output_dir": Habit(says=_RUN_DIRECTORY),
    "out_dir": Habit(says=_RUN_DIRECTORY),
    "save_dir": Habit(says=_RUN_DIRECTORY),
    "log_dir": Habit(says=_RUN_DIRECTORY),
    "run_dir": Habit(says=_RUN_DIRECTORY),
    "cache_dir": Habit(says="`dlcli train CONFIG --cache-dir DIR` says where encoded data is kept"),
    "overwrite": Habit(says="`dlcli train CONFIG --run-dir DIR --overwrite` replaces a run"),
    "include": Habit(("extends",)),
    "defaults": Habit(("extends",)),
    "base": Habit(("extends",)),
    "imports": Habit(("code",)),
    "custom_objects": Habit(("code",)),
    "experiment": Habit(("name",)),
    "project": Habit(("name",)),
    "logger": Habit(
        says="callbacks do that: `callbacks: [{CSVLogger: {filename: log.csv}}]`; history.csv is there anyway"
    ),
    "dataset": Habit(("data",)),
    # The command line
    "config": Habit(says="the config is named without an option: `dlcli train CONFIG`"),
    "config_file": Habit(says="the config is named without an option: `dlcli train CONFIG`"),
    "override": Habit(says="write `--set fit.epochs=5`"),
    "silent": Habit(says="write `--quiet`"),
    "log_level": Habit(says=_PROGRESS),
    "force": Habit(("overwrite",)),
    "resume": Habit(says=_RESUME),
    "resume_from": Habit(says=_RESUME),
    "resume_from_checkpoint": Habit(says=_RESUME),
    "continue": Habit(says=_RESUME),
    "continue_from": Habit(says=_RESUME),
    "ckpt_path": Habit(says=_RESUME),
    "dry_run": Habit(says="`dlcli check CONFIG` does all but train"),
    # Formats of `export`
    "tflite": Habit(("litert",)),
    "lite": Habit(("litert",)),
    "tf": Habit(("saved_model",)),
    "savedmodel": Habit(("saved_model",)),
    "h5": Habit(("keras",)),
    "hdf5": Habit(("keras",)),
    "onnxruntime": Habit(("onnx",)),
    "pb": Habit(("saved_model",)),
    "tfjs": Habit(says="dlcli does not write it; its converter reads `--format saved_model`"),
    "coreml": Habit(says="dlcli does not write it; its converter reads `--format saved_model`"),
    "mlmodel": Habit(says="dlcli does not write it; its converter reads `--format saved_model`"),
    "torch": Habit(says=_OF_OTHERS),
    "pytorch": Habit(says=_OF_OTHERS),
    "pt": Habit(says=_OF_OTHERS),
    "pth": Habit(says=_OF_OTHERS),
    "torchscript": Habit(says=_OF_OTHERS),
    "safetensors": Habit(says=_OF_OTHERS),
    "jax": Habit(says=_OF_OTHERS),
    "tensorrt": Habit(says=_OF_OTHERS),
    "trt": Habit(says=_OF_OTHERS),
    "openvino": Habit(says=_OF_OTHERS),
    "pickle": Habit(says="it runs the code that it holds; `--format keras` is what Keras loads"),
    "pkl": Habit(says="it runs the code that it holds; `--format keras` is what Keras loads"),
    "joblib": Habit(says="it runs the code that it holds; `--format keras` is what Keras loads"),
    # Commands
    "fit": Habit(("train",)),
    "run": Habit(("train",)),
    "eval": Habit(("evaluate",)),
    "test": Habit(("evaluate",)),
    "score": Habit(("evaluate",)),
    "infer": Habit(("predict",)),
    "validate": Habit(("check",)),
    "lint": Habit(("check",)),
    "save": Habit(("export",)),
    "convert": Habit(("export",)),
}

_BLANKS = "write `blanks` for runs of spaces and tabs"
_TAB = 'write "\\t", in double quotes'
_LEFT_OUT = "leave the key out"

VALUES: dict[str, dict[str, str]] = {
    "header": {
        "": "`true` says that the first row holds the names, `false` that there are none; "
        "left out, it is found from the first rows"
    },
    "delimiter": {
        r"\s+": _BLANKS,
        r"\s": _BLANKS,
        " +": _BLANKS,
        "whitespace": _BLANKS,
        "space": _BLANKS,
        r"\t": _TAB,
        "tab": _TAB,
        "auto": _LEFT_OUT,
        "infer": _LEFT_OUT,
    },
    "thousands": {"": _LEFT_OUT, "none": _LEFT_OUT},
    "features": {"all": f"{_LEFT_OUT}: all columns but the target are features"},
    "batch_size": {"auto": f"{_LEFT_OUT}, or write `full`", "-1": "write `full` for all rows", "0": "write `full`"},
    "device": {"cuda": "write `gpu`", "cuda:0": "write `gpu:0`", "0": "write `gpu:0`", "1": "write `gpu:1`"},
    "precision": {
        "16": "write `mixed_float16`",
        "32": "write `float32`",
        "fp16": "write `mixed_float16`",
        "bf16": "write `mixed_bfloat16`",
    },
    "seed": {"none": _LEFT_OUT, "-1": _LEFT_OUT},
}
"""By the key of the config: what is meant by a value of elsewhere; by "" what is said of every other."""

SHORT = {"v": "verbose", "e": "epochs", "b": "batch_size", "o": "output", "f": "force", "c": "config", "s": "override"}
"""Options of one letter, as other programs have them."""


def _normal(word: str) -> str:
    return word.strip("-").replace("-", "").replace("_", "").lower()


def _of_types() -> dict[str, Habit]:
    """What the types of features and targets are called elsewhere; a word for several means the first by name."""
    means: dict[str, list[str]] = {}
    for types in (feature_types(), target_types()):
        for name, word in sorted((name, word) for name, section in types.items() for word in section.synonyms):
            if name not in (known := means.setdefault(word, [])):
                known.append(name)
    return {word: Habit(tuple(names)) for word, names in means.items()}


HABITS: dict[str, Habit] = {_normal(word): habit for word, habit in (_of_types() | _TABLE).items()}


def find_habit(word: str) -> Habit:
    """The habit of a word in any spelling (`--batch-size`, `nEpochs`); an empty one when there is none."""
    return HABITS.get(_normal(word), Habit())
