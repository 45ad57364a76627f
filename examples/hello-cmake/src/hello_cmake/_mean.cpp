#include <numeric>
#include <stdexcept>
#include <vector>

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

static double mean(const std::vector<double> &values)
{
    if (values.empty()) {
        throw std::invalid_argument("the mean of no numbers");
    }
    return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

PYBIND11_MODULE(_mean, module)
{
    module.def("mean", &mean, "mean(values) -> their arithmetic mean");
}
