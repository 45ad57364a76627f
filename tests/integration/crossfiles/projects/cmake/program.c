int main(void) { return sizeof(long double) == 16 ? 0 : 1; }
