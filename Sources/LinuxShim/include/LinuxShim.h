#pragma once

/// What Linux offers and Swift cannot call: functions with variable arguments, and the process's own environment.

/// Keeps the process's memory to itself: no core dump, and no debugger or /proc/PID/mem of the same user.
/// Returns 0, or an error number.
int twostepd_hide_memory(void);

/// 1 while the process may be dumped, 0 while not (PR_GET_DUMPABLE).
int twostepd_is_dumpable(void);

/// Overwrites the values of all environment variables whose names begin with `prefix`, so that /proc/PID/environ does
/// not show them, and removes the variables.
void twostepd_wipe_environment(const char *prefix);

/// Gives memory that was freed back to the system: after something large the allocator would keep it.
void twostepd_give_back_memory(void);

/// Has the allocator keep little: two arenas, however many threads there are, since what one of them has had is not used
/// by the others; and large blocks, such as a file's, are mapped one by one and unmapped when they are freed. By itself the
/// allocator raises that bound with what it sees, and then keeps what lies between.
void twostepd_keep_little_memory(void);

/// Whether the kernel's clock is kept by a time service: 1 yes, 0 no, -1 unknown.
int twostepd_clock_is_synchronized(void);

/// Starts the program `arguments[0]` in a process group of its own, in `/`, with `environment` alone, `input` as its
/// standard input, `output` as its standard output, `errors` as its standard error, no other descriptor, and default
/// signals.
/// Returns 0 and sets `*pid`, or an error number.
int twostepd_spawn(
    char *const arguments[], char *const environment[], int input, int output, int errors, int *pid);

/// Installs a handler that writes the number of each of `count` signals into a pipe, a byte each, and unblocks them for the
/// calling thread, pending ones included. Returns the pipe's end to read from, the same each time, or -1 and errno.
int twostepd_keep_signals(const int *numbers, int count);

/// The next signal that can be read from it; 0 when there is none.
int twostepd_next_signal(int descriptor);

/// A descriptor that becomes readable when the process ends; -1 when there is none.
int twostepd_pidfd_open(int pid);

/// A pipe whose two descriptors no program that is started gets. Returns 0, or an error number.
int twostepd_pipe(int descriptors[2]);

/// The threads that each shared pool of libdispatch has at most, Swift's tasks among their work.
#define TWOSTEPD_POOL_THREADS 8

#define TWOSTEPD_MAX_TRIED_THREADS 64

/// Makes `count` threads at once, at most TWOSTEPD_MAX_TRIED_THREADS, and ends them. Returns 0, or the error number of the
/// first that cannot be made.
int twostepd_try_threads(int count);
