// SPDX-License-Identifier: MIT
using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using Hmm.Linux.Interop;
using Hmm.Uapi;

namespace Hmm.Linux;

// The errno gate: every failed call that becomes an exception passes here, so that each message has
// the call, its arguments, the system's own words, the likely cause and the fix. A number without a
// name in Errno keeps its value and the C library's text.
internal static class LinuxError
{
    // The error of the last P/Invoke of this thread. Read it into a local before anything else
    // runs: even Console.Error's first use makes calls that overwrite it.
    internal static Errno Last() => (Errno)Marshal.GetLastPInvokeError();

    // EINTR: a signal came (the runtime suspends threads with signals). Such a call is always made
    // again, here.
    internal static bool IsInterrupted(Errno error) => error == Errno.EINTR;

    internal static HmmException Create(Errno error, string call, string arguments, string? causeAndFix = null)
    {
        var words = Marshal.GetPInvokeErrorMessage((int)error);
        var sentence = $"{call}({arguments}) failed, \"{words}\": {causeAndFix ?? CauseAndFix(error)}.";
        return new HmmException(error, sentence);
    }

    [DoesNotReturn]
    internal static void Throw(Errno error, string call, string arguments, string? causeAndFix = null)
        => throw Create(error, call, arguments, causeAndFix);

    // What to do about errors that mean the same after any call; a call that knows more passes its
    // own words.
    private static string CauseAndFix(Errno error) => error switch
    {
        Errno.EPERM or Errno.EACCES => "the process lacks the permission; grant it, or run as a user who has it",
        Errno.ENOENT => "the file or folder does not exist; create it or name another",
        OtherErrno.ENOTDIR => "a part of the path is not a folder; name another",
        Errno.EMFILE or OtherErrno.ENFILE =>
            "too many files are open; raise the limit (ulimit -n, or LimitNOFILE= of the service)",
        Errno.ENOMEM => "the kernel has no memory for it, or a limit forbids more (vm.max_map_count, ulimit -v, the "
            + "cgroup's memory.max); free memory or raise the limit",
        Errno.ENOSPC or OtherErrno.EDQUOT =>
            "the file system is full or a quota is reached; free space or name another folder",
        Errno.EROFS => "the file system is read-only; name a folder that can be written",
        Errno.EIO => "the device failed; look at the kernel's log (dmesg)",
        Errno.ENOSYS =>
            "the kernel does not have this call, or a sandbox hides it; use a newer kernel or allow the call",
        Errno.EBADF => "the descriptor is closed or of another kind; pass one that is open",
        _ => "the kernel refused it; the number is explained in errno(3) and in the manual page of the call",
    };
}
