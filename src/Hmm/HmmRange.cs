// SPDX-License-Identifier: MIT
using System.Diagnostics;
using Hmm.Linux;
using Hmm.Uapi;
using Hmm.Uapi.Messages;
using Microsoft.Win32.SafeHandles;

namespace Hmm;

/// <summary>
/// One range of this process: the memfd, its mapping, and its number at the host. It lives as long
/// as anyone holds it: the array, a pin, a bulk operation. The finalizer is here and not on the
/// array, so that a pinned <see cref="Memory{T}"/> outlives its array safely.
/// </summary>
/// <remarks>
/// Threads: any. Invariant: the mapping exists, and its faults are served, while the count of
/// holders is above 0; it starts at 1, the array's.
/// </remarks>
internal sealed partial class HmmRange
{
    private readonly HmmHost _host; // Guarded by: immutable
    private readonly MemoryFile _memory; // Guarded by: immutable
    private readonly MappedMemory _mapping; // Guarded by: immutable
    private readonly RangeKind _kind; // Guarded by: immutable
    private readonly int _pageShift; // Guarded by: immutable
    private readonly StackTrace? _allocationStack; // Guarded by: immutable
    private int _holders = 1; // Guarded by: atomic

    private HmmRange(
        HmmHost host,
        MemoryFile memory,
        MappedMemory mapping,
        RangeKind kind,
        int pageShift,
        string name,
        ulong rangeId)
    {
        _host = host;
        _memory = memory;
        _mapping = mapping;
        _kind = kind;
        _pageShift = pageShift;
        Name = name;
        Id = rangeId;
        _allocationStack = HmmDiagnostics.CaptureStack();
        HmmDiagnostics.RangeMade();
    }

    /// <summary>Releases a range that nobody disposed, and says so.</summary>
    ~HmmRange()
    {
        HmmDiagnostics.ReportLeak(Name, (long)LengthBytes, _allocationStack);
        try
        {
            // No wait for the reply here. A host whose queue is full refuses, and keeps the range
            // until the connection ends: it holds the memfd, so nothing breaks.
            _host.Connection.Post(Operation.CloseRange, new CloseRangeRequest { RangeId = Id });
        }
        catch (Exception exception) when (exception is HmmException or ObjectDisposedException)
        {
            // The host has gone, so there is nobody to tell.
        }

        Free();
    }

    /// <summary>The range's number at the host.</summary>
    public ulong Id { get; }

    /// <summary>What reports call it.</summary>
    public string Name { get; }

    /// <summary>What to dispose with the host: the array.</summary>
    public IDisposable? Owner { get; set; } // Guarded by: set once, before the range is published

    /// <summary>The first byte.</summary>
    public nint Address => _mapping.Address;

    /// <summary>The length in bytes, whole pages.</summary>
    public ulong LengthBytes => _mapping.LengthBytes;

    /// <summary>What the kernel holds in DRAM for the range, in bytes.</summary>
    public ulong ResidentBytes => _memory.ResidentBytes;

    /// <summary>Makes a range. When a step fails, nothing of the steps before it is left.</summary>
    /// <param name="host">The host.</param>
    /// <param name="kind">What stands behind its pages.</param>
    /// <param name="bytes">How many bytes are needed, at least 1; rounded up to pages.</param>
    /// <param name="file">
    /// The file of a file range, which may be closed afterwards; else null.
    /// </param>
    /// <param name="options">Checked options.</param>
    /// <param name="name">What reports call it.</param>
    public static HmmRange Create(
        HmmHost host,
        RangeKind kind,
        ulong bytes,
        SafeFileHandle? file,
        HmmRangeOptions options,
        string name)
    {
        var page = (ulong)options.PageSizeBytes;
        var request = new CreateRangeRequest
        {
            Kind = kind,
            PageShift = (uint)int.Log2(options.PageSizeBytes),
            LengthBytes = (bytes + page - 1) & ~(page - 1),
            FileBytes = file is null ? 0 : bytes,
            Advice = options.Advice,
            ErrorPolicy = options.ErrorPolicy,
            MinimumShareMiB = (uint)(options.MinimumShareBytes >> 20),
            MaximumShareMiB = (uint)(options.MaximumShareBytes >> 20),
            Name = FixedName.Truncate(name),
        };
        var faults = host.Faults;
        MemoryFile? memory = null;
        MappedMemory? mapping = null;
        try
        {
            // Somebody serves its faults once the host knows it. A touch before that would wait for ever, and nobody
            // knows the address before this returns.
            (memory, mapping) = Map(faults, name, request.LengthBytes);
            request.BaseAddress = (ulong)mapping.Address;
            Span<int> descriptors = [(int)memory.DangerousGetHandle(), (int)(file?.DangerousGetHandle() ?? -1)];
            var reply = host.Connection.Call<CreateRangeRequest, CreateRangeReply>(
                Operation.CreateRange,
                in request,
                descriptors[..(file is null ? 1 : 2)]);
            GC.KeepAlive(file);
            return new HmmRange(host, memory, mapping, kind, (int)request.PageShift, name, reply.RangeId);
        }
        catch
        {
            mapping?.Dispose();
            memory?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Memory that the host can read, not in children, which would put zeros into it, whose faults go to userfaultfd.
    /// </summary>
    private static (MemoryFile Memory, MappedMemory Mapping) Map(UserfaultFd faults, string name, ulong bytes)
    {
        var memory = MemoryFile.Create(name, bytes);
        MappedMemory? mapping = null;
        try
        {
            mapping = MappedMemory.Map(memory, bytes);
            mapping.DontFork();
            faults.Register(mapping.Address, bytes);
            return (memory, mapping);
        }
        catch
        {
            mapping?.Dispose();
            memory.Dispose();
            throw;
        }
    }

    /// <summary>Holds the range; <see cref="Release"/> lets go.</summary>
    /// <exception cref="ObjectDisposedException">The last holder let go before.</exception>
    public void Hold()
    {
        var holders = Volatile.Read(ref _holders);
        while (true)
        {
            ObjectDisposedException.ThrowIf(holders == 0, typeof(HmmRange));
            var seen = Interlocked.CompareExchange(ref _holders, holders + 1, holders);
            if (seen == holders)
            {
                return;
            }

            holders = seen;
        }
    }

    /// <summary>Lets go. The last holder ends the range, which writes a shared file back.</summary>
    /// <exception cref="HmmException">
    /// A shared file could not be written back; the range is gone all the same.
    /// </exception>
    public void Release()
    {
        if (!IsLastHolder())
        {
            return;
        }

        try
        {
            _host.Connection.Call(Operation.CloseRange, new CloseRangeRequest { RangeId = Id });
        }
        catch (Exception exception) when (LosesNothing(exception))
        {
            // Without a host the range is closed already, and anonymous pages end with it.
        }
        finally
        {
            Free();
        }
    }

    /// <summary>
    /// As <see cref="Release"/>, without blocking a thread while a file is written back.
    /// </summary>
    public async ValueTask ReleaseAsync()
    {
        if (!IsLastHolder())
        {
            return;
        }

        try
        {
            var request = new CloseRangeRequest { RangeId = Id };
            var reply = _host.Connection.CallAsync(Operation.CloseRange, request, CancellationToken.None);
            await reply.ConfigureAwait(false);
        }
        catch (Exception exception) when (LosesNothing(exception))
        {
            // As above.
        }
        finally
        {
            Free();
        }
    }

    /// <summary>Lets go; true for the one who must end the range, which is then no leak.</summary>
    private bool IsLastHolder()
    {
        if (Interlocked.Decrement(ref _holders) > 0)
        {
            return false;
        }

#pragma warning disable CA1816 // Letting go is this type's Dispose; only the last holder's disposes.
        GC.SuppressFinalize(this);
#pragma warning restore CA1816
        return true;
    }

    /// <summary>
    /// A host that was disposed has written the file back when its session ended.
    /// </summary>
    private bool LosesNothing(Exception exception) => exception is ObjectDisposedException
        || (_kind != RangeKind.FileShared && exception is HmmException);

    /// <summary>Gives the mapping and the memory back. The host has been told before.</summary>
    private void Free()
    {
        // A thread that misuses the range now may wait for a page that nobody brings any more, and
        // unmapping does not wake it. Ending the registration does, and it goes on to its fault.
        _host.Unregister(_mapping);
        _mapping.Dispose();
        _memory.Dispose();
        _host.Forget(this);
        HmmDiagnostics.RangeReleased();
    }
}
