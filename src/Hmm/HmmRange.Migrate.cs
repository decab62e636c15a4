// SPDX-License-Identifier: MIT
using Hmm.Uapi.Messages;

namespace Hmm;

/// <summary>Pages that are sent to a device by hand.</summary>
internal sealed partial class HmmRange
{
    /// <summary>Sends the pages that hold a span of bytes to a device.</summary>
    public HmmMigration Migrate(string device, ulong offset, ulong bytes)
    {
        var migration = HmmMigration.Run(
            _host.Connection, new MigrateRequest { RangeId = Id }, device, BeginMigration(offset, bytes));

        // The finalizer must not close the range while the host still works on this.
        GC.KeepAlive(this);
        return migration;
    }

    /// <summary>As <see cref="Migrate"/>; cancelling stops the wait at once and the work soon after.</summary>
    public async Task<HmmMigration> MigrateAsync(
        string device, ulong offset, ulong bytes, CancellationToken cancellationToken)
    {
        var migration = await HmmMigration.RunAsync(
            _host.Connection,
            new MigrateRequest { RangeId = Id },
            device,
            BeginMigration(offset, bytes),
            cancellationToken).ConfigureAwait(false);
        GC.KeepAlive(this);
        return migration;
    }

    private HmmMigration BeginMigration(ulong offset, ulong bytes)
    {
        var first = (long)(offset >> _pageShift);
        var count = bytes == 0 ? 0 : (long)((offset + bytes - 1) >> _pageShift) - first + 1;
        return new HmmMigration(first, count, 1 << _pageShift);
    }
}
