import ArgumentParser
import ConfigFile
import Daemon
import Planning
import Storage

extension MoveCommand {
    /// `twostepd move in`.
    struct In: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "in",
            abstract: "Take numbers in that another store handed over, with their PINs.",
            discussion: """
                The whole bundle is checked before anything of it is used. It is refused when it was changed or cut off, \
                when the key is another, when a number is not in this instance's shard, and when this store knows a \
                number better. Cut off in the middle, the same command goes on.

                Nothing is sent to the vendor. The numbers are not managed before the desired state names them; then the \
                PIN that is set is sent once more, and stays. A desired state that was held for them is looked at again \
                on `twostepd reload`, or at the next start.

                Example:
                  twostepd move in to-4.bundle --key move.key
                """
        )

        @OptionGroup var options: MoveCommand.Options
        @Argument(help: "The bundle.", completion: .file())
        var file: String

        func run() async throws {
            let settings = try options.config.settings()
            let key = try options.transportKey()
            let session = try options.session(settings, "move in", makesStore: true)
            let count = try await MoveCommand.translating {
                let bundle = try MoveBundleReader(path: file, key: key)
                let (total, arrived) = try check(bundle, session, settings)
                guard total > arrived else {
                    throw Failure.failed("\(file) was taken in before: all of its \(total) numbers are here")
                }
                try await takeIn(bundle, session, total: total)
                try session.close()
                return total - arrived
            }
            Console.print("\(file): \(count) numbers taken in")
            Console.note(
                "remove the bundle and its key; next: `twostepd reload` with a daemon, or its start, once the desired "
                    + "state names them here")
        }

        /// Reads the bundle to its end: how many numbers it has, and how many of them are here already.
        private func check(
            _ bundle: MoveBundleReader, _ session: MoveSession, _ settings: Settings
        ) throws -> (total: Int, arrived: Int) {
            var (total, arrived) = (0, 0)
            while let moved = try bundle.next() {
                total += 1
                guard settings.shard.owns(moved.number) else {
                    throw Failure.failed(Self.elsewhere(moved.number, settings.shard) + ": nothing was taken in")
                }
                if let problem = try session.reader.problem(ofTakingIn: moved, from: bundle.bundle) {
                    throw Failure.failed("\(problem): nothing was taken in")
                }
                if try session.reader.hasArrived(moved.number, with: bundle.bundle) { arrived += 1 }
            }
            guard total > 0 else { throw Failure.failed("\(file) has no numbers") }
            return (total, arrived)
        }

        private static func elsewhere(_ number: PhoneNumber, _ shard: Shard) -> String {
            guard !shard.isNone else { return "this instance has no part of the fleet (shard none)" }
            let owner = Shard.owner(of: number, among: shard.count)
            return "\(number) belongs to shard \(owner)/\(shard.count), and this instance is \(shard)"
        }

        private func takeIn(_ bundle: MoveBundleReader, _ session: MoveSession, total: Int) async throws {
            try bundle.rewind()
            let origin = MoveOrigin(bundle: bundle.bundle, source: bundle.source)
            let progress = MoveProgress(total: total)
            defer { progress.end() }
            var (done, page): (Int, [MovedNumber]) = (0, [])
            while let moved = try bundle.next() {
                page.append(moved)
                guard page.count >= MoveSession.pageSize else { continue }
                try await session.takeIn(page, from: origin)
                done += page.count
                page = []
                progress.draw(done)
            }
            try await session.takeIn(page, from: origin)
            progress.draw(total)
        }
    }
}
