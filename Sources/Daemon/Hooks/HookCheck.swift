public import ConfigFile
import Glibc

/// Problems of hooks beyond their grammar: secrets that are missing, programs that cannot be run.
public enum HookCheck {
    /// Returns the problems of `hooks`, with positions in the settings at `path`.
    public static func problems(_ hooks: [HookSettings], secrets: SecretSources?, path: String) -> [ConfigProblem] {
        hooks.flatMap { hook in
            hook.secretNames.compactMap { problem(with: $0, of: hook, secrets, path) }
                + [program(hook, path)].compactMap(\.self)
        }
    }

    private static func problem(
        with name: String, of hook: HookSettings, _ secrets: SecretSources?, _ path: String
    ) -> ConfigProblem? {
        guard let secrets else { return nil }
        do throws(SecretError) {
            _ = try secrets.token(named: name)
            return nil
        } catch {
            return warning(
                path, "the hook '\(hook.name)' cannot deliver notifications: \(error)", "add the secret under 'tokens'")
        }
    }

    private static func program(_ hook: HookSettings, _ path: String) -> ConfigProblem? {
        guard case .command(let command) = hook.target, access(command[0], X_OK) != 0 else { return nil }
        let why = String(cString: strerror(errno))
        return warning(
            path, "the hook '\(hook.name)' cannot run \(command[0]): \(why)",
            "under systemd it also needs ExecPaths=\(command[0])")
    }

    private static func warning(_ path: String, _ message: String, _ hint: String) -> ConfigProblem {
        ConfigProblem(file: path, line: 1, column: 1, severity: .warning, message: message, hint: hint)
    }
}
