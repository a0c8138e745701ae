import ConfigFile
import Planning
import Storage

extension Doctor {
    func storeFindings(_ search: KeySearch?) -> [Finding] {
        guard location.hasStore else {
            return [
                Finding(
                    "database", .warning, location.absence,
                    advice:
                        "for a new fleet: the first start creates one; five or more numbers then need `twostepd accept`"
                )
            ]
        }
        var key: SealingKey?
        if case .success(let found?) = search { key = found.key }
        do throws(StorageError) {
            let reader: StoreReader
            do throws(StorageError) {
                reader = try StoreReader.open(at: location, key: key)
            } catch .wrongKey {
                key = nil
                reader = try StoreReader.open(at: location, key: nil)
            }
            var parts = [Finding("version", .ok, "the schema matches this version")]
            if let problem = try reader.integrityProblem() {
                parts.append(
                    Finding(
                        "integrity", .failure, problem,
                        advice: "stop the daemon and restore a backup: see docs/reliability.md"))
            } else {
                parts.append(Finding("integrity", .ok, "every page and reference is sound"))
            }
            if key == nil {
                parts.append(
                    Finding("PINs", .failure, "not checked: there is no key", advice: "see 'sealing key'"))
            } else {
                parts += [try pins(reader), try history(reader)]
            }
            return parts + keptSecrets() + [
                try desired(reader), try vendors(reader), try observations(reader), room(try reader.size()),
                log(reader.logBytes),
            ] + incidents(try reader.incidents())
        } catch {
            return [
                Finding(
                    "database", .failure, error.description,
                    advice: "see \"Restoring, moving, losing\" in docs/operations.md")
            ]
        }
    }

    /// Checks that every record can be read, and that every PIN that may be live can be opened.
    private func pins(_ reader: StoreReader) throws(StorageError) -> Finding {
        var count = 0
        var failures: [(number: PhoneNumber, error: StorageError)] = []
        var after: PhoneNumber?
        repeat {
            let page = try reader.records(after: after, limit: StoreReader.pageLimit, at: now)
            for record in page.records {
                count += record.belief.generations.count
                for generation in record.belief.generations where record.isUnreadable(generation) {
                    // Opened once more, to get the reason.
                    do { _ = try reader.pin(of: record.number, generation: generation) } catch {
                        failures.append((record.number, error))
                    }
                }
            }
            failures += page.failures
            after = page.next
        } while after != nil
        guard let first = failures.first else {
            return Finding("PINs", .ok, "\(count.counted("PIN")) that may be live can be opened")
        }
        let more = Set(failures.map(\.number)).count - 1
        let others = more > 0 ? ", and \(more.counted("more number"))" : ""
        return Finding(
            "PINs", .failure, "\(first.error)\(others)",
            advice: "`twostepd reset \(first.number)` takes the number over again with a new PIN")
    }

    private func history(_ reader: StoreReader) throws(StorageError) -> Finding {
        let report = try reader.verifyAudit(location: location)
        guard let first = report.first else {
            return Finding("history", .ok, "intact, \(report.links.counted("link"))")
        }
        return Finding(
            "history", .failure, first.sentence,
            advice: "`twostepd audit verify` counts all findings; find out who wrote to the store")
    }

    /// Reports the secrets that exist only in the memory of the running daemon.
    private func keptSecrets() -> [Finding] {
        guardStates().filter { $0.kind == .secretsKept }.map { state in
            Finding(
                "secrets of the daemon", .failure, state.detail,
                advice:
                    "do not restart the daemon before they are back: see \"Secrets that are gone\" in docs/operations.md"
            )
        }
    }

    /// Reports whether the store returns space to the file system when history is pruned.
    private func room(_ size: StoreSize) -> Finding {
        let figures = "\(size.bytes >> 20) MiB, \(size.freeBytes >> 20) MiB of it free"
        guard size.isWasteful, !size.canReleaseSpace else { return Finding("room", .ok, figures) }
        return Finding(
            "room", .warning, figures + ", which this store cannot return to the file system while the daemon runs",
            advice: "stop the daemon, then `twostepd audit compact`: once is enough")
    }

    private func log(_ bytes: Int) -> Finding {
        let figure = "\(bytes >> 20) MiB wait to be written back to the database"
        guard bytes > StoreReader.normalLogBytes else { return Finding("write-ahead log", .ok, figure) }
        return Finding(
            "write-ahead log", .warning, figure + ": a process that reads the store holds that up",
            advice: "find it with `fuser -v \(location.database)-wal`, and end any process that is not the daemon")
    }

    /// Reports incidents of the last week.
    private func incidents(_ incidents: StoreIncidents) -> [Finding] {
        func isRecent(_ instant: Instant) -> Bool { instant > now.advanced(by: .seconds(-7 * 86_400)) }
        var parts: [Finding] = []
        if let at = incidents.restoredAt, isRecent(at) {
            parts.append(
                Finding(
                    "restored", .warning, "the store was found to be an older copy at \(at)",
                    advice: "`twostepd history --events` says which; every PIN is being made certain again"))
        }
        if let at = incidents.historyAlteredAt, isRecent(at) {
            parts.append(
                Finding(
                    "altered", .warning, "the history was found to be altered at \(at)",
                    advice: "`twostepd audit verify` says what is missing; find out who wrote to the store"))
        }
        return parts
    }

    /// Reports the vendors that refuse to disable numbers.
    private func vendors(_ reader: StoreReader) throws(StorageError) -> Finding {
        let refusing = try reader.accountsRefusingDisable().sorted()
        guard let first = refusing.first else {
            return Finding("vendors", .ok, "no vendor is known to refuse a disable")
        }
        let more = refusing.count > 1 ? ", and \(refusing.count - 1) more" : ""
        return Finding(
            "vendors", .warning, "\(first.text)\(more) refuses to disable numbers",
            advice: Account.refusalAdvice)
    }

    private func observations(_ reader: StoreReader) throws(StorageError) -> Finding {
        var observed = ObservedFleet()
        let isPaused = try reader.fleetPause() != nil
        var after: PhoneNumber?
        repeat {
            // Records that cannot be read are reported with the PINs.
            let page = try reader.closedRecords(after: after, limit: StoreReader.pageLimit, at: now)
            for record in page.records { observed.add(record, isPaused: isPaused || record.pause != nil, at: now) }
            after = page.next
        } while after != nil
        return observed.finding(at: now)
    }

    private func desired(_ reader: StoreReader) throws(StorageError) -> Finding {
        let status = try reader.desiredStateStatus()
        if status.isValid == false {
            return Finding(
                "desired state in force", .failure, "the last load failed: \(status.problem ?? "unknown")",
                advice: "`twostepd check`; \(StateInForce.stays(status.revision))")
        }
        if let held = status.held {
            return Finding(
                "desired state in force", .warning, "a newer one is held: \(held.reason)",
                advice: "`twostepd plan`, then `twostepd accept \(held.sha256.prefix(12))` if it is intended")
        }
        guard let revision = status.revision else {
            return Finding("desired state in force", .ok, "none yet")
        }
        return Finding("desired state in force", .ok, "revision \(revision)")
    }

    /// Checks that the clock is not behind the latest instant in the store.
    func clockMark() -> [Finding] {
        guard location.hasStore, let reader = try? StoreReader.open(at: location, key: nil),
            let mark = try? reader.highWaterMark()
        else {
            // A store that cannot be read is reported by its own check.
            return []
        }
        guard ClockGuard(highWaterMark: mark).isBehind(at: now) else {
            return [Finding("clock and store", .ok, "the clock is not behind what the store has recorded")]
        }
        return [
            Finding(
                "clock and store", .failure, "the clock says \(now), and the store has recorded \(mark)",
                advice: "correct the clock; when the clock is right: `twostepd clock accept`")
        ]
    }
}
