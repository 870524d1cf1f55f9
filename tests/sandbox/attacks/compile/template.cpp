// Every one of them is another type.
template <int N, int M> struct A { static const long v = A<N - 1, 2 * M>::v + A<N - 1, 2 * M + 1>::v; };
template <int M> struct A<0, M> { static const long v = M; };

int main() { return A<25, 1>::v; }
