// GCC 12's headers call functions that libstdc++ has only since GCC 11, such as __throw_bad_array_new_length.
#include <Python.h>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <new>
#include <shared_mutex>
#include <sstream>
#include <stdexcept>
#include <thread>
#include <vector>

static PyObject *answer(PyObject *, PyObject *count)
{
    std::mutex mutex;
    std::condition_variable condition;
    bool ready = false;
    std::thread thread([&] {
        std::lock_guard<std::mutex> lock(mutex);
        ready = true;
        condition.notify_all();
    });
    {
        std::unique_lock<std::mutex> lock(mutex);
        condition.wait_for(lock, std::chrono::seconds(9), [&] { return ready; });
    }
    thread.join();
    try {
        std::allocator<double> allocator;
        std::size_t size = PyLong_AsSize_t(count);
        allocator.deallocate(allocator.allocate(size), size);
        std::vector<double>(size).at(size);
    } catch (const std::bad_array_new_length &) {
        return PyUnicode_FromString("too many");
    } catch (const std::out_of_range &) {
        std::ostringstream text;
        text << std::filesystem::path("caught").string() << ' ' << ready;
        return PyUnicode_FromString(text.str().c_str());
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {{"answer", answer, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
static PyModuleDef module = {
    PyModuleDef_HEAD_INIT, "floor_cxx", nullptr, -1, methods, nullptr, nullptr, nullptr, nullptr};
PyMODINIT_FUNC PyInit_floor_cxx(void) { return PyModule_Create(&module); }
