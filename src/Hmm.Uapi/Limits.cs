// SPDX-License-Identifier: MIT
namespace Hmm.Uapi;

/// <summary>
/// Every limit of the boundary, with its reason. Limits marked (told) are part of the reply to
/// Hello as well.
/// </summary>
public static class Limits
{
    /// <summary>
    /// The largest request: 512 bytes. The largest of version 1, ReadModules, has 480; the rest is
    /// room for later versions, so that a host can still answer their Hello.
    /// </summary>
    public const int RequestBytesMax = 512;

    /// <summary>
    /// The largest message in either direction: 32 KiB (told). The largest replies are a residency
    /// map of <see cref="ResidencyCellsMax"/> cells (16 KiB) and a page of query records; half of
    /// it is to spare. It is small enough for one kernel buffer of a Unix socket (208 KiB by
    /// default) to hold several.
    /// </summary>
    public const int MessageBytesMax = 32 * 1024;

    /// <summary>
    /// The longest sentence of an error reply: 512 bytes of UTF-8. What is longer is cut: it is for
    /// people.
    /// </summary>
    public const int TextBytesMax = 512;

    /// <summary>The descriptors of one message: 2, a memfd and a file (CreateRange).</summary>
    public const int DescriptorsMax = 2;

    /// <summary>A name with its terminating NUL: 64 bytes, so 63 bytes of UTF-8.</summary>
    public const int NameBytes = 64;

    /// <summary>
    /// A device's or a module's specification with its terminating NUL: 448 bytes, so 447 bytes of
    /// UTF-8. What a request leaves, less 48 bytes for its other fields.
    /// </summary>
    public const int SpecificationBytes = 448;

    /// <summary>
    /// Replies that one session may wait for at a time: 64 (told). More get EAGAIN. It bounds what
    /// a session can queue in the host; a device's own queue is rarely deeper.
    /// </summary>
    public const int RequestsInFlightMax = 64;

    /// <summary>
    /// Long operations of one session that run at a time: 4. The others of the 64 wait in line:
    /// each one holds a thread of the host.
    /// </summary>
    public const int LongOperationsMax = 4;

    /// <summary>
    /// Ranges of one session: 16,384 (told); a process may have 65,530 mappings (vm.max_map_count)
    /// for everything.
    /// </summary>
    public const int RangesPerSessionMax = 16 * 1024;

    /// <summary>
    /// Sessions of one host: 1,024; each holds one thread and four or more descriptors.
    /// </summary>
    public const int SessionsMax = 1024;

    /// <summary>log2 of the smallest page: 12, 4 KiB, what the processor maps.</summary>
    public const int PageShiftMin = 12;

    /// <summary>
    /// log2 of the largest page: 21, 2 MiB, what one page-table page maps and one copy batch holds.
    /// </summary>
    public const int PageShiftMax = 21;

    /// <summary>
    /// The longest range: 2^46 bytes, 64 TiB (told): half of what a process can address with 48-bit
    /// page tables.
    /// </summary>
    public const ulong RangeBytesMax = 1UL << 46;

    /// <summary>
    /// The end of the addresses a range may have: 2^56, user space with 5-level page tables.
    /// </summary>
    public const ulong AddressEnd = 1UL << 56;

    /// <summary>
    /// The cells of one residency map: 4,096, a terminal of 128 by 32; more resolution is asked for
    /// in parts.
    /// </summary>
    public const int ResidencyCellsMax = 4096;

    /// <summary>
    /// The pages of one Migrate: 16,384, 64 MiB of small ones. The reply has a byte for each, and a
    /// device takes them in well under a second.
    /// </summary>
    public const int MigratePagesMax = 16 * 1024;

    /// <summary>
    /// The smallest DRAM budget: 2 MiB, the largest page. A smaller one could not hold the page
    /// that a thread waits for.
    /// </summary>
    public const ulong BudgetBytesMin = 2UL << 20;
}
