"""The tables of tables.h, as Cython sees them."""


cdef extern from "tables.h" nogil:
    enum:
        MOST_SETTINGS
        MOST_ARRAYS
        GRADIENT_EXPONENT

    ctypedef enum activation:
        identity_activation

    ctypedef enum loss:
        pass

    ctypedef enum optimizer:
        pass

    ctypedef struct twin:
        const char *name
        int n_settings
        int n_arrays

    const twin *activation_twins
    const twin *loss_twins
    const twin *optimizer_twins

    bint needs_net_input(activation kind)

    ctypedef struct update_rule:
        optimizer kind
        int decouples_penalty
        double decay
        double kept
        double settings[MOST_SETTINGS]
        void *state[MOST_ARRAYS]

    ctypedef struct square_sums:
        double weights
        double gradient
        double scaled_gradient
