unsigned long twice(unsigned long number) { return 2 * number; }
