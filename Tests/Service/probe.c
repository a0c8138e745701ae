// Tries what the sandbox of twostepd.service forbids, one line for each: "NAME allowed" or "NAME denied".
//
// It runs in place of the daemon under the very directives of the unit, and once more without any of them: a denial in
// the second run proves nothing. Test code; no part of the program.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

static FILE *out;
static char state[4096];

static void tell(const char *name, int allowed) {
    fprintf(out, "%s %s\n", name, allowed ? "allowed" : "denied");
    fflush(out);
}

static int writes(const char *path) {
    int file = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return 0;
    close(file);
    return 1;
}

// Uses a name of its own, so that an earlier run's file, which another user owns, is not an obstacle.
static int writes_into(const char *folder) {
    char path[4200];
    snprintf(path, sizeof path, "%s/file-%d", folder, getpid());
    return writes(path);
}

static int reads(const char *path) {
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    close(file);
    return 1;
}

static int is_writable_mount(const char *path) {
    struct statvfs status;
    return statvfs(path, &status) == 0 && !(status.f_flag & ST_RDONLY);
}

// True when this process shares a namespace with process 1, whose link the test left in /run/probe-NAME.
static int shares_namespace(const char *name) {
    char path[64], ours[64], theirs[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", name);
    ssize_t length = readlink(path, ours, sizeof ours - 1);
    if (length < 0) return 0;
    ours[length] = 0;
    snprintf(path, sizeof path, "/run/probe-%s", name);
    FILE *file = fopen(path, "re");
    if (!file) return 0;
    int same = fgets(theirs, sizeof theirs, file) && strcspn(theirs, "\n") == (size_t)length &&
        !strncmp(ours, theirs, length);
    fclose(file);
    return same;
}

static int runs(const char *path) {
    pid_t child = fork();
    if (child == 0) {
        execl(path, path, "probe-child", (char *)NULL);
        _exit(99);
    }
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int copies(const char *from, const char *to) {
    char buffer[65536];
    int in = open(from, O_RDONLY | O_CLOEXEC), copy = open(to, O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0700);
    ssize_t count;
    while (in >= 0 && copy >= 0 && (count = read(in, buffer, sizeof buffer)) > 0)
        if (write(copy, buffer, count) != count) break;
    if (in >= 0) close(in);
    if (copy >= 0) close(copy);
    return in >= 0 && copy >= 0;
}

static int in_child(int (*attempt)(void)) {
    pid_t child = fork();
    if (child == 0) _exit(attempt() ? 0 : 1);
    int status = 0;
    return child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static int maps_write_execute(void) {
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int makes_memory_executable(void) {
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static int maps_own_file_executable(void) {
    char path[4200];
    snprintf(path, sizeof path, "%s/probe-copy", state);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file >= 0 && mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, file, 0) != MAP_FAILED;
}

static int changes_personality(void) { return personality(PER_LINUX32) != -1; }
static int makes_user_namespace(void) { return unshare(CLONE_NEWUSER) == 0; }
static int makes_mount_namespace(void) { return unshare(CLONE_NEWNS) == 0; }
static int is_traced(void) { return ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0; }
static int lowers_priority(void) { return setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + 1) == 0; }
// A daemon that does more than it may must get an error that it can report, not be killed.
static int is_refused_with_error(void) { return chroot("/") == 0 || errno == EPERM; }
static int sets_hostname(void) { return sethostname("box", 3) == 0; }
static int changes_root(void) { return chroot("/") == 0; }

static int becomes_realtime(void) {
    struct sched_param parameter = {.sched_priority = 1};
    return sched_setscheduler(0, SCHED_RR, &parameter) == 0;
}

static int reads_clock_adjustment(void) {
    struct timex nothing = {0};
    return adjtimex(&nothing) >= 0;
}

static int makes_setuid_file(void) {
    char path[4200];
    snprintf(path, sizeof path, "%s/probe-setuid", state);
    return writes(path) && chmod(path, 04700) == 0;
}

static int opens_socket(int family, int type) {
    int descriptor = socket(family, type, 0);
    if (descriptor < 0) return 0;
    close(descriptor);
    return 1;
}

#ifdef __x86_64__
static int calls_32_bit(void) {
    long result = 20;  // getpid of the 32-bit table
    __asm__ volatile("int $0x80" : "+a"(result) : : "memory");
    return result > 0;
}
#endif

static int has_capability(void) {
    for (int capability = 0; capability < 41; capability++)
        if (prctl(PR_CAPBSET_READ, capability) == 1) return 1;
    return 0;
}

static unsigned long limit(int resource) {
    struct rlimit value;
    return getrlimit(resource, &value) == 0 ? value.rlim_max : 0;
}

// Returns the number of processes, up to `wanted`, that can exist at once.
static int starts(int wanted) {
    int started = 0;
    for (; started < wanted; started++) {
        pid_t child = fork();
        if (child < 0) break;
        if (child == 0) pause();
    }
    return started;
}

// Touches that many mebibytes; a limit ends the process.
static int fills(size_t mebibytes) {
    char *memory = malloc(mebibytes << 20);
    if (memory) memset(memory, 1, mebibytes << 20);
    return memory != NULL && memory[mebibytes << 19];
}

// "allowed" when a host answers, even by refusing the connection.
static int reaches(const char *address) {
    struct sockaddr_in target = {.sin_family = AF_INET, .sin_port = htons(9)};
    int descriptor = socket(AF_INET, SOCK_STREAM, 0);
    if (inet_pton(AF_INET, address, &target.sin_addr) != 1 || descriptor < 0) return 0;
    return connect(descriptor, (struct sockaddr *)&target, sizeof target) == 0 || errno == ECONNREFUSED;
}

// Reads one request that has a Content-Length, answers it with 200, and writes it into the file.
static int receives(const char *port, const char *path) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    static char request[65536];
    const char *answer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", *body, *field;
    size_t filled = 0;
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM, 0), connection;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&here, sizeof here) || listen(listener, 1)) return 0;
    if ((connection = accept(listener, NULL, NULL)) < 0) return 0;
    for (;;) {
        ssize_t more = read(connection, request + filled, sizeof request - 1 - filled);
        if (more <= 0) return 0;
        filled += more;
        body = strstr(request, "\r\n\r\n");
        field = strcasestr(request, "\r\ncontent-length:");
        if (body && field && filled >= (size_t)(body + 4 - request) + strtoul(field + 17, NULL, 10)) break;
    }
    FILE *file = fopen(path, "we");
    if (!file || fwrite(request, 1, filled, file) != filled || fclose(file)) return 0;
    return write(connection, answer, strlen(answer)) == (ssize_t)strlen(answer);
}

int main(int count, char **arguments) {
    if (count > 1 && !strcmp(arguments[1], "probe-child")) return 0;
    if (count > 2 && !strcmp(arguments[1], "tasks")) return starts(atoi(arguments[2])) == atoi(arguments[2]) ? 0 : 1;
    if (count > 2 && !strcmp(arguments[1], "memory")) return fills(atoi(arguments[2])) ? 0 : 1;
    if (count > 2 && !strcmp(arguments[1], "reach")) return reaches(arguments[2]) ? 0 : 1;
    if (count > 3 && !strcmp(arguments[1], "receive")) return receives(arguments[2], arguments[3]) ? 0 : 1;
    const char *directory = getenv("STATE_DIRECTORY");
    snprintf(state, sizeof state, "%s", directory ? directory : "/var/lib/probe-control");
    char path[4200];
    snprintf(path, sizeof path, "%s/result", state);
    if (!(out = fopen(path, "we"))) return 1;

    // Permissions that the daemon needs: allowed in both runs.
    snprintf(path, sizeof path, "%s/written", state);
    tell("need:StateDirectory", writes(path));
    tell("need:AF_INET", opens_socket(AF_INET, SOCK_STREAM));
    tell("need:AF_INET6", opens_socket(AF_INET6, SOCK_STREAM));
    tell("need:AF_UNIX", opens_socket(AF_UNIX, SOCK_STREAM));
    tell("need:resolv.conf", reads("/etc/resolv.conf") || errno == ENOENT);
    tell("need:time zones", reads("/usr/share/zoneinfo") || errno == ENOENT);

    tell("need:SystemCallErrorNumber", in_child(is_refused_with_error));

    // Permissions that it does not need.
    tell("ProtectSystem:/usr", is_writable_mount("/usr"));
    tell("ProtectSystem:/usr/lib", is_writable_mount("/usr/lib"));
    tell("ProtectSystem:/usr/bin/twostepd", is_writable_mount("/usr/bin/twostepd"));
    tell("ProtectSystem:/etc", is_writable_mount("/etc"));
    tell("ProtectSystem:/var", writes_into("/var/lib/probe-open"));
    tell("ProtectSystem:/run", writes_into("/run/probe-open"));
    tell("ProtectHome", reads("/home/canary"));
    tell("PrivateTmp", reads("/tmp/canary") || reads("/var/tmp/canary"));
    tell("PrivateDevices", reads("/dev/canary"));
    tell("PrivateMounts", shares_namespace("mnt"));
    tell("PrivateIPC", shares_namespace("ipc"));
    tell("ProtectHostname:namespace", shares_namespace("uts"));
    tell("ProtectHostname", in_child(sets_hostname));
    tell("ProtectProc", reads("/proc/1/status"));
    tell("ProcSubset", reads("/proc/cpuinfo"));
    tell("ProtectClock", in_child(reads_clock_adjustment));
    tell("ProtectKernelModules", reads("/usr/lib/modules/canary"));
    tell("ProtectKernelTunables", reads("/proc/sys/kernel/ostype"));
    tell("ProtectKernelLogs", reads("/dev/kmsg"));
    tell("ProtectControlGroups", is_writable_mount("/sys/fs/cgroup"));
    tell("LockPersonality", in_child(changes_personality));
    tell("MemoryDenyWriteExecute:mmap", in_child(maps_write_execute));
    tell("MemoryDenyWriteExecute:mprotect", in_child(makes_memory_executable));
    tell("RestrictNamespaces:user", in_child(makes_user_namespace));
    tell("RestrictNamespaces:mount", in_child(makes_mount_namespace));
    tell("RestrictRealtime", in_child(becomes_realtime));
    tell("RestrictSUIDSGID", makes_setuid_file());
    tell("RestrictAddressFamilies:netlink", opens_socket(AF_NETLINK, SOCK_RAW));
    tell("RestrictAddressFamilies:packet", opens_socket(AF_PACKET, SOCK_RAW));
#ifdef __x86_64__
    tell("SystemCallArchitectures", in_child(calls_32_bit));
#endif
    tell("SystemCallFilter:ptrace", in_child(is_traced));
    tell("SystemCallFilter:setpriority", in_child(lowers_priority));
    tell("SystemCallFilter:chroot", in_child(changes_root));
    tell("NoNewPrivileges", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 0);
    tell("CapabilityBoundingSet", has_capability());
    tell("NoExecPaths:/usr/bin", runs("/usr/bin/true"));
    const char *runtime = getenv("RUNTIME_DIRECTORY");
    const char *folders[] = {state, runtime ? runtime : "/run", "/tmp", "/var/tmp", "/dev/shm"};
    const char *names[] = {"StateDirectory", "RuntimeDirectory", "/tmp", "/var/tmp", "/dev/shm"};
    for (int index = 0; index < 5; index++) {
        char name[64];
        snprintf(path, sizeof path, "%s/probe-copy", folders[index]);
        snprintf(name, sizeof name, "need:to write in %s", names[index]);
        tell(name, copies("/proc/self/exe", path));
        snprintf(name, sizeof name, "NoExecPaths:%s", names[index]);
        tell(name, runs(path));
    }
    tell("NoExecPaths:mmap", in_child(maps_own_file_executable));
    tell("LimitCORE", limit(RLIMIT_CORE) > 0);
    tell("LimitNOFILE", limit(RLIMIT_NOFILE) > 4096);
    mode_t mask = umask(0);
    tell("UMask", (mask & 0077) != 0077);
    fprintf(out, "end\n");
    return fclose(out) == 0 ? 0 : 1;
}
