import Glibc
import Planning
import Storage

/// The content of `/metrics`, assembled from the store and from the counters.
struct MetricsPage {
    let now: Instant
    let fleet: FleetDigest
    /// The numbers that have series of their own; empty when none has.
    let numbers: [NumberStatus]
    let size: StoreSize
    let oldestHistory: Instant?
    let logBytes: Int
    let incidents: StoreIncidents
    /// The size of the service's credentials, in bytes; nil when it has none.
    let credentialBytes: Int?
    let guards: GuardsInForce
    let desiredState: DesiredStateStatus
    let counts: MetricsRecorder.Counts
    let queueLength: Int
    let hooks: [HookStatus]
    /// The count of drift found, by kind.
    let drift: [Drift.Kind: Int]

    private typealias Sample = Exposition.Sample

    func text(_ format: Exposition.Format) -> String {
        var page = Exposition(format)
        addBuild(&page)
        addFleet(&page)
        if !numbers.isEmpty { addNumbers(&page) }
        addRequests(&page)
        addObservations(&page)
        addStore(&page)
        addDesiredState(&page)
        addGuards(&page)
        addHooks(&page)
        addProcess(&page)
        return page.text + "\n"
    }

    private func addBuild(_ page: inout Exposition) {
        page.add(
            .info, "twostepd_build", "The version of the program.",
            [Sample(labels: [("version", Version.number)], value: 1)])
    }

    private func addFleet(_ page: inout Exposition) {
        page.add(
            .gauge, "twostepd_numbers", "Numbers, by condition.",
            NumberCondition.allCases.map { condition in
                Sample(labels: [("condition", condition.rawValue)], value: Double(fleet.conditions[condition] ?? 0))
            })
        page.add(
            .gauge, "twostepd_rotations_overdue",
            "PINs whose rotation is overdue, in their window if they have one, whatever the reason: a "
                + "pause, a guard, a refusal, a missed window.",
            [Sample(value: Double(fleet.overdue))])
        page.add(
            .gauge, "twostepd_numbers_by_reason", "Numbers, by reason.",
            DecisionReason.allCases.map { reason in
                Sample(labels: [("reason", reason.rawValue)], value: Double(fleet.reasons[reason] ?? 0))
            })
    }

    /// Returns a number's labels: the number, and its label or an empty text.
    private func labels(_ standing: NumberStatus) -> [(name: String, value: String)] {
        [("number", standing.record.number.description), ("label", standing.record.desired?.label ?? "")]
    }

    private func addNumbers(_ page: inout Exposition) {
        let managed = numbers.filter { $0.record.desired != nil }
        func gauge(_ name: String, _ help: String, _ value: (NumberStatus) -> Double?) {
            page.add(
                .gauge, name, help,
                managed.compactMap { standing in
                    value(standing).map { Sample(labels: labels(standing), value: $0) }
                })
        }
        gauge("twostepd_number_converged", "1 when the number is certainly as desired.") {
            $0.condition == .converged ? 1 : 0
        }
        gauge("twostepd_number_exposed", "1 when the number should be enabled and may be disabled.") {
            $0.condition == .exposed ? 1 : 0
        }
        gauge("twostepd_number_belief_size", "How many states the number may be in; 1 is certain.") {
            Double($0.record.belief.elements.count)
        }
        gauge("twostepd_number_consecutive_failures", "Requests in a row that were not accepted.") {
            Double($0.record.attempts)
        }
        gauge("twostepd_number_applied_timestamp_seconds", "When the desired state was last applied.") {
            $0.record.appliedAt.map(Self.seconds)
        }
        gauge("twostepd_number_rotated_timestamp_seconds", "When the PIN last changed.") {
            $0.record.rotatedAt.map(Self.seconds)
        }
        gauge("twostepd_number_rotation_due_timestamp_seconds", "When the PIN is due to change.") {
            $0.rotationAt.map(Self.seconds)
        }
        gauge(
            "twostepd_number_observed_timestamp_seconds",
            "When the number was last seen, by its observer or by a report."
        ) {
            $0.record.observations.newest.map { Self.seconds($0.at) }
        }
    }

    private func addHooks(_ page: inout Exposition) {
        func add(_ kind: Exposition.Kind, _ name: String, _ help: String, _ value: (HookStatus) -> Double) {
            page.add(kind, name, help, hooks.map { Sample(labels: [("hook", $0.name)], value: value($0)) })
        }
        add(.gauge, "twostepd_hook_waiting", "Notifications that wait for delivery, by hook.") { Double($0.waiting) }
        add(.counter, "twostepd_hook_delivered", "Notifications that were delivered, by hook.") { Double($0.delivered) }
        add(
            .counter, "twostepd_hook_given_up",
            "Notifications that were given up, by hook: after 36 attempts, or because more than 10,000 waited."
        ) { Double($0.givenUp) }
        add(
            .gauge, "twostepd_hook_failing",
            "1 while a notification whose delivery has failed waits, even if others are delivered."
        ) {
            $0.failingSince == nil ? 0 : 1
        }
    }

    private func addRequests(_ page: inout Exposition) {
        page.add(
            .counter, "twostepd_requests", "Completed requests, by action and outcome.",
            counts.requests.sorted { $0.key < $1.key }.map { ending, count in
                Sample(
                    labels: [("action", ending.action.rawValue), ("outcome", ending.verdict.rawValue)],
                    value: Double(count))
            })
        page.add(
            "twostepd_request_duration_seconds", "Time from sending a request until it ended, by action.",
            VendorAction.allCases.compactMap { action in
                counts.durations[action].map { ([("action", action.rawValue)], $0) }
            })
        page.add(
            .gauge, "twostepd_requests_in_flight", "Requests in flight.",
            [Sample(value: Double(counts.inFlight))])
    }

    /// Adds figures by observer, which are few for any fleet, and are present without the series of single numbers.
    private func addObservations(_ page: inout Exposition) {
        page.add(
            .counter, "twostepd_drift",
            "Detected changes by other people or programs, by kind: turned_off, turned_on, pin_changed; "
                + "kept across restarts.",
            Drift.Kind.allCases.map { kind in
                Sample(labels: [("kind", kind.rawValue)], value: Double(drift[kind] ?? 0))
            })
        page.add(
            .counter, "twostepd_observations",
            "Answers of observers, by result: on, off, or unknown when an answer did not show the state.",
            MetricsRecorder.ObservationResult.allCases.map { result in
                Sample(labels: [("result", result.rawValue)], value: Double(counts.observations[result] ?? 0))
            })
        let observers = fleet.observers.sorted { $0.key < $1.key }
        func gauge(_ name: String, _ help: String, _ value: (ObserverTally) -> Double?) {
            page.add(
                .gauge, name, help,
                observers.compactMap { observer, tally in
                    value(tally).map { Sample(labels: [("observer", observer.text)], value: $0) }
                })
        }
        gauge("twostepd_observable_numbers", "Numbers that an observer can observe.") { Double($0.numbers) }
        gauge(
            "twostepd_unobserved_numbers",
            "Numbers not observed for longer than twice their observe_every, or never; paused numbers do "
                + "not count."
        ) { Double($0.unobserved) }
        gauge("twostepd_observation_failing_numbers", "Numbers whose state the observer's last answer did not show.") {
            Double($0.failing)
        }
        gauge(
            "twostepd_observed_timestamp_seconds", "When the number that was observed longest ago was last observed."
        ) {
            $0.oldest.map(Self.seconds)
        }
    }

    private func addStore(_ page: inout Exposition) {
        page.add("twostepd_store_commit_seconds", "Duration of one durable transaction.", [([], counts.commits)])
        page.add(
            .counter, "twostepd_store_commit_failures", "Transactions that failed.",
            [Sample(value: Double(counts.failedCommits))])
        page.add(
            .gauge, "twostepd_store_failing", "1 while the store cannot be written, and nothing is sent.",
            [Sample(value: counts.storeIsFailing ? 1 : 0)])
        page.add(
            .gauge, "twostepd_commit_queue_length", "Commits waiting for the disk.",
            [Sample(value: Double(queueLength))])
        page.add(
            .gauge, "twostepd_store_size_bytes", "Size of the store's database, including its free space.",
            [Sample(value: Double(size.bytes))])
        page.add(
            .gauge, "twostepd_store_free_bytes", "Free space inside the store's database.",
            [Sample(value: Double(size.freeBytes))])
        page.add(
            .gauge, "twostepd_store_log_bytes",
            "Size of the write-ahead log, which is written back to the database unless a reader prevents "
                + "it.",
            [Sample(value: Double(logBytes))])
        page.add(
            .gauge, "twostepd_store_restored_timestamp_seconds",
            "When the store was last found to be an older copy of itself; no series when it never was.",
            incidents.restoredAt.map { [Sample(value: Self.seconds($0))] } ?? [])
        page.add(
            .gauge, "twostepd_history_altered_timestamp_seconds",
            "When the history was last found to be altered; no series when it never was.",
            incidents.historyAlteredAt.map { [Sample(value: Self.seconds($0))] } ?? [])
        page.add(
            .gauge, "twostepd_credential_bytes",
            "Size of all credentials of the service, of which systemd permits 1 MiB; no series without "
                + "credentials.",
            credentialBytes.map { [Sample(value: Double($0))] } ?? [])
        page.add(
            .gauge, "twostepd_history_oldest_timestamp_seconds",
            "When the oldest request or event that is kept was recorded.",
            oldestHistory.map { [Sample(value: Self.seconds($0))] } ?? [])
    }

    private func addDesiredState(_ page: inout Exposition) {
        page.add(
            .gauge, "twostepd_desired_state_valid", "1 when the file was valid when it was last read.",
            [Sample(value: desiredState.isValid == true ? 1 : 0)])
        page.add(
            .gauge, "twostepd_desired_state_held", "1 while a file is held.",
            [Sample(value: desiredState.held == nil ? 0 : 1)])
        page.add(
            .gauge, "twostepd_desired_state_loaded_timestamp_seconds", "When the state in force was loaded.",
            desiredState.loadedAt.map { [Sample(value: Self.seconds($0))] } ?? [])
        page.add(
            .info, "twostepd_desired_state_revision", "The state in force: revision and sha256.",
            desiredState.revision.map { revision in
                [
                    Sample(
                        labels: [("revision", "\(revision)"), ("sha256", desiredState.sha256 ?? "")], value: 1)
                ]
            } ?? [])
    }

    private func addGuards(_ page: inout Exposition) {
        let endpoints = fleet.endpoints.sorted()
        let down = Set(guards.states.filter { $0.kind == .endpointDown }.map(\.subject))
        page.add(
            .gauge, "twostepd_endpoint_down",
            "1 while the circuit breaker of the endpoint, or of an observer there, is open.",
            endpoints.map { Sample(labels: [("endpoint", $0)], value: down.contains($0) ? 1 : 0) })
        page.add(
            .gauge, "twostepd_disable_refused", "Numbers that the vendor refuses to disable, by endpoint and vendor.",
            fleet.refused.sorted { $0.key < $1.key }.map { endpoint, count in
                Sample(
                    labels: [("endpoint", endpoint.text), ("vendor", endpoint.vendor.rawValue)], value: Double(count))
            })
        page.add(
            .gauge, "twostepd_reapplies_refused", "Numbers with three or more refused re-applies in a row.",
            [Sample(value: Double(fleet.reappliesRefused))])
        page.add(
            .gauge, "twostepd_vendor_numbers", "Numbers of each vendor.",
            Vendor.allCases.map { vendor in
                Sample(labels: [("vendor", vendor.rawValue)], value: Double(fleet.vendors[vendor] ?? 0))
            })
        page.add(
            .gauge, "twostepd_exposed_numbers", "Numbers exposed by a rotation or an adoption.",
            [Sample(value: Double(guards.exposed))])
        page.add(
            .gauge, "twostepd_exposure_permitted", "Numbers that may be exposed at once at present.",
            guards.permittedNow.map { [Sample(value: Double($0))] } ?? [])
        page.add(
            .gauge, "twostepd_files_polled", "1 while files cannot be watched, and are compared every 30 s.",
            [Sample(value: guards.states.contains { $0.kind == .filesPolled } ? 1 : 0)])
        page.add(
            .gauge, "twostepd_paused", "1 while all numbers are paused.",
            [Sample(value: guards.fleetPause == nil ? 0 : 1)])
        let behind = max(0, now.duration(to: guards.clock.highWaterMark).milliseconds)
        page.add(
            .gauge, "twostepd_clock_behind_seconds", "How far the clock is behind what was recorded.",
            [Sample(value: guards.clock.highWaterMark == .distantPast ? 0 : Double(behind) / 1000)])
    }

    private func addProcess(_ page: inout Exposition) {
        guard let process = ProcessFigures() else { return }
        page.add(
            .gauge, "process_resident_memory_bytes", "Memory in use.", [Sample(value: Double(process.residentBytes))])
        page.add(
            .counter, "process_cpu_seconds", "Processor time used.", [Sample(value: process.processorSeconds)])
    }

    private static func seconds(_ instant: Instant) -> Double {
        Double(instant.millisecondsSinceEpoch) / 1000
    }
}

extension MetricsRecorder.Ending: Comparable {
    static func < (left: Self, right: Self) -> Bool {
        (left.action.rawValue, left.verdict.rawValue) < (right.action.rawValue, right.verdict.rawValue)
    }
}

/// The kernel's figures of this process.
struct ProcessFigures {
    let residentBytes: Int
    let processorSeconds: Double

    /// Nil when the kernel does not provide them.
    init?() {
        var usage = rusage()
        guard getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage) == 0, let file = fopen("/proc/self/statm", "r")
        else { return nil }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return nil }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let fields = text.split(separator: " ")
        guard fields.count > 1, let pages = Int(fields[1]) else { return nil }
        residentBytes = pages * Int(sysconf(Int32(_SC_PAGESIZE)))
        let seconds = { (time: timeval) in Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        processorSeconds = seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
