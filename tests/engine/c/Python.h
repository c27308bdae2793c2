/* What interrupts.h needs of Python, for tests without it: nobody holds the GIL, and
   signals come when a test says so. */

typedef int PyGILState_STATE;

static int raises; /* whether the next handler of a signal raises an exception */

static inline PyGILState_STATE PyGILState_Ensure(void) { return 0; }
static inline void PyGILState_Release(PyGILState_STATE state) { (void)state; }
static inline int PyErr_CheckSignals(void) { return raises ? -1 : 0; }
