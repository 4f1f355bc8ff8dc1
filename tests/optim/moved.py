"""An array that an optimizer has moved."""


def moved(optimizer, theta, grads):
    """Make one step for each gradient; return theta, which was changed."""
    for grad in grads:
        optimizer.step(theta, grad)
    return theta
