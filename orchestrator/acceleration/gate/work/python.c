/* All that CPython's own headers, and those of the system that they take, come to. */
#include "Python.h"
