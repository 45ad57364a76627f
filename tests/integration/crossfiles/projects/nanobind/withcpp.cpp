#include <pybind11/pybind11.h>

#include <string>

PYBIND11_MODULE(withcpp, m) {
    m.def("answer", [](int n) { return std::string("is ") + std::to_string(n); });
}
