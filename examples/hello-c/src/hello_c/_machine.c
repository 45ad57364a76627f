#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__aarch64__)
#  define MACHINE "aarch64"
#elif defined(__riscv) && __riscv_xlen == 64
#  define MACHINE "riscv64"
#elif defined(__powerpc64__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#  define MACHINE "ppc64le"
#elif defined(__s390x__)
#  define MACHINE "s390x"
#elif defined(__loongarch64)
#  define MACHINE "loongarch64"
#elif defined(__x86_64__)
#  define MACHINE "x86_64"
#else
#  define MACHINE "unknown"
#endif

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#  define BYTE_ORDER_NAME "little"
#else
#  define BYTE_ORDER_NAME "big"
#endif

static PyObject *
describe(PyObject *module, PyObject *ignored)
{
    return Py_BuildValue("sis", MACHINE, (int)(8 * sizeof(void *)), BYTE_ORDER_NAME);
}

static PyMethodDef methods[] = {
    {"describe", describe, METH_NOARGS,
     "describe() -> (machine, bits of a pointer, byte order), as the compiler knew them."},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "_machine", NULL, 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC
PyInit__machine(void)
{
    return PyModuleDef_Init(&definition);
}
