"""Adam, in the few lines that a training needs: the first step of torch.optim loads torch's compiler (1 s, 100 MB)."""

import torch

#: Added to the root of the mean square, so that nothing is divided by 0.
EPSILON = 1e-8


class Adam:
    """Moves parameters along their gradients' running means, each in units of its root mean square.

    Args:
        parameters: changed in place.
        betas: how slowly the means of the gradients and of their squares follow, 0 to 1.

    References:
        Kingma and Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015 (Algorithm 1).
    """

    def __init__(self, parameters, betas: tuple[float, float]) -> None:
        self._parameters, self._betas = list(parameters), betas
        self._means = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._squares = [torch.zeros_like(parameter) for parameter in self._parameters]
        self._steps = 0

    @torch.no_grad()
    def step(self, rate: float) -> None:
        """One step at this learning rate."""
        self._steps += 1
        mean_known, square_known = (1 - beta**self._steps for beta in self._betas)  # the means started at 0
        for parameter, mean, square in zip(self._parameters, self._means, self._squares, strict=True):
            gradient = parameter.grad
            mean.lerp_(gradient, 1 - self._betas[0])
            square.mul_(self._betas[1]).addcmul_(gradient, gradient, value=1 - self._betas[1])
            root = (square.sqrt() / square_known**0.5).add_(EPSILON)
            parameter.addcdiv_(mean, root, value=-rate / mean_known)

    def drop_gradients(self) -> None:
        """Forget the gradients: what is found next is not added to them."""
        for parameter in self._parameters:
            parameter.grad = None
