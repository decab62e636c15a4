// SPDX-License-Identifier: MIT
using Hmm.Connection;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>
/// What became of pages that were sent to a device by hand. Each is there now, or stays where it was, with the reason:
/// <list type="table">
/// <item><term>None</term><description>It is on the device.</description></item>
/// <item><term>ENOENT</term><description>There is nothing to move: it is zero, or its file's.</description></item>
/// <item><term>EBUSY</term><description>It is pinned.</description></item>
/// <item><term>EOPNOTSUPP</term><description>
/// It belongs to a shared file or a persistent range, or the device turned it down.
/// </description></item>
/// <item><term>ENOSPC</term><description>The device is full.</description></item>
/// <item><term>EIO</term><description>It could not be read or written.</description></item>
/// <item><term>ECANCELED</term><description>The range was closed meanwhile.</description></item>
/// </list>
/// </summary>
/// <remarks>Thread-safety: does not change once it is returned.</remarks>
public sealed class HmmMigration
{
    private readonly List<byte[]> _parts = []; // Guarded by: whoever fills it, then immutable; a part for each request
    private readonly long[] _counts = new long[byte.MaxValue + 1]; // as _parts; by error number

    internal HmmMigration(long firstPage, long pageCount, int pageSizeBytes)
    {
        FirstPage = firstPage;
        PageCount = pageCount;
        PageSizeBytes = pageSizeBytes;
    }

    /// <summary>The first page, counted from the range's first.</summary>
    public long FirstPage { get; }

    /// <summary>How many pages.</summary>
    public long PageCount { get; }

    /// <summary>The size of each in bytes.</summary>
    public int PageSizeBytes { get; }

    /// <summary>How many are on the device now.</summary>
    public long MovedPages => _counts[(int)Errno.None];

    /// <summary>Whether every page that holds anything of its own is on the device now.</summary>
    public bool IsComplete => MovedPages + _counts[(int)Errno.ENOENT] == PageCount;

    /// <summary>How many pages have each result; only results that there are.</summary>
    public IReadOnlyDictionary<Errno, long> Counts =>
        Enumerable.Range(0, _counts.Length)
            .Where(error => _counts[error] > 0)
            .ToDictionary(static error => (Errno)error, error => _counts[error]);

    /// <summary>What became of one page.</summary>
    /// <param name="page">
    /// The page, counted from the range's first: <see cref="FirstPage"/> and <see cref="PageCount"/> bound it.
    /// </param>
    /// <exception cref="ArgumentOutOfRangeException">It was not asked for.</exception>
    public Errno ResultOf(long page)
    {
        var at = page - FirstPage;
        if ((ulong)at >= (ulong)PageCount)
        {
            throw new ArgumentOutOfRangeException(
                nameof(page), page, $"The request was about {PageCount} pages from page {FirstPage}.");
        }

        return (Errno)_parts[(int)(at / Limits.MigratePagesMax)][at % Limits.MigratePagesMax];
    }

    /// <summary>Asks the host, a part after the other.</summary>
    internal static HmmMigration Run(
        HostConnection connection, MigrateRequest request, string device, HmmMigration migration)
    {
        request.Device = NameOf(device);
        while (migration.TryNext(ref request))
        {
            using var pending = connection.Exchange(Operation.Migrate, in request);
            migration.Add(pending.Reply);
        }

        return migration;
    }

    /// <summary>As <see cref="Run"/>; a cancelled request stops between two parts.</summary>
    internal static async Task<HmmMigration> RunAsync(
        HostConnection connection,
        MigrateRequest request,
        string device,
        HmmMigration migration,
        CancellationToken cancellationToken)
    {
        request.Device = NameOf(device);
        while (migration.TryNext(ref request))
        {
            cancellationToken.ThrowIfCancellationRequested();
            migration.Add(await connection.ExchangeAsync(Operation.Migrate, request, cancellationToken)
                .ConfigureAwait(false));
        }

        return migration;
    }

    private static FixedName NameOf(string device)
    {
        ArgumentException.ThrowIfNullOrEmpty(device);
        return FixedName.Create(device);
    }

    private bool TryNext(ref MigrateRequest request)
    {
        var done = (long)_parts.Count * Limits.MigratePagesMax;
        request.FirstPage = (ulong)(FirstPage + done);
        request.PageCount = (uint)Math.Clamp(PageCount - done, 0, Limits.MigratePagesMax);
        return request.PageCount > 0;
    }

    private void Add(ReadOnlySpan<byte> reply)
    {
        var part = reply[Math.Min(MigrateReply.StructBytes, reply.Length)..].ToArray();
        if (part.Length != Math.Min(PageCount - ((long)_parts.Count * Limits.MigratePagesMax), Limits.MigratePagesMax))
        {
            throw new HmmException(
                Errno.EPROTO,
                $"The Hmm host answered with {part.Length} pages' results, which is not what it was asked; use a host "
                + "of the same version.");
        }

        foreach (var error in part)
        {
            _counts[error]++;
        }

        _parts.Add(part);
    }
}
