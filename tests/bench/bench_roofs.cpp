// What this machine allows, measured now.
//   build/bench/bench_roofs [--threads N] [--seconds 0.3] [--json]
//   build/bench/bench_roofs --watch [--threads N]     a short probe, as a line of JSON, for every line of standard
//   input
// A rate is the best of several runs, the median beside it: other programs share the machine.
#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/bench/roofs.h"

using bench::Rate;
using bench::Roofs;
using Json = nlohmann::json;

namespace {

struct Row {
    const char* key;
    const char* text;
    const char* unit;
    bool perThread;  // also measured on one thread
    std::function<Rate(int threads, double seconds)> measure;
};

std::vector<Row> rowsOf(Roofs& roofs) {
    const auto read = [&roofs](Roofs::Level level) {
        return [&roofs, level](int threads, double seconds) { return roofs.read(level, threads, seconds); };
    };
    return {
        {"memoryRead", "memory read", "GB/s", true, read(Roofs::Level::Memory)},
        {"l3Read", "third cache read", "GB/s", true, read(Roofs::Level::L3)},
        {"l2Read", "second cache read", "GB/s", true, read(Roofs::Level::L2)},
        {"l1Read", "first cache read", "GB/s", true, read(Roofs::Level::L1)},
        {"fma", "multiply-add, f32", "GFLOP/s", true, [&](int t, double s) { return roofs.fma(t, s); }},
        {"int8", "8-bit products, 32-bit sums", "GOP/s", true, [&](int t, double s) { return roofs.int8(t, s); }},
        {"int8Narrow", "8-bit products, 16-bit sums", "GOP/s", true,
         [&](int t, double s) { return roofs.int8Narrow(t, s); }},
        {"int8Kernel", "our 8-bit product, in the cache", "GOP/s", false,
         [&](int, double s) { return roofs.int8Kernel(s); }},
    };
}

Json rateJson(const Rate& rate) {
    return {{"median", rate.median}, {"best", rate.best}};
}

// What a harness asks for before and after each pair.
Json probe(Roofs& roofs) {
    const int threads = roofs.threads();
    Json result = {{"read", rateJson(roofs.read(Roofs::Level::Memory, threads, 0.2))},
                   {"fma", rateJson(roofs.fma(threads, 0.05))}};
    Rate int8 = roofs.int8(threads, 0.05);
    for (const Rate& other : {roofs.int8Narrow(threads, 0.05), roofs.int8Kernel(0.08)}) {
        int8.best = std::max(int8.best, other.best);
        int8.median = std::max(int8.median, other.median);
    }
    result["int8"] = rateJson(int8);
    result["clockGhz"] = roofs.clockGhz();
    return result;
}

}  // namespace

int main(int argc, char** argv) {
    int threads = engine::defaultThreadCount();
    double seconds = 0.3;
    bool json = false, watch = false;
    for (int i = 1; i < argc; ++i) {
        const std::string key = argv[i];
        if (key == "--json")
            json = true;
        else if (key == "--watch")
            watch = true;
        else if (key == "--threads" && i + 1 < argc)
            threads = std::max(1, std::atoi(argv[++i]));
        else if (key == "--seconds" && i + 1 < argc)
            seconds = std::atof(argv[++i]);
        else {
            fmt::print(stderr, "usage: bench_roofs [--threads N] [--seconds S] [--json | --watch]\n");
            return 2;
        }
    }
    Roofs roofs(threads);
    if (watch) {
        for (std::string line; std::getline(std::cin, line);)
            std::cout << probe(roofs).dump() << std::endl;
        return 0;
    }
    Json all = {{"threads", roofs.threads()}, {"isa", roofs.isa()}, {"clockGhz", roofs.clockGhz()}};
    if (!json)
        fmt::print("{} threads, {} loops, {:.2f} GHz; best (median)\n", roofs.threads(), roofs.isa(),
                   all["clockGhz"].get<double>());
    for (const Row& row : rowsOf(roofs))
        for (const int n : {1, roofs.threads()}) {
            if ((n == 1 && !row.perThread) || (n == 1 && all.contains(row.key)))
                continue;
            const Rate rate = row.measure(n, seconds);
            if (rate.best <= 0)
                continue;
            all[row.key][std::to_string(n)] = rateJson(rate);
            if (!json)
                fmt::print("{:<32} {} threads {:8.1f} ({:.1f}) {}\n", row.text, n, rate.best * 1e-9, rate.median * 1e-9,
                           row.unit);
            if (roofs.threads() == 1)
                break;
        }
    if (json)
        std::cout << all.dump() << std::endl;
    return 0;
}
