#include <Python.h>

int main(void)
{
    Py_Initialize();
    int status = PyRun_SimpleString("import math, zlib; print('the answer is', int(math.sqrt(1764)))");
    return Py_FinalizeEx() || status;
}
