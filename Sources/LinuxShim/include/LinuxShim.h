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

/// Whether the kernel's clock is kept by a time service: 1 yes, 0 no, -1 unknown.
int twostepd_clock_is_synchronized(void);
