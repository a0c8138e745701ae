/// What one check of `doctor` found, and what its parts found.
public struct Finding: Encodable, Sendable {
    /// How bad it is; the order is from good to bad.
    public enum Level: String, Encodable, Sendable, Comparable, CaseIterable {
        case ok
        case warning
        case failure

        public static func < (left: Level, right: Level) -> Bool {
            left.rank < right.rank
        }

        private var rank: Int {
            switch self {
            case .ok: 0
            case .warning: 1
            case .failure: 2
            }
        }
    }

    /// What was looked at.
    public let name: String
    public let level: Level
    /// What was seen; nil when the parts say it all.
    public let detail: Nullable<String>
    /// What to do about it; nil when nothing is to be done.
    public let advice: Nullable<String>
    public let parts: [Finding]

    init(_ name: String, _ level: Level, _ detail: String, advice: String? = nil) {
        self.name = name
        self.level = level
        self.detail = Nullable(detail)
        self.advice = Nullable(advice)
        parts = []
    }

    /// A check that is as bad as its worst part.
    init(_ name: String, _ parts: [Finding]) {
        self.name = name
        level = parts.map(\.level).max() ?? .ok
        detail = Nullable(nil)
        advice = Nullable(nil)
        self.parts = parts
    }
}

/// All that `doctor` found.
public struct Diagnosis: Encodable, Sendable {
    public let version = 1
    /// The worst level of all.
    public let level: Finding.Level
    public let checks: [Finding]

    private enum CodingKeys: String, CodingKey { case version, level, checks }

    init(_ checks: [Finding]) {
        self.checks = checks
        level = checks.map(\.level).max() ?? .ok
    }
}
