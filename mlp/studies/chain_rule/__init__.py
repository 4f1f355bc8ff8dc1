"""The chain rule made visible: one training step, each gradient in its factors."""

from mlp.studies.chain_rule.tracing import Trace, trace

__all__ = ["Trace", "trace"]
