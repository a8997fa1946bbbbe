#include <cstdio>

int main() { std::puts("townhall 0.1.0"); }
