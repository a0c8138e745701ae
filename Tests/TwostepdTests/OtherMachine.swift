import Foundation

/// A machine of another size for a program that a test starts: many processors, few threads or descriptors.
///
/// A small preloaded library answers in place of the system.
struct OtherMachine {
    private let library: URL
    private let variables: [String: String]

    /// The variables that let a program run on this machine.
    var environment: [String: String] { variables.merging(["LD_PRELOAD": library.path]) { $1 } }

    /// Compiles the library in the rig's folder.
    ///
    /// - Parameters:
    ///   - processors: the count of processors.
    ///   - threads: the limit of threads of the process, as `TasksMax` sets it.
    init(for rig: Rig, processors: Int, threads: Int) async throws {
        library = rig.folder.appendingPathComponent("machine.so")
        variables = ["MACHINE_PROCESSORS": "\(processors)", "MACHINE_THREADS": "\(threads)"]
        let source = rig.folder.appendingPathComponent("machine.c")
        try rig.write(Self.source, to: source)
        _ = try await Shell.run("cc", ["-shared", "-fPIC", "-O1", "-o", library.path, source.path])
    }

    private static let source = """
        #define _GNU_SOURCE
        #include <dirent.h>
        #include <dlfcn.h>
        #include <errno.h>
        #include <pthread.h>
        #include <sched.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/syscall.h>
        #include <sys/vfs.h>
        #include <unistd.h>

        static int number(const char *name) {
            const char *text = getenv(name);
            return text == NULL ? 0 : atoi(text);
        }

        static int fill(size_t size, cpu_set_t *set) {
            memset(set, 0, size);
            for (int index = 0; index < number("MACHINE_PROCESSORS"); index++) CPU_SET_S(index, size, set);
            return 0;
        }

        int sched_getaffinity(pid_t pid, size_t size, cpu_set_t *set) {
            (void)pid;
            return fill(size, set);
        }

        int pthread_getaffinity_np(pthread_t thread, size_t size, cpu_set_t *set) {
            (void)thread;
            return fill(size, set);
        }

        long sysconf(int name) {
            if (name == _SC_NPROCESSORS_ONLN || name == _SC_NPROCESSORS_CONF) return number("MACHINE_PROCESSORS");
            return ((long (*)(int))dlsym(RTLD_NEXT, "sysconf"))(name);
        }

        // SwiftNIO would count the processors of the control group that the tests run in.
        int statfs(const char *path, struct statfs *status) {
            if (strcmp(path, "/sys/fs/cgroup") == 0) return errno = ENOENT, -1;
            return ((int (*)(const char *, struct statfs *))dlsym(RTLD_NEXT, "statfs"))(path, status);
        }

        static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

        static int threads(void) {
            DIR *folder = opendir("/proc/self/task");
            int count = 0;
            if (folder == NULL) return 0;
            for (struct dirent *entry; (entry = readdir(folder)) != NULL;) count += entry->d_name[0] != '.';
            closedir(folder);
            return count;
        }

        int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*body)(void *), void *argument) {
            static int (*original)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
            pthread_mutex_lock(&lock);
            if (original == NULL) original = dlsym(RTLD_NEXT, "pthread_create");
            int error = threads() >= number("MACHINE_THREADS") ? EAGAIN : original(thread, attributes, body, argument);
            pthread_mutex_unlock(&lock);
            return error;
        }

        """
}
