/* #undef Py_DEBUG */
/* #undef Py_GIL_DISABLED */
#define SIZEOF_VOID_P 8
