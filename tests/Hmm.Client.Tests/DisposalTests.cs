// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Uapi;

namespace Hmm.Client.Tests;

/// <summary>Alone, because it counts the ranges and leaks of the process.</summary>
[Collection("Alone")]
public sealed class DisposalTests : ConnectedTests
{
    [Fact]
    public unsafe void RefusesEverythingAfterDispose()
    {
        var array = Host.Allocate<byte>(100);
        var memory = array.Memory(0, 10);
        array.Dispose();
        array.Dispose();

        Assert.Throws<ObjectDisposedException>(() => array.Length);
        Assert.Throws<ObjectDisposedException>(() => array[0]);
        Assert.Throws<ObjectDisposedException>(() => { _ = array.Pointer; });
        Assert.Throws<ObjectDisposedException>(() => array.Span(0, 0));
        Assert.Throws<ObjectDisposedException>(() => array.Span(0, 1));
        Assert.Throws<ObjectDisposedException>(() => array.Memory(0, 1));
        Assert.Throws<ObjectDisposedException>(() => memory.Span[0]);
        Assert.Throws<ObjectDisposedException>(() => memory.Pin());
        Assert.Throws<ObjectDisposedException>(() => array.Read(0, new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => array.Write(0, new byte[1]));
        Assert.Throws<ObjectDisposedException>(() => array.Fill(0, 1, 1));
        Assert.Throws<ObjectDisposedException>(() => array.CopyTo(0, array, 0, 1));
        Assert.Throws<ObjectDisposedException>(() => array.Populate(0, 1));
        Assert.Throws<ObjectDisposedException>(() => { _ = array.PopulateAsync(0, 1); });
        Assert.Throws<ObjectDisposedException>(() => array.Prefetch(0, 1));
        Assert.Throws<ObjectDisposedException>(() => array.WillWrite(0, 1));
        Assert.Throws<ObjectDisposedException>(() => array.Advise(Advice.Normal));
        Assert.Throws<ObjectDisposedException>(() => array.DontNeed(0, 1));
        Assert.Throws<ObjectDisposedException>(() => { _ = array.DontNeedAsync(0, 1); });
        Assert.Throws<ObjectDisposedException>(() => array.Pin(0, 1));
        Assert.Throws<ObjectDisposedException>(() => { _ = array.PinAsync(0, 1); });
        Assert.Throws<ObjectDisposedException>(() => array.Flush());
        Assert.Throws<ObjectDisposedException>(() => { _ = array.FlushAsync(); });
        Assert.Throws<ObjectDisposedException>(() => array.ResidentBytes);
        Assert.Throws<ObjectDisposedException>(() => array.Statistics);
        Assert.Throws<ObjectDisposedException>(() => array.Describe(0));
        Assert.Throws<ObjectDisposedException>(() => array.Residency(1));
        Assert.Single(Wire.Requests(Operation.CloseRange));
    }

    [Fact]
    public async Task DisposesWithoutBlockingAThread()
    {
        await using (var array = Host.Allocate<byte>(100))
        {
            array[0] = 1;
        }

        Assert.Single(Wire.Requests(Operation.CloseRange));
    }

    [Fact]
    public void ReleasesArraysWithTheHost()
    {
        var before = HmmDiagnostics.LiveCount;
        var array = Host.Allocate<byte>(100);
        Assert.Equal(before + 1, HmmDiagnostics.LiveCount);
        Host.Dispose();
        Host.Dispose();

        Assert.Equal(before, HmmDiagnostics.LiveCount);
        Assert.Throws<ObjectDisposedException>(() => array[0]);
        Assert.Throws<ObjectDisposedException>(() => Host.Allocate<byte>(1));
        Assert.Throws<ObjectDisposedException>(() => Host.Statistics);
        Assert.False(Host.IsConnected);
        array.Dispose();
        Assert.Single(Wire.Requests(Operation.CloseRange));
    }

    [Fact]
    public void KeepsNothingOfARangeThatTheHostRefused()
    {
        var before = HmmDiagnostics.LiveCount;
        var mappings = Mappings();
        Wire.Fail(Operation.CreateRange, Errno.ENOMEM, "There is no room for its page table.");

        var refused = Assert.Throws<HmmException>(() => Host.Allocate<byte>(1 << 20));
        Assert.Equal(Errno.ENOMEM, refused.Errno);
        Assert.Equal("There is no room for its page table.", refused.Sentence);
        Assert.Equal(before, HmmDiagnostics.LiveCount);
        Assert.Equal(mappings, Mappings());
    }

    [Fact]
    public void KeepsNoMappingAfterDispose()
    {
        using (Host.Allocate<byte>(1))
        {
        }

        var mappings = Mappings();
        for (var i = 0; i < 20; i++)
        {
            using var array = Host.Allocate<byte>(1 << 20);
            array[0] = 1;
        }

        Assert.Equal(mappings, Mappings());
    }

    [Fact]
    public void ReportsALeakWithItsOrigin()
    {
        var leaks = new List<HmmLeakEventArgs>();
        void Record(object? sender, HmmLeakEventArgs leak)
        {
            lock (leaks)
            {
                leaks.Add(leak);
            }
        }

        var live = HmmDiagnostics.LiveCount;
        var leaked = HmmDiagnostics.LeakedCount;
        HmmDiagnostics.Leaked += Record;
        try
        {
            Leak("forgotten");
            CollectUntil(() => leaks.Count > 0);
        }
        finally
        {
            HmmDiagnostics.Leaked -= Record;
        }

        var found = Assert.Single(leaks);
        Assert.Equal("forgotten", found.Name);
        Assert.Equal(8192, found.LengthBytes);
        Assert.Contains(nameof(Leak), found.AllocationStack, StringComparison.Ordinal);
        Assert.Equal(leaked + 1, HmmDiagnostics.LeakedCount);
        Assert.Equal(live, HmmDiagnostics.LiveCount);
        Eventually(() => Wire.Requests(Operation.CloseRange).Length == 1, "the host is told");
    }

    [Fact]
    public void RemembersNoOriginWhileNobodyListens()
    {
        var leaks = new List<HmmLeakEventArgs>();
        void Record(object? sender, HmmLeakEventArgs leak) => leaks.Add(leak);
        Leak("unobserved");
        HmmDiagnostics.Leaked += Record;
        try
        {
            CollectUntil(() => leaks.Count > 0);
        }
        finally
        {
            HmmDiagnostics.Leaked -= Record;
        }

        Assert.Null(Assert.Single(leaks).AllocationStack);
    }

    [Fact]
    public void IsNoLeakWhileMemoryIsPinned()
    {
        var leaked = HmmDiagnostics.LeakedCount;
        UsePinnedMemory(leaked);
        CollectUntil(() => HmmDiagnostics.LeakedCount == leaked + 1);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private unsafe void UsePinnedMemory(long leaked)
    {
        using var handle = PinnedMemory();
        for (var i = 0; i < 3; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        ((int*)handle.Pointer)[3] = 5;
        Assert.Equal(leaked, HmmDiagnostics.LeakedCount);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Leak(string name) => Host.Allocate<byte>(5000, new HmmRangeOptions { Name = name })[0] = 1;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private System.Buffers.MemoryHandle PinnedMemory() => Host.Allocate<int>(5000).Memory(0, 5000).Pin();

    private static void CollectUntil(Func<bool> holds) => Eventually(
        () =>
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return holds();
        },
        "the collection");

    // The runtime's own double mapping of code comes and goes with every method that is compiled.
    private static int Mappings() => File.ReadLines("/proc/self/maps")
        .Count(static line => line.Contains("/memfd:") && !line.Contains("doublemapper"));
}
