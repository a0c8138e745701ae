#define _GNU_SOURCE
#include "LinuxShim.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/timex.h>
#include <unistd.h>

int twostepd_hide_memory(void) {
    struct rlimit none = {0, 0};
    // A core pattern that is a pipe ignores the limit, and the other call does not: both are made.
    if (setrlimit(RLIMIT_CORE, &none) != 0) return errno;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) return errno;
    return 0;
}

int twostepd_is_dumpable(void) {
    return prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) != 0;
}

void twostepd_wipe_environment(const char *prefix) {
    size_t length = strlen(prefix);
    char **kept = environ;
    for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
        char *value = strncmp(*entry, prefix, length) == 0 ? strchr(*entry, '=') : NULL;
        if (value != NULL) {
            explicit_bzero(value + 1, strlen(value + 1));
        } else {
            *kept++ = *entry;
        }
    }
    if (kept != NULL) *kept = NULL;
}

int twostepd_clock_is_synchronized(void) {
    struct timex state = {0};
    int result = adjtimex(&state);
    if (result < 0) return -1;
    return (state.status & STA_UNSYNC) == 0;
}
