"""The schema of the config language: the one home of every key, type, default and description."""

from dlcli.config.schema.config import CheckpointConfig, CompileConfig, Config, FitConfig, LintConfig, RuntimeConfig
from dlcli.config.schema.data import REST, USUAL_MARKS, DataConfig, GroupSplit, OnlyTheseMarks, OrderedSplit
from dlcli.config.schema.features import (
    OWN_OPTIONS,
    BooleanFeature,
    CategoryFeature,
    CategoryTarget,
    DatetimeFeature,
    Divide,
    EmbeddingEncoding,
    Feature,
    FeatureDefaults,
    NumberFeature,
    NumberTarget,
    SequenceEncoding,
    Target,
    TextFeature,
)
from dlcli.config.schema.model import LAYER_KEYS, LayerItem, ModelConfig

__all__ = [
    "LAYER_KEYS",
    "OWN_OPTIONS",
    "REST",
    "USUAL_MARKS",
    "BooleanFeature",
    "CategoryFeature",
    "CategoryTarget",
    "CheckpointConfig",
    "CompileConfig",
    "Config",
    "DataConfig",
    "DatetimeFeature",
    "Divide",
    "EmbeddingEncoding",
    "Feature",
    "FeatureDefaults",
    "FitConfig",
    "GroupSplit",
    "LayerItem",
    "LintConfig",
    "ModelConfig",
    "NumberFeature",
    "NumberTarget",
    "OnlyTheseMarks",
    "OrderedSplit",
    "RuntimeConfig",
    "SequenceEncoding",
    "Target",
    "TextFeature",
]
