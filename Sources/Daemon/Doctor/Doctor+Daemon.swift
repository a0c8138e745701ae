import ConfigFile
import Planning
import Storage

extension Doctor {
    /// Requests the running daemon's own view: its secrets, endpoints, servers, limits, and latest failures.
    func daemon() async -> [Finding] {
        if await DaemonView.astray(settings) != nil {
            return [
                Finding(
                    "view", .failure, DaemonView.astraySentence(location.directory),
                    advice: "until then neither commands nor the next start see what it records")
            ]
        }
        guard let holder = try? StoreLock.holder(at: location), holder.command == "run" else {
            return [Finding("view", .ok, "not asked: no daemon works on \(location.directory)")]
        }
        let view: DaemonView
        do {
            view = try await ControlClient(settings).view()
        } catch {
            return [
                Finding(
                    "view", .warning, "it cannot be asked: \(error)",
                    advice: "run doctor as root, or as a member of the group of \(settings.controlSocket)")
            ]
        }
        guard view.stateDirectory == settings.stateDirectory else {
            return [
                Finding(
                    "view", .failure,
                    "another daemon answers at \(settings.controlSocket): it works on \(view.stateDirectory)",
                    advice: "give each daemon its own runtime_directory")
            ]
        }
        let secrets = await self.secrets(of: view)
        return [Finding("view", .ok, "\(view.release), since \(view.since): \(view.status)"), secrets]
            + endpoints(of: view) + servers(of: view) + files(of: view) + [limits(of: view)] + failures(of: view)
    }

    private func secrets(of view: DaemonView) async -> Finding {
        switch await SecretsOfDaemon.compare(view, settings: settings, environment: environment) {
        case .same(let count): Finding("secrets", .ok, "the same as in the file, \(count) compared")
        case .different(let sentence, let advice): Finding("secrets", .failure, sentence, advice: advice)
        case .unknown(let why): Finding("secrets", .ok, "read from \(view.secrets.path); not compared: \(why)")
        }
    }

    /// Reports the daemon's view of endpoints. That the daemon reaches them does not prove that this command's user
    /// does, nor the reverse.
    private func endpoints(of view: DaemonView) -> [Finding] {
        guard !view.endpointsDown.isEmpty else { return [Finding("endpoints", .ok, "none is down")] }
        return view.endpointsDown.map { down in
            Finding(
                "endpoints", .failure, "\(down.detail), since \(down.at)",
                advice: "see 'endpoints' below for what this machine sees, and \"Outages\" in docs/operations.md")
        }
    }

    private func servers(of view: DaemonView) -> [Finding] {
        guard view.serverTroubles.isEmpty else {
            return view.serverTroubles.map { trouble in
                Finding(
                    trouble.subject, .failure, trouble.detail,
                    advice: "find out which process uses the address (`ss -lp`), or change the settings and restart")
            }
        }
        return [Finding("listener", .ok, view.listener ?? "off")]
    }

    private func files(of view: DaemonView) -> [Finding] {
        var parts: [Finding] = []
        if let sentence = view.sentence(ofOutdated: view.outdated) {
            parts.append(Finding("files", .warning, sentence, advice: view.restartCommand))
        }
        return parts
    }

    private func limits(of view: DaemonView) -> Finding {
        let limits = view.limits
        let text =
            "\(limits.openFiles) open files permitted, \(limits.openFilesUsed) in use, up to "
            + "\(limits.openFilesNeeded) needed"
        guard limits.openFiles < limits.openFilesNeeded else { return Finding("limits", .ok, text) }
        return Finding("limits", .failure, text, advice: "raise LimitNOFILE, or lower limits.concurrency")
    }

    private func failures(of view: DaemonView) -> [Finding] {
        guard !view.failures.isEmpty else { return [Finding("last failures", .ok, "none since the start")] }
        return view.failures.map { failure in
            Finding("last failure", .ok, "\(failure.at): \(failure.subject): \(failure.detail)")
        }
    }
}
