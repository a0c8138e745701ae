#define _GNU_SOURCE
#include "LinuxShim.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <unistd.h>

int twostepd_hide_memory(void) {
    struct rlimit none = {0, 0};
    // A core pattern that is a pipe ignores the limit, but not the other call: both are made, whatever the result of
    // the first. A sandbox may forbid setting limits; it has then set this one itself.
    int error = prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0 ? errno : 0;
    struct rlimit current;
    int is_set = getrlimit(RLIMIT_CORE, &current) == 0 && current.rlim_cur == 0 && current.rlim_max == 0;
    if (!is_set && setrlimit(RLIMIT_CORE, &none) != 0 && error == 0) error = errno;
    return error;
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

void twostepd_release_memory(void) { malloc_trim(0); }

void twostepd_keep_little_memory(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    // Under load the end of the heap grows and shrinks often; at rest twostepd_release_memory releases it.
    mallopt(M_TRIM_THRESHOLD, 4 * 1024 * 1024);
}

int twostepd_clock_is_synchronized(void) {
    struct timex state = {0};
    int result = adjtimex(&state);
    if (result < 0) return -1;
    return (state.status & STA_UNSYNC) == 0;
}

int twostepd_spawn(
    char *const arguments[], char *const environment[], int input, int output, int errors, int *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t all, none;
    sigfillset(&all);
    sigemptyset(&none);
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) return error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    pid_t started = 0;
    if ((error = posix_spawn_file_actions_adddup2(&actions, input, 0)) == 0
        && (error = posix_spawn_file_actions_adddup2(&actions, output, 1)) == 0
        && (error = posix_spawn_file_actions_adddup2(&actions, errors, 2)) == 0
        && (error = posix_spawn_file_actions_addclosefrom_np(&actions, 3)) == 0
        && (error = posix_spawn_file_actions_addchdir_np(&actions, "/")) == 0
        && (error = posix_spawnattr_setpgroup(&attributes, 0)) == 0
        && (error = posix_spawnattr_setsigdefault(&attributes, &all)) == 0
        && (error = posix_spawnattr_setsigmask(&attributes, &none)) == 0
        && (error = posix_spawnattr_setflags(
                &attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK)) == 0)
        error = posix_spawn(&started, arguments[0], &actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    *pid = started;
    return error;
}

// A signalfd would miss some signals: when Dispatch has taken over the main thread, that thread waits with all signals
// unblocked.
static int signal_pipe[2] = {-1, -1};

static void note_signal(int number) {
    int before = errno;
    unsigned char byte = (unsigned char)number;
    // When the pipe is full, enough signals are pending.
    ssize_t written = write(signal_pipe[1], &byte, 1);
    (void)written;
    errno = before;
}

int twostepd_keep_signals(const int *numbers, int count) {
    if (signal_pipe[0] < 0 && pipe2(signal_pipe, O_NONBLOCK | O_CLOEXEC) != 0) return -1;
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = SA_RESTART};
    sigset_t signals;
    sigfillset(&action.sa_mask);
    sigemptyset(&signals);
    for (int index = 0; index < count; index++) {
        sigaddset(&signals, numbers[index]);
        sigaction(numbers[index], &action, NULL);
    }
    pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
    return signal_pipe[0];
}

int twostepd_next_signal(int descriptor) {
    unsigned char byte;
    ssize_t size;
    do size = read(descriptor, &byte, 1);
    while (size < 0 && errno == EINTR);
    return size == 1 ? byte : 0;
}

int twostepd_pidfd_open(int pid) {
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int twostepd_pipe(int descriptors[2]) {
    return pipe2(descriptors, O_CLOEXEC) == 0 ? 0 : errno;
}

// libdispatch calls this once, when it is loaded, and gives each of its shared pools as many threads as there are
// processors. No other setting limits them, and 64 processors would mean 64 threads for each priority. The program's
// own definition takes precedence over the C library's. Processors beyond the limit are only left out of the result:
// the threads run on any of them.
int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set) {
    int (*original)(pthread_t, size_t, cpu_set_t *) = dlsym(RTLD_NEXT, "pthread_getaffinity_np");
    // With more processors than the set has room for, the C library returns an error, and libdispatch would count them
    // all.
    int is_known = original != NULL && original(thread, size, set) == 0;
    int kept = 0;
    for (size_t processor = 0; processor < size * 8; processor++) {
        if (is_known && !CPU_ISSET_S(processor, size, set)) continue;
        if (kept < TWOSTEPD_POOL_THREADS) {
            CPU_SET_S(processor, size, set);
            kept++;
        } else {
            CPU_CLR_S(processor, size, set);
        }
    }
    return 0;
}

static void *pass(void *gate) {
    pthread_mutex_lock(gate);
    pthread_mutex_unlock(gate);
    return NULL;
}

int twostepd_try_threads(int count) {
    pthread_t threads[TWOSTEPD_MAX_TRIED_THREADS];
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    int made = 0, error = 0;
    if (count > TWOSTEPD_MAX_TRIED_THREADS) return EINVAL;
    pthread_mutex_lock(&gate);
    while (made < count && (error = pthread_create(&threads[made], NULL, pass, &gate)) == 0) made++;
    pthread_mutex_unlock(&gate);
    for (int index = 0; index < made; index++) pthread_join(threads[index], NULL);
    return error;
}
