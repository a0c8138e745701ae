import LinuxShim

/// How much memory the process keeps that it has no use for just now.
public enum ProcessMemory {
    /// Has the allocator give back what is freed, for a process that reads a fleet now and then and rests in between.
    ///
    /// To be called while there is one thread.
    public static func keepLittle() { twostepd_keep_little_memory() }

    /// Gives memory that was freed back to the system.
    static func giveBack() { twostepd_give_back_memory() }
}
