use pyo3::prelude::*;
use std::ffi::c_ulong;

extern "C" {
    fn twice(number: c_ulong) -> c_ulong;
}

/// Twice the number, by C.
#[pyfunction]
fn answer(number: c_ulong) -> c_ulong {
    unsafe { twice(number) }
}

#[pymodule]
fn withrust(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(answer, module)?)
}
