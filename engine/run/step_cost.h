// What a step costs on this machine, learned from the steps before it: seconds = fixed + perRow * rows + perDepth *
// depth. The weights are read once per step (fixed), each row is multiplied (perRow), each row looks back (perDepth).
// Thread: the engine's.
#pragma once

#include <array>
#include <cstdint>

namespace engine {

// The work of one step.
struct StepLoad {
    int64_t rows = 0;
    int64_t depth = 0;  // positions that the rows attend to, summed

    void add(int64_t n, int64_t firstPosition) {
        rows += n;
        depth += n * firstPosition + n * (n + 1) / 2;
    }
};

class StepCost {
  public:
    StepCost() = default;
    // A cost that is known already.
    StepCost(double fixedSeconds, double secondsPerRow, double secondsPerDepth)
        : m_known(true), m_coefficients{fixedSeconds, secondsPerRow, secondsPerDepth} {}

    void observe(const StepLoad& load, double seconds);
    bool known() const { return m_known; }
    // 0 while nothing is known.
    double seconds(const StepLoad& load) const;
    // How many rows, at most `most`, a sequence whose next position is `position` can add to `load` so that the step
    // stays within `limitSeconds`.
    int64_t rowsWithin(double limitSeconds, StepLoad load, int64_t position, int64_t most) const;

  private:
    static constexpr int RowClasses = 8, DepthClasses = 6;
    // The mean step of one kind. Kinds that come often must not make those forgotten that come seldom: after thousands
    // of steps with one row it is still known what a step with 500 takes.
    struct Kind {
        double rows = 0, depth = 0, seconds = 0;
        int64_t nSteps = 0, lastStep = 0;
    };
    void fit() const;

    std::array<Kind, RowClasses * DepthClasses> m_kinds{};
    int64_t m_nSteps = 0;
    bool m_known = false;
    mutable bool m_fitted = true;
    mutable std::array<double, 3> m_coefficients{};  // fixed, per row, per depth; none negative
};

}  // namespace engine
