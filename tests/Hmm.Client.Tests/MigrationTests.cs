// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

/// <summary>What the library asks, and makes of the answers, when pages are moved by hand.</summary>
public sealed class MigrationTests : ConnectedTests
{
    private const int PageWords = 4096 / sizeof(long);

    [Fact]
    public void AsksForThePagesOfTheElements()
    {
        using var array = Host.Allocate<long>(16 * PageWords);
        Wire.Answer(Operation.Migrate, request => Answer(request, Errno.None));
        var migration = array.Migrate("cold", PageWords + 1, PageWords);
        var request = Wire.Last<MigrateRequest>(Operation.Migrate);

        Assert.Equal((0UL, 1UL, 1UL, 2u), (request.SessionId, request.RangeId, request.FirstPage, request.PageCount));
        Assert.Equal("cold", request.Device.ToString());
        Assert.Equal((1L, 2L, 2L), (migration.FirstPage, migration.PageCount, migration.MovedPages));
        Assert.True(migration.IsComplete);
        Assert.Equal(4096, migration.PageSizeBytes);
    }

    [Fact]
    public async Task AsksInPartsAndPutsTheirResultsTogether()
    {
        const long Pages = (2 * Limits.MigratePagesMax) + 10;
        using var array = Host.Allocate<byte>(Pages << 12);
        Wire.Answer(Operation.Migrate, request => Answer(request, Errno.EBUSY));
        var migration = await array.MigrateAsync("cold");

        Assert.Equal(3, Wire.Requests(Operation.Migrate).Length);
        Assert.Equal(Pages, migration.PageCount);
        Assert.Equal(3, migration.Counts[Errno.EBUSY]);
        Assert.Equal(Pages - 3, migration.MovedPages);
        Assert.False(migration.IsComplete);
        Assert.Equal(Errno.EBUSY, migration.ResultOf(Limits.MigratePagesMax - 1));
        Assert.Equal(Errno.None, migration.ResultOf(Limits.MigratePagesMax));
        Assert.Equal(Errno.EBUSY, migration.ResultOf(Pages - 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => migration.ResultOf(Pages));
    }

    [Fact]
    public void NothingIsAskedForNothing()
    {
        using var array = Host.Allocate<long>(1);

        Assert.True(array.Migrate("cold", 1, 0).IsComplete);
        Assert.Empty(Wire.Requests(Operation.Migrate));
    }

    [Fact]
    public void RefusesNamesAndSpansThatCannotBe()
    {
        using var array = Host.Allocate<long>(16);

        Assert.Throws<ArgumentException>(() => array.Migrate(""));
        Assert.Throws<ArgumentException>(() => array.Migrate(new string('d', 64)));
        Assert.Throws<ArgumentOutOfRangeException>(() => array.Migrate("cold", 1, 16));
        array.Dispose();
        Assert.Throws<ObjectDisposedException>(() => array.Migrate("cold"));
    }

    [Fact]
    public void PassesTheHostsRefusalOn()
    {
        using var array = Host.Allocate<long>(16);
        Wire.Fail(Operation.Migrate, Errno.ENODEV, "There is no device 'cold'.");

        Assert.Equal(Errno.ENODEV, Assert.Throws<HmmException>(() => array.Migrate("cold")).Errno);
        Wire.Answer(Operation.Migrate, static request => TestHost.Done(request, new byte[8]));
        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => array.Migrate("cold")).Errno);
    }

    [Fact]
    public async Task StopsToAskOnceItIsCancelled()
    {
        using var array = Host.Allocate<byte>(4L * Limits.MigratePagesMax << 12);
        using var cancellation = new CancellationTokenSource();
        Wire.Answer(Operation.Migrate, request =>
        {
            cancellation.Cancel();
            return Answer(request, Errno.None);
        });

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => array.MigrateAsync("cold", cancellation.Token));
        Assert.Single(Wire.Requests(Operation.Migrate));
    }

    /// <summary>Every page moves but the last of the request.</summary>
    private static byte[] Answer(byte[] message, Errno last)
    {
        Assert.True(global::Hmm.Uapi.Wire.TryReadExact<MigrateRequest>(message, out var request));
        var body = new byte[8 + request.PageCount];
        BitConverter.TryWriteBytes(body, request.PageCount);
        body[^1] = (byte)last;
        return TestHost.Done(message, body);
    }
}
