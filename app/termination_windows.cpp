#include "app/termination.h"

namespace app {

// Qt turns the end of a Windows session into the closing of the window, which stores everything.
void Termination::block() {}
Termination::Termination(QObject* parent) : QObject(parent) {}
Termination::~Termination() = default;

}  // namespace app
