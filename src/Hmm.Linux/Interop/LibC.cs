// SPDX-License-Identifier: MIT
using System.Runtime.InteropServices;

namespace Hmm.Linux.Interop;

// The C library, native names verbatim, one file a group of calls. Only Hmm.Linux calls these, and
// each caller:
// - reads the error with LinuxError.Last() right after the call, before anything overwrites it;
// - passes a SafeHandle where one exists: its reference count keeps the descriptor from being
//   closed, and its number reused for another file, while the call runs (10 to 20 ns a call;
//   docs/internals/linux-interop.md has the measurement).
// Structures are blittable and go by pointer to the stack or to native memory, so that nothing is
// pinned or copied. Sizes of off_t, size_t and long are those of 64-bit Linux; Platform.Require()
// admits nothing else.
internal static partial class LibC
{
    private const string Library = "libc";

    // A few constants differ between the two architectures; the JIT folds the test away.
    private static bool IsArm64 => RuntimeInformation.ProcessArchitecture == Architecture.Arm64;
}
