#include <list>
#include <new>
#include <string>

int main() {
    std::list<std::string> hoard;
    for (;;) {
        try {
            hoard.emplace_back(1 << 20, 'x');
        } catch (const std::bad_alloc &) {
        }
    }
}
