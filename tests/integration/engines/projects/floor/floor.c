/* pthread_clockjoin_np is the newest function of glibc 2.31. glibc 2.34 gave all of libpthread a new version. */
#define _GNU_SOURCE
#include <Python.h>
#include <pthread.h>
#include <time.h>

static void *twice(void *number) { return (void *)(2 * (intptr_t)number); }

static PyObject *answer(PyObject *self, PyObject *unused)
{
    pthread_t thread;
    void *result = 0;
    if (pthread_create(&thread, NULL, twice, (void *)21) ||
        pthread_clockjoin_np(thread, &result, CLOCK_MONOTONIC, NULL))
        return PyErr_SetFromErrno(PyExc_OSError);
    return PyLong_FromLong((long)(intptr_t)result);
}

static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "floor_c", NULL, -1, methods, NULL, NULL, NULL, NULL};
PyMODINIT_FUNC PyInit_floor_c(void) { return PyModule_Create(&module); }
