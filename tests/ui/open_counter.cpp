#include "tests/ui/open_counter.h"

#include <atomic>
#include <cstdarg>
#include <cstring>

namespace {

std::atomic<bool> counting{false};
OpenCount counted;

}  // namespace

void startCountingOpens() {
    counted = {};
    counting = true;
}

OpenCount stopCountingOpens() {
    counting = false;
    return counted;
}

#ifdef __linux__

#include <dlfcn.h>
#include <sys/types.h>

namespace {

void note(const char* name) {
    if (!counting)
        return;
    ++counted.count;
    std::strncpy(counted.last, name, sizeof counted.last - 1);
}

template <typename Function>
Function next(const char* name) {
    return reinterpret_cast<Function>(dlsym(RTLD_NEXT, name));
}

using Open = int (*)(const char*, int, ...);
using OpenAt = int (*)(int, const char*, int, ...);

}  // namespace

bool opensAreCounted() {
    return true;
}

extern "C" {

int open(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = va_arg(list, unsigned);
    va_end(list);
    note(path);
    return next<Open>("open")(path, flags, mode);
}
int open64(const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = va_arg(list, unsigned);
    va_end(list);
    note(path);
    return next<Open>("open64")(path, flags, mode);
}
int openat(int directory, const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = va_arg(list, unsigned);
    va_end(list);
    note(path);
    return next<OpenAt>("openat")(directory, path, flags, mode);
}
int openat64(int directory, const char* path, int flags, ...) {
    va_list list;
    va_start(list, flags);
    const auto mode = va_arg(list, unsigned);
    va_end(list);
    note(path);
    return next<OpenAt>("openat64")(directory, path, flags, mode);
}
int socket(int domain, int type, int protocol) {
    note("a socket");
    return next<int (*)(int, int, int)>("socket")(domain, type, protocol);
}

}  // extern "C"

#else

bool opensAreCounted() {
    return false;
}

#endif
