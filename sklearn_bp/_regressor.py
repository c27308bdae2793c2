"""The regressor."""

from numbers import Real

from sklearn.base import RegressorMixin
from sklearn.utils.metaestimators import available_if

from ._base import BaseBackprop
from ._parameters import CONSTRAINTS
from .network import LOSSES
from .utils import Finite, Interval, StrOptions, fit_context

NUMBER_LOSSES = {name: loss for name, loss in LOSSES.items() if not loss.is_of_classes}


class BackpropRegressor(RegressorMixin, BaseBackprop):
    """Multilayer perceptron for regression, trained by backpropagation.

    A drop-in replacement for :class:`sklearn.neural_network.MLPRegressor`: the same
    parameters, the same defaults and, for the same `random_state`, the same network,
    several times sooner. It minimises the squared error or another `loss`, following
    gradients computed by backpropagation [1]_. There may be several targets.

    Parameters
    ----------
    loss : {'squared_error', 'absolute_error', 'huber', 'quantile', 'poisson', \
            'gamma'}, default='squared_error'
        The loss that is minimised.

        - 'squared_error', half the squared error, summed over the targets;
        - 'absolute_error', whose best prediction is the median;
        - 'huber', squared up to an error of `huber_delta` and linear beyond it [14]_;
        - 'quantile', the pinball loss, whose best prediction is the quantile [15]_;
        - 'poisson', half the Poisson deviance, for counts and other targets that are
          not negative; the network then predicts the exponential of its raw output;
        - 'gamma', half the gamma deviance, for targets > 0, with the same exponential.

        Where the gradient is bounded however far the target is, the output biases start
        from the targets: with 'absolute_error' and 'huber' at their median, with
        'quantile' at their quantile, and with 'gamma' at the logarithm of their mean.
        The learning rate still limits the length of steps, so scale targets that spread
        over more than a few units, for example with
        :class:`~sklearn.compose.TransformedTargetRegressor`.

    hidden_layer_sizes : array-like of int or int, default=(100,)
        The number of units in each hidden layer. ``()`` is a network without hidden
        layers, trained by the delta rule: linear regression.

    activation : {'identity', 'logistic', 'tanh', 'relu', 'leaky_relu', 'elu', 'selu', \
            'gelu', 'silu', 'mish', 'softplus'} or list of these, default='relu'
        The activation of the hidden units, or a list with one for each hidden layer.

        - 'identity', g(z) = z: a linear bottleneck;
        - 'logistic', g(z) = 1 / (1 + exp(-z)): the sigmoid;
        - 'tanh', g(z) = tanh(z);
        - 'relu', g(z) = max(0, z);
        - 'leaky_relu', like relu, with a slope of 0.01 below zero;
        - 'elu', exp(z) - 1 below zero and z above; 'selu', a multiple of 'elu' that
          keeps mean 0 and variance 1 with ``initializer='lecun_normal'``;
        - 'gelu', z times the normal distribution function of z; 'silu', z times the
          sigmoid of z; 'mish', z tanh(softplus(z)): smooth relatives of relu;
        - 'softplus', log(1 + exp(z)).

    solver : {'lbfgs', 'sgd', 'adam', 'adamw', 'rmsprop', 'rprop'}, default='adam'
        The algorithm that trains the network.

        - 'adam', adaptive moment estimation [4]_: a good start;
        - 'sgd', gradient descent with momentum, in full batches, minibatches or
          single examples, depending on `batch_size`;
        - 'adamw', adam with a decoupled penalty [6]_: weights shrink by the learning
          rate times `alpha` over the batch size, regardless of their gradients;
        - 'rmsprop', the gradient divided by its root mean square [7]_;
        - 'rprop', steps that depend on the sign of the full-batch gradient alone, in
          the variant iRprop- [8]_, [9]_;
        - 'lbfgs', a full-batch quasi-Newton method: often faster and better on small
          data sets.

    alpha : float, default=0.0001
        The strength of the L2 penalty on the weights; biases are not penalised.
        `penalty_scaling` says what it is divided by.

    batch_size : int, 'auto' or 'full', default='auto'
        The number of samples in each step. 1 is stochastic gradient descent in the
        strict sense, 'full' is batch gradient descent, and 'auto' is
        ``min(200, n_samples)``. 'rprop' and 'lbfgs' always use all samples.

    learning_rate : {'constant', 'invscaling', 'adaptive', 'cosine', 'one_cycle'} or \
            callable, default='constant'
        The schedule of the learning rate. 'invscaling' and 'adaptive' only apply to
        ``solver='sgd'``; 'lbfgs' has no learning rate.

        - 'constant', `learning_rate_init` throughout;
        - 'cosine', from `learning_rate_init` down to 0 along half a cosine [10]_;
        - 'one_cycle', up from 1/25 of `learning_rate_init` during the first three
          tenths of the training, then down to 4e-6 of it [11]_;
        - a function of the progress of training, which goes from 0 at the first step
          towards 1 after `max_iter` epochs; it returns the factor that
          `learning_rate_init` is multiplied by;
        - 'invscaling', ``learning_rate_init / (t + 1) ** power_t`` after `t` training
          samples, set at the end of each epoch;
        - 'adaptive', divided by 5 at each standstill, that is, each time that
          `n_iter_no_change` epochs bring no improvement of at least `tol`.

    learning_rate_init : float, default=0.001
        The initial learning rate. Not used with ``solver='lbfgs'``.

    power_t : float, default=0.5
        The exponent of ``learning_rate='invscaling'``.

    max_iter : int, default=200
        The maximum number of epochs, or of iterations of 'lbfgs'.

    shuffle : bool, default=True
        Whether to shuffle the samples before each epoch. It has no effect on which
        samples early stopping holds out, see `validation_fraction`. Not used with
        ``solver='lbfgs'``.

    random_state : int, RandomState instance or None, default=None
        Determines the first weights, the validation set, the order of the samples and
        the units that dropout leaves out. Pass an int for reproducible results.

    tol : float, default=0.0001
        The smallest change of the training loss, or with early stopping of the
        validation score, that counts as an improvement. With ``solver='lbfgs'``, the
        largest component of the gradient at which training has converged.

    verbose : bool or int, default=False
        Whether to print a line per epoch.

    warm_start : bool, default=False
        Whether `fit` goes on from where the last fit ended. Early stopping then holds
        out the same samples again, if there are as many as before.

    momentum : float, default=0.9
        The fraction of the previous step that is added to each step, from 0 to 1.
        Only used with ``solver='sgd'``.

    nesterovs_momentum : bool, default=True
        Whether to use Nesterov's momentum. Only used with ``solver='sgd'``.

    early_stopping : bool, default=False
        Whether to set part of the data aside, `validation_fraction`, to stop when the
        score on it has not improved for `n_iter_no_change` epochs, and to keep the
        weights of the best epoch. Not used with ``solver='lbfgs'``.

    validation_fraction : float, splitter or array-like, default=0.1
        What early stopping holds out, unless `fit` is given `X_val`:

        - a number between 0 and 1: this fraction of the samples, drawn at random even
          with ``shuffle=False``, as in scikit-learn;
        - a splitter, that is, an object with a method ``split(X, y)``: the test part of
          its last split, of which the training part is trained on. `KFold` and
          `TimeSeriesSplit` hold out the last samples;
        - row numbers, which count from the end if negative, or a boolean mask: these
          samples, such as ``range(-100, 0)``. Not in studies and searches, where a
          network is trained on parts of the data.

    beta_1 : float, default=0.9
        The decay rate of the first moment of 'adam' and 'adamw', in [0, 1).

    beta_2 : float, default=0.999
        The decay rate of the second moment of 'adam' and 'adamw', in [0, 1).

    epsilon : float, default=1e-08
        Keeps the divisions of 'adam', 'adamw' and 'rmsprop' finite.

    n_iter_no_change : int, default=10
        How many epochs in a row may bring no improvement of at least `tol`.

    max_fun : int, default=15000
        The maximum number of evaluations of the loss with ``solver='lbfgs'``.

    scoring : 'loss', str, callable or None, default='loss'
        What early stopping watches on the validation set: 'loss' is the loss without
        the penalty; None is the coefficient of determination, as in scikit-learn; any
        other scorer is given by its name or as a function of estimator, X and y.

    penalty_scaling : {'batch', 'dataset'}, default='batch'
        What `alpha` is divided by: the number of samples in the batch, as in
        scikit-learn, so that smaller batches are penalised more; or the number in the
        training set, so that `alpha` means the same at every `batch_size`.

    dropout : float or list of float, default=0.0
        The probability, below 1, that a hidden unit is set to zero in a training step;
        the remaining units are scaled up to make up for it [12]_. A list has one
        probability for each hidden layer. Not available with ``solver='lbfgs'``.

    max_grad_norm : float, default=None
        Gradients, including the penalty's, that are longer than this are scaled down
        to this length [13]_. None leaves them as they are. Not used with
        ``solver='lbfgs'``.

    initializer : {'auto', 'glorot_uniform', 'glorot_normal', 'he_uniform', \
            'he_normal', 'lecun_uniform', 'lecun_normal'} or callable, default='auto'
        How the first weights are drawn. 'auto' is scikit-learn's rule: uniform weights
        and biases, between bounds as in 'glorot_uniform'. With all other rules, biases
        start at zero. A function is called with the shape of a weight matrix,
        (n_units_below, n_units), and a RandomState, and returns the matrix.

    rho : float, default=0.9
        The decay rate of the mean square in ``solver='rmsprop'``, in [0, 1).

    huber_delta : float, default=1.35
        The error beyond which ``loss='huber'`` is linear, in units of the target.

    quantile : float, default=0.5
        The quantile that ``loss='quantile'`` predicts, between 0 and 1.

    dtype : {'float32', 'float64'} or dtype, default=None
        The type that the network computes in. None means float32 for X of float32, and
        float64 otherwise.

    Attributes
    ----------
    loss_ : float
        The loss of the last epoch, including the penalty.

    best_loss_ : float or None
        The smallest loss of all epochs; None with early stopping. Not available with
        ``solver='lbfgs'``.

    loss_curve_ : list of float
        The loss of each epoch. Not available with ``solver='lbfgs'``.

    validation_scores_ : list of float or None
        What early stopping watched at each epoch, where larger is better: with
        ``scoring='loss'`` the negated loss. None without early stopping, not available
        with ``solver='lbfgs'``.

    best_validation_score_ : float or None
        The score of the weights that early stopping has kept, the largest of
        `validation_scores_`. A warm start measures that of the old weights anew.

    best_epoch_ : int or None
        The number of the epoch whose weights early stopping has kept, counted from 1 in
        `history_`, over all warm starts; 0 if they are the initial ones. None without
        early stopping, not available with ``solver='lbfgs'``.

    history_ : dict of ndarray
        One array per quantity, with a value for each epoch, ready for
        ``pandas.DataFrame``: 'loss', 'learning_rate' (of the last step),
        'gradient_norm' (averaged over the steps), 'seconds'; with validation data
        'validation_loss', and with early stopping or a `scoring` other than 'loss' also
        'validation_score'. 'lbfgs' records its iterations, without learning rate and
        gradient.

    t_ : int
        The number of samples seen in training, each counted once per epoch.

    coefs_ : list of ndarray of shape (n_units_below, n_units)
        The weights of each layer.

    intercepts_ : list of ndarray of shape (n_units,)
        The biases of each layer.

    network_ : FittedNetwork
        The fitted network: its layer sizes, activations, loss, output function,
        computing type and parameters, for programs that read them.

    n_features_in_ : int
        The number of features seen during :term:`fit`.

    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        The names of the features seen during :term:`fit`. Only available if all of
        them are strings.

    n_iter_ : int
        The number of epochs, or of iterations of 'lbfgs', in the last fit.

    n_layers_ : int
        The number of layers, including input and output.

    n_outputs_ : int
        The number of outputs.

    out_activation_ : str
        The name of the function that turns raw outputs into predictions.

    See Also
    --------
    BackpropClassifier : The same network for class labels.
    sklearn.neural_network.MLPRegressor : The estimator that this one replaces.

    Notes
    -----
    The first weights follow [2]_, momentum [3]_, 'adam' [4]_ and 'lbfgs' [5]_.

    With several targets, `loss_` and `loss_curve_` show the squared error averaged
    over them, as in scikit-learn, while its sum is minimised.

    References
    ----------
    .. [1] Rumelhart, D. E., Hinton, G. E. & Williams, R. J. (1986). "Learning
       representations by back-propagating errors." Nature 323, 533-536.

    .. [2] Glorot, X. & Bengio, Y. (2010). "Understanding the difficulty of training
       deep feedforward neural networks." AISTATS.

    .. [3] Sutskever, I., Martens, J., Dahl, G. & Hinton, G. (2013). "On the importance
       of initialization and momentum in deep learning." ICML.

    .. [4] Kingma, D. P. & Ba, J. (2015). "Adam: A method for stochastic optimization."
       ICLR.

    .. [5] Zhu, C., Byrd, R. H., Lu, P. & Nocedal, J. (1997). "Algorithm 778: L-BFGS-B."
       ACM Transactions on Mathematical Software 23, 550-560.

    .. [6] Loshchilov, I. & Hutter, F. (2019). "Decoupled weight decay regularization."
       ICLR.

    .. [7] Tieleman, T. & Hinton, G. (2012). "Lecture 6.5: rmsprop." Neural networks for
       machine learning.

    .. [8] Riedmiller, M. & Braun, H. (1993). "A direct adaptive method for faster
       backpropagation learning: the RPROP algorithm." ICNN.

    .. [9] Igel, C. & Huesken, M. (2000). "Improving the Rprop learning algorithm." NC.

    .. [10] Loshchilov, I. & Hutter, F. (2017). "SGDR: Stochastic gradient descent with
       warm restarts." ICLR.

    .. [11] Smith, L. N. & Topin, N. (2019). "Super-convergence: very fast training of
       neural networks using large learning rates." SPIE.

    .. [12] Srivastava, N., Hinton, G., Krizhevsky, A., Sutskever, I. & Salakhutdinov,
       R. (2014). "Dropout: a simple way to prevent neural networks from overfitting."
       JMLR 15, 1929-1958.

    .. [13] Pascanu, R., Mikolov, T. & Bengio, Y. (2013). "On the difficulty of training
       recurrent neural networks." ICML.

    .. [14] Huber, P. J. (1964). "Robust estimation of a location parameter." Annals of
       Mathematical Statistics 35, 73-101.

    .. [15] Koenker, R. & Bassett, G. (1978). "Regression quantiles." Econometrica 46,
       33-50.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> from sklearn_bp import BackpropRegressor
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> model = BackpropRegressor(solver="lbfgs", max_iter=500, random_state=1)
    >>> model.fit(X_train, y_train).score(X_test, y_test) > 0.9
    True
    """

    _parameter_constraints: dict = {  # noqa: RUF012 (scikit-learn's protocol)
        **CONSTRAINTS,
        "loss": [StrOptions(set(NUMBER_LOSSES))],
        "huber_delta": [Finite(0, closed="neither")],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
    }

    def __init__(
        self,
        loss="squared_error",
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        scoring="loss",
        penalty_scaling="batch",
        dropout=0.0,
        max_grad_norm=None,
        initializer="auto",
        rho=0.9,
        huber_delta=1.35,
        quantile=0.5,
        dtype=None,
    ):
        self.loss = loss
        super().__init__(
            hidden_layer_sizes=hidden_layer_sizes,
            activation=activation,
            solver=solver,
            alpha=alpha,
            batch_size=batch_size,
            learning_rate=learning_rate,
            learning_rate_init=learning_rate_init,
            power_t=power_t,
            max_iter=max_iter,
            shuffle=shuffle,
            random_state=random_state,
            tol=tol,
            verbose=verbose,
            warm_start=warm_start,
            momentum=momentum,
            nesterovs_momentum=nesterovs_momentum,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            beta_1=beta_1,
            beta_2=beta_2,
            epsilon=epsilon,
            n_iter_no_change=n_iter_no_change,
            max_fun=max_fun,
            scoring=scoring,
            penalty_scaling=penalty_scaling,
            dropout=dropout,
            max_grad_norm=max_grad_norm,
            initializer=initializer,
            rho=rho,
            huber_delta=huber_delta,
            quantile=quantile,
            dtype=dtype,
        )

    @available_if(lambda self: self._can_fit_partially())
    @fit_context(prefer_skip_nested_validation=True)
    def partial_fit(
        self,
        X,
        y,
        sample_weight=None,
        X_val=None,
        y_val=None,
        sample_weight_val=None,
    ):
        """Train the network for one epoch on the given data.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The training data.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            The weight of each sample, not negative.
        X_val : {array-like, sparse matrix} of shape (n_val, n_features), default=None
            Validation data, whose loss is recorded in `history_`.
        y_val : array-like of shape (n_val,) or (n_val, n_outputs), default=None
            Their targets.
        sample_weight_val : array-like of shape (n_val,), default=None
            Their weights.

        Returns
        -------
        self : object
            The estimator, one epoch on.

        Raises
        ------
        ValueError
            If an argument or a parameter is not valid, or if training diverges.
            The estimator is then as it was before the call.
        """
        validation = (X_val, y_val, sample_weight_val)
        return self._train_one_epoch(X, y, sample_weight, validation)

    def predict(self, X):
        """Predict targets.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The data.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            The predicted targets.
        """
        return self._respond("predict", X)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        loss = NUMBER_LOSSES.get(self.loss) if isinstance(self.loss, str) else None
        tags.target_tags.positive_only = loss is not None and loss.target_range[0] == 0
        return tags
