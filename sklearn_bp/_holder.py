"""Estimators that hold a network in their parameter `estimator`."""


class NetworkHolder:
    """Mixin with what they share."""

    #: The class of the network.
    _network_class = None

    def set_params(self, **params):
        """Set parameters of this estimator, or of the network that it holds.

        Parameters
        ----------
        **params : dict
            Parameters by name; those of the network as ``estimator__<name>``.

        Returns
        -------
        self : object
            The estimator.
        """
        nested = [name for name in params if name.startswith("estimator__")]
        if nested and params.get("estimator", self.estimator) is None:
            kind = self._network_class.__name__
            names = ", ".join(f"{name.split('__')[1]}=..." for name in nested)
            raise ValueError(
                f"{nested} cannot be set, as estimator is None. Pass a network, such as"
                f" estimator={kind}({names})."
            )
        return super().set_params(**params)
