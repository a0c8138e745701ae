import ConfigFile
import Files
import Foundation
import Glibc
import LinuxShim
import Planning
import Storage
import Vendors

extension Doctor {
    func clock() -> Finding {
        switch twostepd_clock_is_synchronized() {
        case 1: Finding("clock", .ok, "\(now), synchronized by a time service")
        case 0:
            Finding(
                "clock", .warning, "\(now); the kernel reports no time synchronization",
                advice: "install chrony or enable systemd-timesyncd: rotations follow the clock")
        default: Finding("clock", .ok, "\(now); whether it is synchronized cannot be determined here")
        }
    }

    func disk() -> [Finding] {
        var status = statvfs()
        var path = settings.stateDirectory
        while statvfs(path, &status) != 0 {
            guard path != "/", path != "." else {
                return [Finding("space", .warning, "cannot be determined for \(settings.stateDirectory)")]
            }
            path = Directory.parent(of: path)
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        let share = status.f_blocks > 0 ? 100 * UInt64(status.f_bavail) / UInt64(status.f_blocks) : 100
        let text = "\(free >> 20) MiB free (\(share) %) for \(settings.stateDirectory)"
        let advice = "free space: with a full disk nothing can be recorded, so nothing is sent"
        let level: Finding.Level = free < 32 << 20 ? .failure : (free < 256 << 20 || share < 3 ? .warning : .ok)
        var parts = [Finding("space", level, text, advice: level == .ok ? nil : advice)]
        if status.f_files > 0, status.f_favail < 64 {
            parts.append(Finding("inodes", .failure, "\(status.f_favail) are free", advice: advice))
        }
        return parts
    }

    func endpoints(_ desired: DesiredState?) async -> [Finding] {
        guard let desired else {
            return [Finding("endpoints", .ok, "not checked: there is no valid desired state")]
        }
        let transport: Transport
        do throws(StartupError) {
            transport = try Transport(settings)
        } catch {
            return [Finding("ca_file", .failure, error.description, advice: "correct the settings")]
        }
        var findings: [Finding] = []
        let all = desired.numbers.map(\.endpoint) + desired.numbers.compactMap(\.observation?.observer.endpoint)
        for endpoint in Set(all).sorted(by: { $0.text < $1.text }).prefix(50) {
            let result = await EndpointProbe.probe(at: endpoint, transport: transport, timeout: .seconds(10))
            findings.append(finding(endpoint, result))
        }
        return findings
    }

    private func finding(
        _ endpoint: Endpoint, _ result: Result<EndpointProbe.Result, EndpointProbe.Failure>
    ) -> Finding {
        switch result {
        case .failure(let failure):
            let advice =
                switch failure.reason {
                case .nameNotResolved: "check the name servers in /etc/resolv.conf"
                case .tlsFailed:
                    "check the clock, the certificate authorities (ca_file) and who answers at this address"
                default: "check firewall, route and proxy"
                }
            return Finding(
                endpoint.text, .failure, "\(failure.reason.rawValue): \(failure.message)", advice: advice)
        case .success(let result) where result.isProxy:
            return Finding(
                endpoint.text, .ok, "the proxy at \(result.address) answers; the endpoint behind it was not tried")
        case .success(let result):
            guard let ends = result.certificateEnds else {
                return Finding(endpoint.text, .ok, "\(result.address) answers, without TLS")
            }
            guard ends > now.advanced(by: .seconds(14 * 86_400)) else {
                return Finding(
                    endpoint.text, .warning, "\(result.address): its certificate expires at \(ends)",
                    advice: "notify the vendor: from then on nothing can be sent")
            }
            return Finding(endpoint.text, .ok, "\(result.address) answers; its certificate expires at \(ends)")
        }
    }

    func service() -> [Finding] {
        var parts: [Finding] = []
        let isManaged = access("/run/systemd/system", F_OK) == 0
        parts.append(
            isManaged
                ? Finding("service manager", .ok, "systemd")
                : Finding(
                    "service manager", .warning, "systemd is not running here: nothing restarts the daemon",
                    advice: "see systemd/twostepd.service, or use `twostepd apply` from cron"))
        let holder: LockHolder?
        do throws(StorageError) {
            holder = try StoreLock.holder(at: location)
        } catch {
            return parts + [
                Finding(
                    "daemon", .failure, error.description,
                    advice: "run `twostepd doctor` as a user that may read the state directory")
            ]
        }
        guard let holder else {
            return parts + [
                Finding(
                    "daemon", .warning, "no daemon works on \(location.directory)",
                    advice: isManaged ? "systemctl start \(ServiceUnit.name(for: location.directory))" : "twostepd run")
            ]
        }
        parts.append(Finding("daemon", .ok, holder.description))
        guard holder.command == "run" else { return parts }
        parts.append(
            LocalSocket.answers(at: settings.controlSocket)
                ? Finding("control socket", .ok, settings.controlSocket)
                : Finding(
                    "control socket", .failure, "no answer at \(settings.controlSocket)",
                    advice: "compare runtime_directory with the daemon's; you may lack the permission to connect"))
        return parts
    }

    func limits() -> [Finding] {
        let limits = DaemonView.Limits.current(settings)
        let needed = limits.openFilesNeeded
        let open =
            limits.openFiles >= needed
            ? Finding("open files", .ok, "\(limits.openFiles)")
            : Finding(
                "open files", .failure, "\(limits.openFiles), and up to \(needed) are needed",
                advice: "raise LimitNOFILE, or lower limits.concurrency")
        let isHidden = twostepd_is_dumpable() == 0
        let memory =
            isHidden
            ? Finding("memory", .ok, "protected from core dumps and from debuggers of the same user")
            : Finding("memory", .failure, "this process can be dumped", advice: "report this as a bug")
        return [open, threads(), watching(), memory]
    }

    private func threads() -> Finding {
        do throws(ThreadShortage) {
            try ProcessThreads.check(ProcessThreads.ofDaemon)
            return Finding("threads", .ok, "\(ProcessThreads.ofDaemon) can be created, as a daemon needs")
        } catch {
            return Finding("threads", .failure, error.problem, advice: error.advice)
        }
    }

    private func watching() -> Finding {
        let advice = """
            raise fs.inotify.max_user_watches or max_user_instances, or let the daemon's user read the directory; until then \
            an edit is noticed within 30 s, or on `twostepd reload`
            """
        if let state = guardStates().first(where: { $0.kind == .filesPolled }) {
            return Finding("file watching", .warning, "not by the daemon: \(state.detail)", advice: advice)
        }
        if let problem = FileWatcher.problem(watching: settings.watchedFiles) {
            return Finding("file watching", .warning, problem, advice: advice)
        }
        return Finding("file watching", .ok, "inotify works for the desired state and the secrets")
    }

    /// The guard states that the running daemon has recorded; none when no daemon runs, or when its store cannot be
    /// read, which another check reports.
    func guardStates() -> [GuardState] {
        do throws(StorageError) {
            guard try StoreLock.holder(at: location) != nil else { return [] }
            let reader = try StoreReader.open(at: location, key: nil)
            let states = try reader.guardStates()
            try reader.close()
            return states
        } catch {
            return []
        }
    }
}

extension DaemonView.Limits {
    /// Returns the limits of this process.
    static func current(_ settings: Settings) -> DaemonView.Limits {
        DaemonView.Limits(
            openFiles: OpenFiles.permitted, openFilesNeeded: OpenFiles.needed(by: settings), openFilesUsed: used)
    }

    /// The number of open descriptors.
    private static var used: Int {
        guard let folder = opendir("/proc/self/fd") else { return 0 }
        defer { closedir(folder) }
        var count = 0
        while readdir(folder) != nil { count += 1 }
        // Without `.` and `..`, and without the descriptor of this folder.
        return max(0, count - 3)
    }
}
