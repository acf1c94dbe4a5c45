#include "engine/run/long_step.h"

namespace engine {

namespace {

constexpr double WorthWaitingSeconds = 0.5;  // whoever comes waits for a step that ends so soon

}  // namespace

void LongStep::begin(RequestId request, double expectedSeconds) {
    const std::lock_guard lock(m_mutex);
    m_request = request;
    m_expectedSeconds = expectedSeconds;
    m_begin = Clock::now();
}

bool LongStep::end() {
    const std::lock_guard lock(m_mutex);
    m_request = 0;
    return m_giveUp.exchange(false);
}

void LongStep::cancel(RequestId request) {
    const std::lock_guard lock(m_mutex);
    if (m_request != 0 && m_request == request)
        m_giveUp = true;
}

void LongStep::makeWay() {
    const std::lock_guard lock(m_mutex);
    if (m_request == 0)
        return;
    const double behind = std::chrono::duration<double>(Clock::now() - m_begin).count();
    const double before = m_expectedSeconds - behind;
    if (m_expectedSeconds <= 0 || (before > behind && before > WorthWaitingSeconds))
        m_giveUp = true;
}

void LongStep::giveUp() {
    const std::lock_guard lock(m_mutex);
    m_giveUp = true;
}

}  // namespace engine
