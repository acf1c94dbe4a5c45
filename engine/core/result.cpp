#include "engine/core/result.h"

namespace engine {

const char* codeName(ErrorCode code) {
    switch (code) {
        case ErrorCode::Cancelled:
            return "Cancelled";
        case ErrorCode::FileNotFound:
            return "FileNotFound";
        case ErrorCode::FileDamaged:
            return "FileDamaged";
        case ErrorCode::Unsupported:
            return "Unsupported";
        case ErrorCode::OutOfMemory:
            return "OutOfMemory";
        case ErrorCode::DeviceFailed:
            return "DeviceFailed";
        case ErrorCode::InvalidRequest:
            return "InvalidRequest";
        case ErrorCode::Internal:
            return "Internal";
    }
    return "Internal";
}

}  // namespace engine
