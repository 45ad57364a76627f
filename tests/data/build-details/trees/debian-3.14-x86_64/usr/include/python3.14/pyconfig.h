# if defined(__x86_64__) && defined(__LP64__)
#  include <x86_64-linux-gnu/python3.14/pyconfig.h>
# elif defined(__x86_64__) && defined(__ILP32__)
