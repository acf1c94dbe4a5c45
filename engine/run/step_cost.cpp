#include "engine/run/step_cost.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

namespace engine {

namespace {

constexpr double Newest = 0.25;  // share of the newest step in the mean of its kind
constexpr double MostSurprise =
    3;  // a step counts as at most so many times the mean: a stall of the machine is no cost
constexpr double HalfLifeSteps = 500;  // a kind that was not seen for so long counts half
constexpr double LeastWeight = 0.02;
constexpr size_t NTerms = 3;

// 1, 2, 3-4, 5-8 ... in steps of four from there.
int rowClass(int64_t rows, int nClasses) {
    const int bits = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(rows, 1) - 1));
    return std::min(bits <= 1 ? bits : 2 + (bits - 2) / 2, nClasses - 1);
}
int depthClass(int64_t meanDepth, int nClasses) {  // below 256, 1024, 4096, ...
    const int bits = std::bit_width(static_cast<uint64_t>(std::max<int64_t>(meanDepth, 0)));
    return std::clamp((bits - 7) / 2, 0, nClasses - 1);
}

using Matrix = std::array<std::array<double, NTerms + 1>, NTerms>;  // normal equations, right side last

// Solves for the terms of `subset`; false: they cannot be told apart.
bool solve(Matrix m, unsigned subset, std::array<double, NTerms>& x) {
    x = {};
    for (size_t i = 0; i < NTerms; ++i)
        if (!(subset >> i & 1)) {
            for (size_t j = 0; j < NTerms; ++j)
                m[i][j] = m[j][i] = 0;
            m[i][i] = 1;
            m[i][NTerms] = 0;
        }
    for (size_t i = 0; i < NTerms; ++i) {
        const double diagonal = m[i][i];
        if (!(diagonal > 0))
            return false;
        for (size_t k = i + 1; k < NTerms; ++k) {
            const double factor = m[k][i] / diagonal, before = m[k][k];
            for (size_t j = i; j <= NTerms; ++j)
                m[k][j] -= factor * m[i][j];
            if (m[k][k] <= 1e-9 * before)
                return false;
        }
    }
    for (size_t i = NTerms; i-- > 0;) {
        double sum = m[i][NTerms];
        for (size_t j = i + 1; j < NTerms; ++j)
            sum -= m[i][j] * x[j];
        x[i] = sum / m[i][i];
    }
    return true;
}

}  // namespace

void StepCost::observe(const StepLoad& load, double seconds) {
    if (load.rows <= 0 || !(seconds > 0))
        return;
    const int index = rowClass(load.rows, RowClasses) * DepthClasses + depthClass(load.depth / load.rows, DepthClasses);
    Kind& kind = m_kinds[static_cast<size_t>(index)];
    if (kind.nSteps >= 3)
        seconds = std::min(seconds, MostSurprise * kind.seconds);
    const double share = std::max(Newest, 1.0 / static_cast<double>(++kind.nSteps));
    kind.rows += share * (static_cast<double>(load.rows) - kind.rows);
    kind.depth += share * (static_cast<double>(load.depth) - kind.depth);
    kind.seconds += share * (seconds - kind.seconds);
    kind.lastStep = ++m_nSteps;
    m_known = true;
    m_fitted = false;
}

// Least squares of the relative errors with no negative term: of all subsets of terms, the one that fits best; a term
// more must pay for itself. So with one kind of step seen it is all a cost per row, which never promises too much.
void StepCost::fit() const {
    m_fitted = true;
    Matrix normal{};
    double total = 0;
    std::array<double, NTerms> scale{1, 1, 1};
    for (const Kind& kind : m_kinds) {
        scale[1] = std::max(scale[1], kind.rows);
        scale[2] = std::max(scale[2], kind.depth);
    }
    for (const Kind& kind : m_kinds) {
        if (kind.nSteps == 0)
            continue;
        const double age = static_cast<double>(m_nSteps - kind.lastStep);
        const double weight = std::max(std::exp2(-age / HalfLifeSteps), LeastWeight) / (kind.seconds * kind.seconds);
        const std::array<double, NTerms> term{1, kind.rows / scale[1], kind.depth / scale[2]};
        for (size_t i = 0; i < NTerms; ++i) {
            for (size_t j = 0; j < NTerms; ++j)
                normal[i][j] += weight * term[i] * term[j];
            normal[i][NTerms] += weight * term[i] * kind.seconds;
        }
        total += weight * kind.seconds * kind.seconds;
    }
    constexpr unsigned Fixed = 1, PerRow = 2, PerDepth = 4;
    double best = std::numeric_limits<double>::infinity();
    for (const unsigned subset : {PerRow, Fixed | PerRow, PerRow | PerDepth, Fixed | PerRow | PerDepth}) {
        std::array<double, NTerms> x{};
        if (!solve(normal, subset, x) || *std::min_element(x.begin(), x.end()) < 0)
            continue;
        double error = total;  // |y - Ax|^2 = y.y - x.(A'y) where x is the best of its subset
        for (size_t i = 0; i < NTerms; ++i)
            error -= x[i] * normal[i][NTerms];
        if (error < 0.95 * best - 1e-9 * total) {
            best = error;
            for (size_t i = 0; i < NTerms; ++i)
                m_coefficients[i] = x[i] / scale[i];
        }
    }
}

double StepCost::seconds(const StepLoad& load) const {
    if (!m_fitted)
        fit();
    return m_coefficients[0] + m_coefficients[1] * static_cast<double>(load.rows) +
           m_coefficients[2] * static_cast<double>(load.depth);
}

int64_t StepCost::rowsWithin(double limitSeconds, StepLoad load, int64_t position, int64_t most) const {
    int64_t fits = 0, tooMany = most + 1;
    while (fits + 1 < tooMany) {
        const int64_t rows = fits + (tooMany - fits) / 2;
        StepLoad more = load;
        more.add(rows, position);
        (seconds(more) <= limitSeconds ? fits : tooMany) = rows;
    }
    return fits;
}

}  // namespace engine
