from cython cimport floating

from ._structs cimport Block, Data, Layers


cdef void load(
    const Layers *layers, const Data *data, Block *block, const floating *theta
) noexcept nogil
cdef void forward(
    const Layers *layers, const Data *data, Block *block, const floating *theta
) noexcept nogil
cdef double backward(
    const Layers *layers, const Data *data, Block *block, const floating *theta,
    floating *gradient, double m, bint accumulate
) noexcept nogil
