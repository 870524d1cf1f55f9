// Calls the candidate once for each case and writes down what came of it.
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <unistd.h>
#include <utility>

namespace transloop_harness {

const std::size_t largest = 60000;
std::string nonce;
int first = 0;

// Before the candidate's globals are made: stdin is read, and at its end for whoever reads on.
struct Begin {
    Begin() {
        std::string text;
        char chunk[256];
        for (ssize_t got; (got = ::read(0, chunk, sizeof chunk)) > 0;) text.append(chunk, got);
        std::size_t end = text.find('\n');
        nonce = text.substr(0, end);
        first = std::atoi(text.c_str() + end + 1);
        int ends[2];
        if (::pipe(ends) == 0) {
            ::close(ends[1]);
            ::dup2(ends[0], 0);
            ::close(ends[0]);
        }
    }
} begin;

inline void record(const std::string &payload) {
    std::fflush(nullptr);
    std::string data = "\n" + nonce + " " + payload + "\n";
    for (std::size_t at = 0; at < data.size();) {
        ssize_t put = ::write(1, data.data() + at, data.size() - at);
        if (put <= 0) _exit(1);
        at += put;
    }
}

inline bool is_text(const char *data, std::size_t size) {
    for (std::size_t at = 0; at < size;) {
        unsigned char lead = data[at];
        int more = lead < 0x80 ? 0 : lead < 0xc2 ? -1 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : lead < 0xf5 ? 3 : -1;
        if (more < 0 || at + more >= size) return false;
        for (int each = 1; each <= more; each++)
            if ((data[at + each] & 0xc0) != 0x80) return false;
        at += more + 1;
    }
    return true;
}

inline void show_text(std::string &out, const char *data, std::size_t size) {
    const char *digits = "0123456789abcdef";
    if (!is_text(data, size)) {
        out += "{\"b\":\"";
        for (std::size_t at = 0; at < size; at++) {
            out += digits[(data[at] >> 4) & 15];
            out += digits[data[at] & 15];
        }
        out += "\"}";
        return;
    }
    out += '"';
    for (std::size_t at = 0; at < size; at++) {
        char each = data[at];
        if (each == '"' || each == '\\') (out += '\\') += each;
        else if ((unsigned char)each < 0x20) ((out += "\\u00") += digits[each >> 4]) += digits[each & 15];
        else out += each;
    }
    out += '"';
}

inline void show_number(std::string &out, double value, int digits) {
    if (__builtin_isnan(value)) { out += "{\"f\":\"nan\"}"; return; }
    if (__builtin_isinf(value)) { out += value > 0 ? "{\"f\":\"inf\"}" : "{\"f\":\"-inf\"}"; return; }
    char text[40];
    std::snprintf(text, sizeof text, "%.*g", digits, value);
    out += text;
    if (!std::strpbrk(text, ".e")) out += ".0";
}

inline void opaque(std::string &out, const char *reason) { ((out += "{\"?\":\"") += reason) += "\"}"; }

template <class T, class = void> struct IsRange : std::false_type {};
template <class T>
struct IsRange<T, std::void_t<decltype(std::declval<const T &>().begin() != std::declval<const T &>().end())>> : std::true_type {};
template <class T, class = void> struct HasKey : std::false_type {};
template <class T> struct HasKey<T, std::void_t<typename T::key_type>> : std::true_type {};
template <class T, class = void> struct HasMapped : std::false_type {};
template <class T> struct HasMapped<T, std::void_t<typename T::mapped_type>> : std::true_type {};
template <class T, class = void> struct IsText : std::false_type {};
template <class T>
struct IsText<T, std::void_t<decltype(std::declval<const T &>().data()), decltype(T::npos)>> : std::bool_constant<sizeof(*std::declval<const T &>().data()) == 1> {};
template <class T, class = void> struct IsTuple : std::false_type {};
template <class T> struct IsTuple<T, std::void_t<decltype(std::tuple_size<T>::value)>> : std::true_type {};
template <class T, class = void> struct IsOptional : std::false_type {};
template <class T> struct IsOptional<T, std::void_t<decltype(std::declval<const T &>().has_value()), decltype(*std::declval<const T &>())>> : std::true_type {};
template <class T, class = void> struct IsOwner : std::false_type {};
template <class T> struct IsOwner<T, std::void_t<decltype(*std::declval<const T &>().get())>> : std::true_type {};
template <class T, class = void> struct IsAdaptor : std::false_type {};
template <class T> struct IsAdaptor<T, std::void_t<typename T::container_type, decltype(std::declval<T &>().pop())>> : std::true_type {};

template <class T> void show(std::string &out, const T &value);

template <class I> void show_each(std::string &out, I at, I end) {
    for (bool more = false; at != end; ++at, more = true) {
        if (out.size() > 4 * largest) return;
        if (more) out += ',';
        show(out, *at);
    }
}

template <class T> void show_items(std::string &out, const T *items, std::size_t count) {
    out += '[';
    show_each(out, items, items + count);
    out += ']';
}

template <class T, std::size_t... I> void show_tuple(std::string &out, const T &value, std::index_sequence<I...>) {
    using std::get;
    out += "{\"t\":[";
    (((I ? out += ',' : out), show(out, get<I>(value))), ...);
    out += "]}";
}

template <class T> auto next_of(T &adaptor) -> decltype(adaptor.top()) { return adaptor.top(); }
template <class T> auto next_of(T &adaptor) -> decltype(adaptor.front()) { return adaptor.front(); }

template <class T> void show_adaptor(std::string &out, T copy) {
    out += '[';
    for (bool more = false; !copy.empty(); copy.pop(), more = true) {
        if (more) out += ',';
        show(out, next_of(copy));
    }
    out += ']';
}

// A struct of the candidate whose fields are known has a `fields` of its own, below.
template <class T, class = void> struct Fields : std::false_type {};

template <class T> void show(std::string &out, const T &value) {
    using Bare = std::remove_cv_t<T>;
    if constexpr (std::is_same_v<Bare, bool>) out += value ? "true" : "false";
    else if constexpr (std::is_same_v<Bare, char>) show_text(out, &value, 1);
    else if constexpr (std::is_enum_v<Bare>) out += std::to_string((long long)value);
    else if constexpr (std::is_integral_v<Bare>) out += std::to_string(value);
    else if constexpr (std::is_same_v<Bare, float>) show_number(out, value, 9);
    else if constexpr (std::is_floating_point_v<Bare>) show_number(out, (double)value, 17);
    else if constexpr (std::is_same_v<Bare, std::nullptr_t>) out += "null";
    else if constexpr (std::is_convertible_v<Bare, const char *>) {
        const char *text = value;
        if (text) show_text(out, text, std::strlen(text));
        else out += "null";
    }
    else if constexpr (IsText<Bare>::value) show_text(out, value.data(), value.size());
    else if constexpr (Fields<Bare>::value) Fields<Bare>::show(out, value);
    else if constexpr (std::is_array_v<Bare>) show_items(out, value, std::extent_v<Bare>);
    else if constexpr (IsRange<Bare>::value && HasMapped<Bare>::value) {
        out += "{\"m\":[";
        bool more = false;
        for (const auto &each : value) {
            out += more ? ",[" : "[";
            show(out, each.first);
            out += ',';
            show(out, each.second);
            out += ']';
            more = true;
        }
        out += "]}";
    }
    else if constexpr (IsRange<Bare>::value && HasKey<Bare>::value) {
        out += "{\"s\":[";
        show_each(out, value.begin(), value.end());
        out += "]}";
    }
    else if constexpr (IsRange<Bare>::value) {
        out += '[';
        if constexpr (std::is_same_v<std::decay_t<decltype(*value.begin())>, bool>) {
            bool more = false;
            for (bool each : value) {
                out += more ? "," : "";
                out += each ? "true" : "false";
                more = true;
            }
        } else show_each(out, value.begin(), value.end());
        out += ']';
    }
    else if constexpr (IsTuple<Bare>::value) show_tuple(out, value, std::make_index_sequence<std::tuple_size<Bare>::value>());
    else if constexpr (IsOptional<Bare>::value) { if (value.has_value()) show(out, *value); else out += "null"; }
    else if constexpr (IsOwner<Bare>::value) { if (value.get()) show(out, *value.get()); else out += "null"; }
    else if constexpr (IsAdaptor<Bare>::value) show_adaptor(out, value);
    else opaque(out, "a value of this type cannot be compared");
}

inline std::string limited(std::string text) {
    if (text.size() <= largest) return text;
    std::string reason;
    opaque(reason, "it is too large to compare");
    return reason;
}

template <class C> std::string returned(C call) {
    std::string value;
    if constexpr (std::is_void_v<decltype(call())>) {
        call();
        value = "null";
    } else {
        auto &&result = call();
        show(value, result);
    }
    return "\"k\":\"returned\",\"v\":" + limited(value);
}

inline std::string raised(const char *type, const char *message) {
    std::string text = "\"k\":\"raised\",\"e\":";
    show_text(text, type, std::strlen(type));
    text += ",\"m\":";
    show_text(text, message, std::strlen(message));
    return text;
}

template <class C, class A> void run(int index, C call, A after) {
    std::string outcome, arguments;
    try {
        outcome = returned(call);
    } catch (const std::exception &error) {
        outcome = raised(typeid(error).name(), error.what());
    } catch (const char *message) {
        outcome = raised("text", message);
    } catch (const std::string &message) {
        outcome = raised("text", message.c_str());
    } catch (...) {
        outcome = raised("unknown", "");
    }
    after(arguments);
    record("{\"i\":" + std::to_string(index) + "," + outcome + ",\"a\":[" + arguments + "]}");
}

}  // namespace transloop_harness

#define main transloop_candidate_main
#line 1 "candidate.cpp"
@@code@@
#line 1000 "harness.cpp"
#undef main
// @@records@@

// @@shared@@
// @@cases@@
static void (*const transloop_cases[])() = {@@calls@@ nullptr};

signed main() {
    transloop_harness::record("{\"k\":\"ready\"}");
    for (auto index = transloop_harness::first; index < @@count@@; index++) transloop_cases[index]();
    transloop_harness::record("done " + std::to_string(@@count@@ - transloop_harness::first + 1));
    std::fflush(nullptr);
    ::_exit(0);
}
