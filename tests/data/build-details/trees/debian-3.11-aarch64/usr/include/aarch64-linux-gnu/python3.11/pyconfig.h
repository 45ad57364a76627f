/* #undef Py_DEBUG */
#define SIZEOF_VOID_P 8
