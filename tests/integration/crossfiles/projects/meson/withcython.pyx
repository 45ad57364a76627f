def answer(int n):
    return n * 2
