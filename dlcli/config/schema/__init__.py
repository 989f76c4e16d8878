"""The schema of the config language: the one home of every key, type, default and description."""

from dlcli.config.options.feature import Feature, Target
from dlcli.config.schema.config import (
    CheckpointConfig,
    CompileConfig,
    Config,
    FitConfig,
    FoldEnsemble,
    LintConfig,
    RuntimeConfig,
)
from dlcli.config.schema.data import REST, USUAL_MARKS, DataConfig, Fold, GroupSplit, OnlyTheseMarks, OrderedSplit
from dlcli.config.schema.features import FeatureDefaults
from dlcli.config.schema.model import LAYER_KEYS, LOOP_KEYS, LayerItem, ModelConfig
from dlcli.config.schema.windows import Windows

__all__ = [
    "LAYER_KEYS",
    "LOOP_KEYS",
    "REST",
    "USUAL_MARKS",
    "CheckpointConfig",
    "CompileConfig",
    "Config",
    "DataConfig",
    "Feature",
    "FeatureDefaults",
    "FitConfig",
    "Fold",
    "FoldEnsemble",
    "GroupSplit",
    "LayerItem",
    "LintConfig",
    "ModelConfig",
    "OnlyTheseMarks",
    "OrderedSplit",
    "RuntimeConfig",
    "Target",
    "Windows",
]
