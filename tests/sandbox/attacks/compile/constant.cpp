constexpr long count(long n) { return n < 2 ? n : count(n - 1) + count(n - 2); }
static_assert(count(60) > 0);
static_assert(count(61) > 0);
static_assert(count(62) > 0);
static_assert(count(63) > 0);
static_assert(count(64) > 0);
static_assert(count(65) > 0);
static_assert(count(66) > 0);
static_assert(count(67) > 0);
static_assert(count(68) > 0);
static_assert(count(69) > 0);
static_assert(count(70) > 0);
static_assert(count(71) > 0);

int main() {}
