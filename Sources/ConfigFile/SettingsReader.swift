import Files
import Planning

/// Reads the settings file strictly, and returns either a value or all problems at once.
public enum SettingsReader {
    /// Reads the file at `path`; relative paths in it are relative to its folder.
    public static func read(path: String) -> Reading<Settings> {
        do throws(FileError) {
            return read(bytes: try CheckedFile.read(path, .configuration), file: path)
        } catch {
            return ReadFile.failure(error, file: path)
        }
    }

    /// Reads bytes that came from `file`.
    public static func read(bytes: [UInt8], file: String) -> Reading<Settings> {
        ReadFile.reading(bytes, file: file) { reader, _ throws(YAMLRefusal) in
            try SettingsWalk(reader: reader, folder: Directory.parent(of: file)).settings()
        }
    }
}

enum SettingsKey: String, FieldKey {
    case desiredState = "desired_state"
    case stateDirectory = "state_directory"
    case runtimeDirectory = "runtime_directory"
    case secrets
    case sealingKey = "sealing_key"
    case listen
    case caFile = "ca_file"
    case proxy
    case logLevel = "log_level"
    case logFormat = "log_format"
    case metrics
    case keepChanges = "keep_changes"
    case limits
    case timing
    case hooks
}

enum LimitKey: String, FieldKey {
    case requestsPerMinute = "requests_per_minute"
    case observationsPerMinute = "observations_per_minute"
    case writesPerHour = "writes_per_hour"
    case writesPerHourExposed = "writes_per_hour_exposed"
    case concurrency
    case maxExposed = "max_exposed"
    case maxWeakenedPercent = "max_weakened_percent"
}

enum TimingKey: String, FieldKey {
    case requestTimeout = "request_timeout"
    case settleDelay = "settle_delay"
    case backoffMin = "backoff_min"
    case backoffMax = "backoff_max"
    case backoffMaxExposed = "backoff_max_exposed"
    case shutdownGrace = "shutdown_grace"
}
