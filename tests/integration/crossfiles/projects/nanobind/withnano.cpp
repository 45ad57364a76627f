#include <nanobind/nanobind.h>

NB_MODULE(withnano, m) {
    m.def("answer", [](int n) { return n + 1; });
}
