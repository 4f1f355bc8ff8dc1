"""The rule of each kind of layer."""

from mlp.core import ActivationLayer, BatchNorm, Dense, Dropout, Layer, LayerNorm, Scale
from mlp.studies.chain_rule.layers.activated import ActivationRule, DenseRule
from mlp.studies.chain_rule.layers.base import Context, Rule
from mlp.studies.chain_rule.layers.dropout import DropoutRule
from mlp.studies.chain_rule.layers.loss import LossRule
from mlp.studies.chain_rule.layers.normalization import BatchNormRule, LayerNormRule
from mlp.studies.chain_rule.layers.scale import ScaleRule

_RULES: dict[type[Layer], type[Rule]] = {
    Dense: DenseRule,
    ActivationLayer: ActivationRule,
    BatchNorm: BatchNormRule,
    LayerNorm: LayerNormRule,
    Dropout: DropoutRule,
    Scale: ScaleRule,
}
"""The rule of each layer of the package; any other is told by what goes in and comes out."""


def rules_of(context: Context) -> tuple[list[Rule], LossRule]:
    """Return a rule for each layer, which knows the one after it, and that of the loss."""
    loss = LossRule(context)
    found: list[Rule] = []
    after: Rule | LossRule = loss
    for k in reversed(range(len(context.layers))):
        after = _RULES.get(type(context.layers[k]), Rule)(context, k, after)
        found.insert(0, after)
    return found, loss
