import Foundation

/// A private wall clock for a program that a test starts, set while the program runs.
///
/// A small preloaded library adds an offset to every reading of the wall clock. It reads the offset from a file each
/// time. Timers that wait for an instant of the wall clock follow it, as those of the kernel follow the machine's
/// clock. The monotonic clocks stay as they are.
struct ShiftedClock {
    private let rig: Rig
    private let offset: URL
    private let library: URL

    /// The variables that give a program this clock.
    var environment: [String: String] { ["LD_PRELOAD": library.path, "CLOCK_OFFSET_FILE": offset.path] }

    /// Compiles the library in the rig's folder.
    init(for rig: Rig, ahead: Duration) async throws {
        self.rig = rig
        offset = rig.folder.appendingPathComponent("clock-offset")
        library = rig.folder.appendingPathComponent("clock.so")
        let source = rig.folder.appendingPathComponent("clock.c")
        try rig.write(Self.source, to: source)
        _ = try await Shell.run("cc", ["-shared", "-fPIC", "-O1", "-o", library.path, source.path])
        try set(ahead: ahead)
    }

    /// Sets the clock so far ahead of the machine's, at once.
    func set(ahead: Duration) throws { try rig.write("\(ahead.components.seconds)\n", to: offset) }

    private static let source = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <fcntl.h>
        #include <pthread.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <sys/timerfd.h>
        #include <time.h>
        #include <unistd.h>

        enum { descriptors = 1024 };
        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
        static long known;
        static struct { int is_wall, is_armed; struct itimerspec value; } timers[descriptors];

        static long offset(void) {
            static const char *path;
            if (path == NULL) path = getenv("CLOCK_OFFSET_FILE");
            if (path == NULL) return 0;
            int error = errno;
            char text[32];
            ssize_t length = -1;
            int file = open(path, O_RDONLY | O_CLOEXEC);
            if (file >= 0) {
                length = read(file, text, sizeof text - 1);
                close(file);
            }
            errno = error;
            if (length < 0) return known;
            text[length] = 0;
            return atol(text);
        }

        static int set_timer(int fd, int flags, struct itimerspec value, struct itimerspec *old) {
            value.it_value.tv_sec -= known;
            if (value.it_value.tv_sec <= 0) value.it_value.tv_sec = 1;
            return syscall(SYS_timerfd_settime, fd, flags, &value, old);
        }

        // The clock was set: timers that are armed wait for the same instant of it, which is another one of the machine's.
        static long now_ahead(void) {
            long ahead = offset();
            pthread_mutex_lock(&lock);
            if (ahead != known) {
                known = ahead;
                for (int fd = 0; fd < descriptors; fd++) {
                    struct itimerspec left;
                    if (!timers[fd].is_armed || syscall(SYS_timerfd_gettime, fd, &left) != 0) continue;
                    if (left.it_value.tv_sec == 0 && left.it_value.tv_nsec == 0) continue;
                    set_timer(fd, TFD_TIMER_ABSTIME, timers[fd].value, NULL);
                }
            }
            pthread_mutex_unlock(&lock);
            return ahead;
        }

        int clock_gettime(clockid_t clock, struct timespec *time) {
            int result = syscall(SYS_clock_gettime, clock, time);
            if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) time->tv_sec += now_ahead();
            return result;
        }

        int gettimeofday(struct timeval *time, void *zone) {
            struct timespec now;
            (void)zone;
            if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
            time->tv_sec = now.tv_sec;
            time->tv_usec = now.tv_nsec / 1000;
            return 0;
        }

        time_t time(time_t *result) {
            struct timespec now;
            if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
            if (result != NULL) *result = now.tv_sec;
            return now.tv_sec;
        }

        int timerfd_create(int clock, int flags) {
            int fd = syscall(SYS_timerfd_create, clock, flags);
            if (fd >= 0 && fd < descriptors) {
                pthread_mutex_lock(&lock);
                timers[fd].is_wall = clock == CLOCK_REALTIME;
                timers[fd].is_armed = 0;
                pthread_mutex_unlock(&lock);
            }
            return fd;
        }

        int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old) {
            int is_set = value->it_value.tv_sec != 0 || value->it_value.tv_nsec != 0;
            now_ahead();
            pthread_mutex_lock(&lock);
            int result;
            if (fd >= 0 && fd < descriptors && timers[fd].is_wall && (flags & TFD_TIMER_ABSTIME) != 0) {
                timers[fd].is_armed = is_set;
                timers[fd].value = *value;
                result = is_set ? set_timer(fd, flags, *value, old) : syscall(SYS_timerfd_settime, fd, flags, value, old);
            } else {
                result = syscall(SYS_timerfd_settime, fd, flags, value, old);
            }
            pthread_mutex_unlock(&lock);
            return result;
        }

        """
}
