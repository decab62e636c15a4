// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;

namespace Hmm.Core.Virtual;

/// <summary>
/// The seam under the core: seven operations on the memory of one range, in pages of the range. <c>Hmm.Host</c>
/// implements it over userfaultfd and the range's memfd; tests implement it as a simulator with every race and error of
/// the real one.
/// </summary>
/// <remarks>
/// Thread-safety: every operation may be called from several threads at once; the page table makes sure that no two
/// touch the same page. None waits for an application thread. None throws: the kernel's answer is the return value.
/// Buffers are aligned to 4096 bytes.
/// </remarks>
internal interface IUserMemory
{
    /// <summary>
    /// Copies pages in and maps them, atomically per page, and wakes their waiters (UFFDIO_COPY). A poisoned page is
    /// poisoned no more.
    /// </summary>
    /// <param name="first">The first page.</param>
    /// <param name="count">How many pages.</param>
    /// <param name="source">Where their bytes are: <c>count * page size</c>.</param>
    /// <param name="writeProtected">Whether the first write to each must fault.</param>
    /// <param name="error">
    /// <see cref="Errno.EEXIST"/>: page <c>first + returned</c> is present already, and nobody was woken for it.
    /// <see cref="Errno.ENOENT"/>: the application unmapped it. <see cref="Errno.ESRCH"/>: the application is gone.
    /// </param>
    /// <returns>How many pages were installed before the error.</returns>
    int Install(long first, int count, nint source, bool writeProtected, out Errno error);

    /// <summary>
    /// Makes the next write to these pages fault, or lets writes through and wakes waiters
    /// (UFFDIO_WRITEPROTECT).
    /// </summary>
    Errno Protect(long first, int count, bool writeProtected);

    /// <summary>Copies the bytes of resident pages out (pread of the memfd).</summary>
    Errno Read(long first, int count, nint destination);

    /// <summary>
    /// Takes resident pages away from the application and frees their DRAM (hole punch). It does not lift poison: the
    /// marker is in the application's page table, which a punch leaves alone (measured on Linux 6.18).
    /// </summary>
    Errno Discard(long first, int count);

    /// <summary>Lets every thread that waits on these pages try again (UFFDIO_WAKE).</summary>
    void Wake(long first, int count);

    /// <summary>
    /// Makes a touch of these absent pages an error for the toucher: SIGBUS, or EFAULT in a system call
    /// (UFFDIO_POISON). Wakes nobody: who is woken may ask what became of the page, which is published first.
    /// </summary>
    Errno Poison(long first, int count);

    /// <summary>Reports which pages are in DRAM.</summary>
    /// <param name="first">The first page.</param>
    /// <param name="present">One entry a page.</param>
    Errno Probe(long first, Span<bool> present);
}
