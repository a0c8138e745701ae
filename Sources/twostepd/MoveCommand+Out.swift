import ArgumentParser
import ConfigFile
import Daemon
import Planning
import Storage

extension MoveCommand {
    /// `twostepd move out`.
    struct Out: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "out",
            abstract: "Hand numbers over to another store: what is known of them goes into a bundle.",
            discussion: """
                Only numbers go that this store does not work on: they are not in the desired state in force, because they \
                were taken out of the file or belong to another shard now. Nothing is sent to the vendor.

                The bundle holds their PINs, sealed under the transport key, and all else that is known, in plain; a \
                bundle that was changed or cut off is refused. Take it in once, then remove it and the key. The record \
                stays here, but is not believed any more: a number that comes back without a bundle is reset.

                Examples:
                  twostepd key generate move.key
                  twostepd move out --for 4/5 --key move.key --output to-4.bundle
                  twostepd move out +15550100001 --key move.key --output one.bundle
                """
        )

        @OptionGroup var options: MoveCommand.Options
        @Option(name: [.short, .long], help: "The file to make; there must be none of that name.")
        var output: String
        @Option(
            name: .customLong("for"),
            help: "Every number that this shard has, such as 4/5, and this store does not; 0/1 for all of them.")
        var shard: String?
        @Flag(help: "Also numbers that have gone already, when their bundle was lost and nobody took it in.")
        var again = false
        @Argument(help: "Numbers (E.164).")
        var numbers: [String] = []

        func run() async throws {
            let wanted = try selection()
            let settings = try options.config.settings()
            let key = try options.transportKey()
            let session = try options.session(settings, "move out", makesStore: false)
            guard key.id != session.keyID else {
                throw Failure.usage(
                    "\(options.key) is the key that the store is sealed under: make one for this move with "
                        + "`twostepd key generate FILE`")
            }
            let sink = try ExportSink(path: output)
            do {
                let count = try await MoveCommand.translating {
                    let count = try await write(wanted, session, key, settings, to: sink)
                    try session.close()
                    return count
                }
                _ = try sink.finish()
                Console.print("\(output): \(count) numbers")
                Console.note(
                    "nothing is sent for them from here any more; next, where they go: "
                        + "twostepd move in \(output) --key \(options.key)")
            } catch {
                sink.abandon()
                throw error
            }
        }

        /// Either the numbers that are named, or a shard.
        private func selection() throws -> Selection {
            guard (shard == nil) != numbers.isEmpty else {
                throw Failure.usage("name the numbers to hand over, or a shard with --for")
            }
            if let shard {
                guard let part = Shard(shard), !part.isNone else {
                    throw Failure.usage("\(shard) is no shard: write i/n, such as 4/5")
                }
                return .shard(part)
            }
            let found = numbers.compactMap { PhoneNumber($0) }
            guard found.count == numbers.count else {
                throw Failure.usage("numbers are written in E.164 form, such as +15550100001")
            }
            return .numbers(Array(Set(found)).sorted())
        }

        private enum Selection {
            case numbers([PhoneNumber])
            case shard(Shard)
        }

        private func write(
            _ wanted: Selection, _ session: MoveSession, _ key: SealingKey, _ settings: Settings, to sink: ExportSink
        ) async throws -> Int {
            var writer = MoveBundleWriter(key: key, source: Self.name(of: settings), at: SystemClock().now())
            let progress = MoveProgress(total: try total(wanted, session))
            guard progress.total > 0 else {
                throw Failure.failed(
                    "there is nothing to hand over: every number of that shard is in the desired state in force here, "
                        + "or has gone already (--again)")
            }
            try sink.write(writer.begin())
            var count = 0
            defer { progress.end() }
            do {
                try await forEachPage(wanted, session) { page in
                    for moved in try await session.handOver(page, with: writer.bundle, again: again) {
                        try sink.write(writer.add(moved))
                        count += 1
                    }
                    progress.draw(count)
                }
                try sink.write(writer.end())
            } catch {
                if count > 0 {
                    Console.note(
                        "\(count) numbers were handed over, and their bundle is not complete: --again makes another")
                }
                throw error
            }
            return count
        }

        private func total(_ wanted: Selection, _ session: MoveSession) throws -> Int {
            guard case .shard(let shard) = wanted else { return numbers.count }
            var total = 0
            try Self.forEachMovable(session.reader) { page in total += page.count { isMeant($0, shard) } }
            return total
        }

        private func isMeant(_ movable: Movable, _ shard: Shard) -> Bool {
            shard.owns(movable.number) && (again || !movable.hasGone)
        }

        /// The numbers to hand over, some at a time.
        private func forEachPage(
            _ wanted: Selection, _ session: MoveSession, _ body: ([PhoneNumber]) async throws -> Void
        ) async throws {
            switch wanted {
            case .numbers(let numbers):
                for start in stride(from: 0, to: numbers.count, by: MoveSession.pageSize) {
                    try await body(Array(numbers[start...].prefix(MoveSession.pageSize)))
                }
            case .shard(let shard):
                var last: PhoneNumber?
                while true {
                    let page = try session.reader.movable(after: last, limit: MoveSession.pageSize)
                    let meant = page.filter { isMeant($0, shard) }.map(\.number)
                    if !meant.isEmpty { try await body(meant) }
                    last = page.last?.number
                    if page.count < MoveSession.pageSize { return }
                }
            }
        }

        private static func forEachMovable(_ reader: StoreReader, _ body: ([Movable]) throws -> Void) throws {
            var last: PhoneNumber?
            while true {
                let page = try reader.movable(after: last, limit: StoreReader.pageLimit)
                try body(page)
                last = page.last?.number
                if page.count < StoreReader.pageLimit { return }
            }
        }

        /// What the other side's audit trail calls this store.
        private static func name(of settings: Settings) -> String {
            settings.shard.isWhole ? settings.stateDirectory : "\(settings.stateDirectory), shard \(settings.shard)"
        }
    }
}
