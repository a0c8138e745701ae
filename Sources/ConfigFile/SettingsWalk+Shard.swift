import Planning

extension SettingsWalk {
    /// The variable that the shard may come from, for instances that share one settings file.
    static let shardVariable = "TWOSTEPD_SHARD"

    /// The part of the fleet: `i/n` or `none`, or what the environment says when the file says `$TWOSTEPD_SHARD`.
    ///
    /// It is never guessed: a variable that is missing where it is named, or set where it is not looked at, would have
    /// several instances work on the same numbers.
    func shard(_ field: Field?) -> Shard {
        let given = environment[Self.shardVariable]
        guard let field else {
            checkUnused(given, besides: .whole, at: .wholeFile)
            return .whole
        }
        let hint = "write 0/4 for the first of four, 0/1 for all, none, or $\(Self.shardVariable)"
        guard let text = reader.text(field, "i/n", hint: hint) else { return .whole }
        guard text == "$" + Self.shardVariable else {
            guard let shard = Shard(text) else {
                reader.findings.error(
                    field.position,
                    "'shard' must be i/n with i from 0 to n-1 and n up to \(Shard.mostParts), and this is "
                        + VisibleText.quoted(text), hint: hint)
                return .whole
            }
            checkUnused(given, besides: shard, at: field.position)
            return shard
        }
        guard let given, !given.isEmpty else {
            reader.findings.error(
                field.position, "'shard' is to come from \(Self.shardVariable), which is not set",
                hint: "set it to i/n for the daemon and for every command, such as \(Self.shardVariable)=0/4")
            return .whole
        }
        guard let shard = Shard(given) else {
            reader.findings.error(
                field.position,
                "\(Self.shardVariable) must be i/n with i from 0 to n-1 and n up to \(Shard.mostParts), and this is "
                    + VisibleText.quoted(given))
            return .whole
        }
        return shard
    }

    /// Refuses a variable that says otherwise than the file: one of the two is not what somebody meant.
    private func checkUnused(_ given: String?, besides shard: Shard, at position: Findings.Position) {
        guard let given, given != shard.description else { return }
        reader.findings.error(
            position,
            "\(Self.shardVariable) is \(VisibleText.quoted(given)), and the settings say shard \(shard)",
            hint: "write 'shard: $\(Self.shardVariable)' in the settings, or unset the variable")
    }
}
