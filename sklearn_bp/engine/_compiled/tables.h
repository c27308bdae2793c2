/* What a network and its training can be made of: the twins of the tables ACTIVATIONS,
   LOSSES and OPTIMIZERS in Python, with a line for each entry. Everything else that
   uses these names is generated from the lines; sklearn_bp/engine/_twins.py compares
   them with Python. */

#ifndef SKLEARN_BP_TABLES_H
#define SKLEARN_BP_TABLES_H

#include <stddef.h>

/* The name, under what the derivative is computed from: only the activation's output,
   which needs name_forward and name_backward in kernels_activations.h, or also the net
   input, which needs a function `name` there. */
#define FOR_EACH_ACTIVATION(FROM_OUTPUT, FROM_NET_INPUT)                      \
    FROM_OUTPUT(identity)                                                     \
    FROM_OUTPUT(logistic)                                                     \
    FROM_OUTPUT(tanh)                                                         \
    FROM_OUTPUT(relu)                                                         \
    FROM_OUTPUT(leaky_relu)                                                   \
    FROM_OUTPUT(elu)                                                          \
    FROM_OUTPUT(selu)                                                         \
    FROM_OUTPUT(softplus)                                                     \
    FROM_NET_INPUT(gelu)                                                      \
    FROM_NET_INPUT(silu)                                                      \
    FROM_NET_INPUT(mish)

/* The name, which needs name_output in kernels_losses.h, and the number of settings. */
#define FOR_EACH_LOSS(ENTRY)                                                  \
    ENTRY(squared_error, 0)                                                   \
    ENTRY(absolute_error, 0)                                                  \
    ENTRY(huber, 1)                                                           \
    ENTRY(quantile, 1)                                                        \
    ENTRY(poisson, 0)                                                         \
    ENTRY(gamma, 0)                                                           \
    ENTRY(log_loss, 1)                                                        \
    ENTRY(binary_log_loss, 1)

/* The name, the rule (which needs rule_update in kernels_optimizers.h), what its
   learning rate is multiplied by (which needs a function of that name in kernels.h), and
   the numbers of settings and of state arrays. */
#define FOR_EACH_OPTIMIZER(ENTRY)                                             \
    ENTRY(sgd, sgd, no_factor, 2, 1)                                          \
    ENTRY(adam, adam, bias_correction, 3, 2)                                  \
    ENTRY(adamw, adam, bias_correction, 3, 2)                                 \
    ENTRY(rmsprop, rmsprop, no_factor, 2, 1)                                  \
    ENTRY(rprop, rprop, no_factor, 4, 2)

/* What there is room for; the compiler reports if it is not enough. Another array also
   needs another argument of each rule, see DEFINE_UPDATE. */
#define MOST_SETTINGS 4
#define MOST_ARRAYS 3

#define CODE(name) name##_activation,
typedef enum { FOR_EACH_ACTIVATION(CODE, CODE) } activation;
#undef CODE
#define CODE(name, n_settings) name##_loss,
typedef enum { FOR_EACH_LOSS(CODE) } loss;
#undef CODE
#define CODE(name, rule, factor, n_settings, n_arrays) name##_optimizer,
typedef enum { FOR_EACH_OPTIMIZER(CODE) } optimizer;
#undef CODE

/* The same for Python, in the order of the enums; a NULL name marks the end. */
typedef struct {
    const char *name;
    int n_settings;
    int n_arrays;
} twin;

#define TWIN(name) {#name, 0, 0},
static const twin activation_twins[] = {FOR_EACH_ACTIVATION(TWIN, TWIN) {NULL, 0, 0}};
#undef TWIN
#define TWIN(name, n_settings) {#name, n_settings, 0},
static const twin loss_twins[] = {FOR_EACH_LOSS(TWIN) {NULL, 0, 0}};
#undef TWIN
#define TWIN(name, rule, factor, n_settings, n_arrays) {#name, n_settings, n_arrays},
static const twin optimizer_twins[] = {FOR_EACH_OPTIMIZER(TWIN) {NULL, 0, 0}};
#undef TWIN

#define ASSERT_ROOM(name, n_settings)                                         \
    _Static_assert(n_settings <= MOST_SETTINGS, #name ": raise MOST_SETTINGS");
FOR_EACH_LOSS(ASSERT_ROOM)
#undef ASSERT_ROOM
#define ASSERT_ROOM(name, rule, factor, n_settings, n_arrays)                         \
    _Static_assert(n_settings <= MOST_SETTINGS, #name ": raise MOST_SETTINGS"); \
    _Static_assert(n_arrays <= MOST_ARRAYS, #name ": raise MOST_ARRAYS");
FOR_EACH_OPTIMIZER(ASSERT_ROOM)
#undef ASSERT_ROOM

/* Whether the derivative is not a function of the output alone. */
static inline int needs_net_input(activation kind)
{
#define OMIT(name)
#define OR_IS(name) || kind == name##_activation
    return 0 FOR_EACH_ACTIVATION(OMIT, OR_IS);
#undef OMIT
#undef OR_IS
}

/* What a step of an optimizer needs besides the parameters and their gradient. */
typedef struct {
    optimizer kind;
    int decouples_penalty; /* which then is not part of the gradient */
    double learning_rate; /* bias corrections included */
    double decay;         /* the L2 penalty's factor in the gradient, alpha / M */
    double kept;          /* the share of each weight that a decoupled penalty leaves */
    double settings[MOST_SETTINGS]; /* as the optimizer's `settings` lists them */
    void *state[MOST_ARRAYS];       /* as its `state` lists them */
} update_rule;

/* Sums of squares over the elements of a tile; if that of the gradient is infinite, also
   the sum of (GRADIENT_SCALE g)^2, which neither overflows nor vanishes in double. */
#define GRADIENT_EXPONENT (-540)
#define GRADIENT_SCALE 0x1p-540
typedef struct {
    double weights;
    double gradient;
    double scaled_gradient;
} square_sums;

#endif
