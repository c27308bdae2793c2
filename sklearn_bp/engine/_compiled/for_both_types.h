/* Includes TEMPLATE for float and for double: REAL is the type, IS_DOUBLE which of them
   it is, and FN(name) the name of a function for this type and instruction set. */

#define JOIN(name, type, set) name##_##type##_##set
#define JOINED(name, type, set) JOIN(name, type, set)

#define REAL float
#define IS_DOUBLE 0
#define FN(name) JOINED(name, float, SET)
#include TEMPLATE
#undef REAL
#undef IS_DOUBLE
#undef FN

#define REAL double
#define IS_DOUBLE 1
#define FN(name) JOINED(name, double, SET)
#include TEMPLATE
#undef REAL
#undef IS_DOUBLE
#undef FN

#undef JOIN
#undef JOINED
