"""How each kind of layer is told: a rule writes its equations, in both passes."""

__all__: list[str] = []
