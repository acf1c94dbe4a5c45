#include "engine/run/long_step.h"

namespace engine {

namespace {

constexpr double WorthWaitingSeconds = 0.5;  // whoever comes waits for a step that ends so soon

bool isTooLong(double seconds) {  // 0: unknown
    return seconds <= 0 || seconds > WorthWaitingSeconds;
}

}  // namespace

void LongStep::open() {
    const std::lock_guard lock(m_mutex);
    m_wayAsked = false;
}

void LongStep::begin(RequestId request, double expectedSeconds) {
    const std::lock_guard lock(m_mutex);
    m_request = request;
    m_expectedSeconds = expectedSeconds;
    m_begin = Clock::now();
    m_giveUp = m_cancelled == request || (m_wayAsked && isTooLong(expectedSeconds));
}

bool LongStep::end() {
    const std::lock_guard lock(m_mutex);
    m_request = 0;
    return m_giveUp.exchange(false);
}

void LongStep::cancel(RequestId request) {
    const std::lock_guard lock(m_mutex);
    m_cancelled = request;
    if (m_request != 0 && m_request == request)
        m_giveUp = true;
}

void LongStep::makeWay() {
    const std::lock_guard lock(m_mutex);
    if (m_request == 0) {
        m_wayAsked = true;
        return;
    }
    const double behind = std::chrono::duration<double>(Clock::now() - m_begin).count();
    const double before = m_expectedSeconds - behind;
    if (m_expectedSeconds <= 0 || (before > behind && isTooLong(before)))
        m_giveUp = true;
}

void LongStep::giveUp() {
    const std::lock_guard lock(m_mutex);
    m_giveUp = true;
}

}  // namespace engine
