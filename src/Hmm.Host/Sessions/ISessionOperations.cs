// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Host.Tracing;
using Hmm.Uapi;

namespace Hmm.Host.Sessions;

/// <summary>
/// What one connection asks of the host, in plain values that <see cref="Session"/> has checked:
/// the range is open and belongs to this session, page spans lie inside it, enums have a defined
/// value, names are valid. The fault engine implements it, one instance a session.
/// </summary>
/// <remarks>
/// Errors: throw <see cref="HmmException"/>; its errno and sentence become the reply, and the
/// session goes on. Any other exception is a defect of the host and is not caught. Threads:
/// operations without a token come from the session's own thread, one at a time, and must return
/// soon. Those with a <see cref="CancellationToken"/> are long: they come from other threads, up to
/// <see cref="Limits.LongOperationsMax"/> at a time, beside the short ones; the token is cancelled
/// when the connection ends, and they should then stop waiting. Order: none is called for a range
/// while or after <see cref="CloseRange"/> runs for it. <see cref="Closed"/> comes last, exactly
/// once, after every other call returned; ranges that the client did not close are still open then.
/// </remarks>
internal interface ISessionOperations
{
    /// <summary>A client introduced itself.</summary>
    HostDescription Hello(in ClientDescription client);

    /// <summary>
    /// The session's userfaultfd. The callee owns the descriptor from the call on, also when it
    /// throws; one that throws may be asked again with another descriptor.
    /// </summary>
    void AdoptUserfaultfd(int descriptor, AdoptFlags flags);

    /// <summary>
    /// A new range. The callee owns both descriptors from the call on, also when it throws. It must
    /// check what only the kernel knows: that <paramref name="memory"/> is a memfd at least as long
    /// as the range, and that <paramref name="file"/> can be read, and written if shared.
    /// </summary>
    /// <param name="rangeId">The range's number in this session, chosen by the session.</param>
    /// <param name="range">What the client asked for.</param>
    /// <param name="memory">The memfd.</param>
    /// <param name="file">The file, or -1 for an anonymous range.</param>
    void CreateRange(ulong rangeId, in RangeSpecification range, int memory, int file);

    /// <summary>
    /// Ends a range; the pages of a shared file are written back first. The range is gone
    /// afterwards even if this throws.
    /// </summary>
    void CloseRange(ulong rangeId, CancellationToken connectionEnded);

    /// <summary>
    /// A promise about pages. Must not throw and must not wait: what does not fit a queue is
    /// dropped and counted.
    /// </summary>
    void Hint(ulong rangeId, HintKind kind, long firstPage, long pageCount);

    /// <summary>
    /// A ring of hints in shared memory. The callee owns the descriptor from the call on, also when it throws.
    /// </summary>
    void AttachHintRing(int entries, int memory);

    /// <summary>There are hints in the ring.</summary>
    void WakeHintRing();

    /// <summary>A hint named no open range, or pages outside of it: count it.</summary>
    void HintDropped();

    /// <summary>How pages are going to be accessed.</summary>
    void Advise(ulong rangeId, Advice advice, long firstPage, long pageCount);

    /// <summary>
    /// Undoes one <see cref="Pin"/> of exactly these pages; EINVAL if they are not pinned.
    /// </summary>
    void Unpin(ulong rangeId, long firstPage, long pageCount);

    /// <summary>
    /// Forgets pages: the next touch reads zeros, or the file. Dirty pages of a shared file are
    /// written back.
    /// </summary>
    void DontNeed(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded);

    /// <summary>
    /// Makes pages resident and keeps them so; all of them or, when it throws, none.
    /// </summary>
    void Pin(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded);

    /// <summary>
    /// Writes dirty pages of a shared file back, and the file's own buffers to its device.
    /// </summary>
    void Flush(ulong rangeId, long firstPage, long pageCount, CancellationToken connectionEnded);

    /// <summary>
    /// Summarises <paramref name="pageCount"/> pages in <paramref name="cells"/>, each over an
    /// equal share of them.
    /// </summary>
    void Residency(
        ulong rangeId,
        long firstPage,
        long pageCount,
        Span<ResidencyCell> cells,
        CancellationToken connectionEnded);

    /// <summary>
    /// Sends pages to a device. Of another session's range nothing is checked: it may close at any time.
    /// </summary>
    /// <param name="sessionId">The session whose range it is; 0: this one.</param>
    /// <param name="rangeId">Its number there.</param>
    /// <param name="firstPage">The first page.</param>
    /// <param name="device">The device's name, not empty.</param>
    /// <param name="results">For each page 0, or the error number that kept it where it was.</param>
    /// <param name="connectionEnded">The client is gone; pages on their way arrive, no other sets out.</param>
    void Migrate(
        ulong sessionId,
        ulong rangeId,
        long firstPage,
        string device,
        Span<byte> results,
        CancellationToken connectionEnded);

    /// <summary>
    /// Makes a device, as in <c>block,folder=/var/tmp,size=64GiB</c>, and lets pages go to it. The
    /// client has Administration.
    /// </summary>
    void AddDevice(string specification, CancellationToken connectionEnded);

    /// <summary>
    /// Brings a device's pages elsewhere and removes it. The client has Administration.
    /// </summary>
    void RemoveDevice(string name, CancellationToken connectionEnded);

    /// <summary>
    /// Loads a module, as in <c>Hmm.Modules.Block,queue=64</c>. The client has Administration.
    /// </summary>
    void LoadModule(string specification, bool force, CancellationToken connectionEnded);

    /// <summary>Unloads a module that nobody uses. The client has Administration.</summary>
    void UnloadModule(string name, CancellationToken connectionEnded);

    /// <summary>
    /// Reads about modules, as whole lines of UTF-8 from <paramref name="cursor"/> on. The client has Administration.
    /// </summary>
    /// <param name="kind">What to read.</param>
    /// <param name="name">For one module its name or file, else empty.</param>
    /// <param name="cursor">0 at first, then what the last call left; set to 0 at the end.</param>
    /// <param name="text">Where the lines go: at least 1 KiB.</param>
    /// <param name="connectionEnded">The client is gone.</param>
    /// <returns>How many bytes were written.</returns>
    int ReadModules(
        ModuleText kind, string name, ref ulong cursor, Span<byte> text, CancellationToken connectionEnded);

    /// <summary>Counters. <paramref name="rangeId"/> is 0 unless the scope is a range.</summary>
    Statistics Statistics(StatisticsScope scope, ulong rangeId);

    /// <summary>Where one page is.</summary>
    PageDescription Describe(ulong rangeId, long page);

    /// <summary>
    /// Lists the resource tree, parents first, from <paramref name="cursor"/> on.
    /// </summary>
    /// <param name="cursor">0 at first, then what the last call left; set to 0 at the end.</param>
    /// <param name="records">Where the records go.</param>
    /// <returns>How many records were written.</returns>
    int QueryResources(ref ulong cursor, Span<ResourceRecord> records);

    /// <summary>Lists devices; the cursor as in <see cref="QueryResources"/>.</summary>
    int QueryDevices(ref ulong cursor, Span<DeviceRecord> records);

    /// <summary>Lists the ways between devices; the cursor as in <see cref="QueryResources"/>.</summary>
    int QueryPeers(ref ulong cursor, Span<PeerRecord> records);

    /// <summary>Lists page maps; the cursor as in <see cref="QueryResources"/>.</summary>
    int QueryPageMaps(ref ulong cursor, Span<PageMapRecord> records);

    /// <summary>
    /// Lists ranges of this session or, with <paramref name="everySession"/>, of all; the cursor as
    /// above.
    /// </summary>
    int QueryRanges(bool everySession, ref ulong cursor, Span<RangeRecord> records);

    /// <summary>
    /// A persistent range. The callee owns the descriptor from the call on, also when it throws, and checks that it is
    /// a memfd at least as long as the range.
    /// </summary>
    /// <param name="rangeId">The range's number in this session, chosen by the session.</param>
    /// <param name="range">What the client asked for.</param>
    /// <param name="memory">The memfd.</param>
    void OpenPersistent(ulong rangeId, in PersistentSpecification range, int memory);

    /// <summary>Makes a persistent range durable; EINVAL: the range is of another kind.</summary>
    /// <returns>The checkpoint's number, and how many pages it changed.</returns>
    (ulong Sequence, long Pages) Checkpoint(ulong rangeId, CancellationToken connectionEnded);

    /// <summary>
    /// Lists checkpoints of the peer's user or, with <paramref name="everyone"/>, of all; the cursor as above.
    /// </summary>
    int QueryCheckpoints(bool everyone, ref ulong cursor, Span<CheckpointRecord> records);

    /// <summary>
    /// Records what happens to the pages of every session. The callee owns the descriptor from the call on, also when
    /// it throws, and checks that it is a regular file. The client has Administration.
    /// </summary>
    /// <param name="mode">What to see.</param>
    /// <param name="file">The file to write.</param>
    void StartTrace(TraceMode mode, int file);

    /// <summary>Puts a mark into this session's trace; ENOENT: it records none.</summary>
    void MarkTrace();

    /// <summary>Ends this session's trace; ENOENT: it records none.</summary>
    /// <param name="accesses">What the client made since the last mark; 0: unknown.</param>
    TraceCounts StopTrace(ulong accesses);

    /// <summary>
    /// The connection ended, by the client's wish, death or fault: give back everything it had.
    /// </summary>
    void Closed();
}
