#pragma once

/// Linux functions that Swift cannot call, such as those with variable arguments or on the process's own environment.

/// Protects the process's memory: no core dump, and no debugger or /proc/PID/mem for the same user. Returns 0, or an
/// error number.
int twostepd_hide_memory(void);

/// Returns 1 while the process may be dumped, otherwise 0 (PR_GET_DUMPABLE).
int twostepd_is_dumpable(void);

/// Overwrites the values of all environment variables whose names begin with `prefix`, so that /proc/PID/environ does
/// not show them, and removes the variables.
void twostepd_wipe_environment(const char *prefix);

/// Releases freed memory to the system: after a large operation the allocator would keep it.
void twostepd_release_memory(void);

/// Makes the allocator keep little memory. Two arenas, however many threads there are, because threads do not reuse
/// each other's memory. Large blocks, such as a file's, are mapped one by one and unmapped when they are freed; by
/// default the allocator raises the bound for that with the sizes it meets, and keeps the smaller blocks.
void twostepd_keep_little_memory(void);

/// Returns whether a time service keeps the kernel's clock: 1 yes, 0 no, -1 unknown.
int twostepd_clock_is_synchronized(void);

/// Starts the program `arguments[0]` in a process group of its own, in `/`, with `environment` alone, with `input`,
/// `output` and `errors` as its standard streams, no other descriptor, and default signals. Returns 0 and sets `*pid`,
/// or an error number.
int twostepd_spawn(
    char *const arguments[], char *const environment[], int input, int output, int errors, int *pid);

/// Installs a handler that writes the number of each of `count` signals into a pipe, a byte each, and unblocks them for
/// the calling thread, pending ones included. Returns the read end of the pipe, the same each time, or -1 and errno.
int twostepd_keep_signals(const int *numbers, int count);

/// Returns the next signal from that pipe; 0 when the pipe is empty.
int twostepd_next_signal(int descriptor);

/// Returns a descriptor that becomes readable when the process ends; -1 when it cannot be opened.
int twostepd_pidfd_open(int pid);

/// Creates a pipe whose two descriptors started programs do not inherit. Returns 0, or an error number.
int twostepd_pipe(int descriptors[2]);

/// The maximum of threads in each shared pool of libdispatch; their work includes Swift's tasks.
#define TWOSTEPD_POOL_THREADS 8

#define TWOSTEPD_MAX_TRIED_THREADS 64

/// Creates `count` threads at once, at most TWOSTEPD_MAX_TRIED_THREADS, and ends them. Returns 0, or the error number
/// of the first that cannot be created.
int twostepd_try_threads(int count);
