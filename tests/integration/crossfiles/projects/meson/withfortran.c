#include <Python.h>

void twice(double a, double *b);

static PyObject *answer(PyObject *self, PyObject *number) {
    double result;
    twice(PyFloat_AsDouble(number), &result);
    return PyFloat_FromDouble(result);
}

static PyMethodDef methods[] = {{"answer", answer, METH_O, NULL}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT, "withfortran", NULL, -1, methods};

PyMODINIT_FUNC PyInit_withfortran(void) { return PyModule_Create(&definition); }
