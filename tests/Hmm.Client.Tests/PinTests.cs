// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

public sealed class PinTests : ConnectedTests
{
    [Fact]
    public void PinsAndUnpinsOnce()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        var pin = array.Pin(4096, 8192);
        var request = Wire.Last<PageSpanRequest>(Operation.Pin);
        pin.Dispose();
        pin.Dispose();

        Assert.Equal((1UL, 2UL), (request.FirstPage, request.PageCount));
        Assert.Single(Wire.Requests(Operation.Unpin));
    }

    [Fact]
    public unsafe void KeepsTheMemoryThatADeviceStillWritesTo()
    {
        var array = Host.Allocate<byte>(8 << 12);
        var pointer = array.Pointer;
        var pin = array.Pin(0, 8 << 12);
        array.Dispose();
        pointer[5] = 7;

        Assert.Empty(Wire.Requests(Operation.CloseRange));
        Assert.Equal(7, pointer[5]);
        pin.Dispose();
        Assert.Single(Wire.Requests(Operation.CloseRange));
    }

    [Fact]
    public unsafe void PinsMemoryAtTheHostWhileAnyHandleIsOut()
    {
        using var array = Host.Allocate<int>(8192);
        var memory = array.Memory(1024, 2048);
        using (var first = memory.Pin())
        {
            using var second = memory[100..].Pin();
            Assert.Equal((nint)(array.Pointer + 1024), (nint)first.Pointer);
            Assert.Equal((nint)(array.Pointer + 1124), (nint)second.Pointer);
            Assert.Single(Wire.Requests(Operation.Pin));
        }

        Assert.Single(Wire.Requests(Operation.Unpin));
        memory.Pin().Dispose();
        Assert.Equal(2, Wire.Requests(Operation.Pin).Length);
    }

    [Fact]
    public void HoldsNothingWhenTheBudgetCannot()
    {
        var array = Host.Allocate<byte>(8 << 12);
        Wire.Fail(Operation.Pin, Errno.ENOMEM, "The budget cannot hold 8 pages more; pin less.");

        var refused = Assert.Throws<HmmException>(() => array.Pin(0, 8 << 12));
        Assert.Equal(Errno.ENOMEM, refused.Errno);
        Assert.Throws<HmmException>(() => array.Memory(0, 10).Pin());
        array.Dispose();
        Assert.Single(Wire.Requests(Operation.CloseRange));
    }

    [Fact]
    public async Task UndoesAPinThatIsGrantedAfterCancelling()
    {
        byte[]? asked = null;
        var array = Host.Allocate<byte>(8 << 12);
        Wire.Answer(Operation.Pin, request =>
        {
            asked = request;
            return null;
        });
        using var cancel = new CancellationTokenSource();
        var pin = array.PinAsync(0, 4096, cancel.Token);
        Eventually(() => Volatile.Read(ref asked) is not null, "the request");
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pin);
        Assert.Empty(Wire.Requests(Operation.Unpin));
        Wire.Send(TestHost.Done(asked!));

        Eventually(() => Wire.Requests(Operation.Unpin).Length == 1, "the unpin");
        array.Dispose();
        Eventually(() => Wire.Requests(Operation.CloseRange).Length == 1, "the close");
    }

    [Fact]
    public async Task PinsWithoutBlockingAThread()
    {
        using var array = Host.Allocate<byte>(8 << 12);
        (await array.PinAsync(0, 1)).Dispose();

        Assert.Single(Wire.Requests(Operation.Unpin));
    }
}
