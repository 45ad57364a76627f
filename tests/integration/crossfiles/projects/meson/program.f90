program main
  implicit none
  real(8) :: a(2, 2)
  a = matmul(reshape([1d0, 2d0, 3d0, 4d0], [2, 2]), reshape([1d0, 0d0, 0d0, 1d0], [2, 2]))
  if (abs(sum(a) - 10d0) > 1d-9) stop 1
end program
