#include <greeting.h>
#include <iostream>

int main() {
#if defined(__riscv)
    const char *machine = "riscv64";
#elif defined(__aarch64__)
    const char *machine = "aarch64";
#elif defined(__powerpc64__)
    const char *machine = "ppc64le";
#endif
    std::cout << greeting() << " from " << machine << std::endl;
}
