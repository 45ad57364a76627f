subroutine twice(a, b) bind(c)
  use iso_c_binding
  real(c_double), value :: a
  real(c_double) :: b
  b = 2 * a
  if (a < 0) print *, 'negative'  ! needs libgfortran
end subroutine
