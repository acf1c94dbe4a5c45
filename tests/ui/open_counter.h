// Counts the files and sockets that this process opens, by standing in front of the C library's functions. Linux;
// elsewhere it counts nothing and says so.
#pragma once

struct OpenCount {
    int count = 0;
    char last[256] = {};  // what was opened last
};

bool opensAreCounted();
void startCountingOpens();
OpenCount stopCountingOpens();
