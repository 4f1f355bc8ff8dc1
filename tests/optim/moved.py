"""An array after some steps of an optimizer."""


def moved(optimizer, theta, grads):
    """Make one step in place for each gradient; return theta."""
    for grad in grads:
        optimizer.step(theta, grad)
    return theta
