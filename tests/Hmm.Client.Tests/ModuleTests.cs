// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Client.Tests;

/// <summary>What a client makes of a host's lines about modules.</summary>
public sealed class ModuleTests : ConnectedTests
{
    [Fact]
    public void ReadsModulesFromPartsAndSkipsWhatItDoesNotKnow()
    {
        Answer(
            "future\tline\nmodule\tA\nlicense\tGPL\nstate\tlive\ntaint\tOE\nuser\tdevice x\nuser\tmodule B\n",
            "novelty\t1\nparameter\tsize\tsize\t\thow large\nexport\tA.X\nmodule\tB\nstate\tnot-loaded\n",
            "missing\tC\nrefusal\tIt is refused.\nuse\tHmm.Core.Y\ndependency\tC\n");

        var modules = Host.Modules();
        Assert.Equal(["A", "B"], modules.Select(module => module.Name));
        Assert.Equal(("GPL", "live", "OE"), (modules[0].License, modules[0].State, modules[0].Taint));
        Assert.Equal(["device x", "module B"], modules[0].Users);
        Assert.Equal([new HmmModuleParameter("size", "size", "", "how large")], modules[0].Parameters);
        Assert.Equal(["A.X"], modules[0].Exports);
        Assert.Null(modules[0].Refusal);
        Assert.Equal(["C"], modules[1].Missing);
        Assert.Equal(["C"], modules[1].Dependencies);
        Assert.Equal(["Hmm.Core.Y"], modules[1].Uses);
        Assert.Equal("It is refused.", modules[1].Refusal);
    }

    [Fact]
    public void ReadsOneModuleByItsName()
    {
        Answer("module\tA\n");

        Assert.Equal("A", Host.Module("A").Name);
        var request = Wire.Last<ReadModulesRequest>(Operation.ReadModules);
        Assert.Equal((ModuleText.Module, "A"), (request.Kind, request.Name.ToString()));
        Answer("");
        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(() => Host.Module("A")).Errno);
    }

    [Fact]
    public void ReadsExportsAndTaints()
    {
        Answer("0x1\tA.B()\tA\tEXPORT_SYMBOL_GPL\tN\tX,Y\tfuture\n0x2\tC\tA\tEXPORT_SYMBOL\t\t\ntoo\tshort\n");
        var exports = Host.Exports();
        Assert.Equal(2, exports.Count);
        Assert.Equal(
            ("0x1", "A.B()", "A", true, "N"),
            (exports[0].Checksum, exports[0].Symbol, exports[0].Owner, exports[0].IsGplOnly, exports[0].Namespace));
        Assert.Equal(["X", "Y"], exports[0].Consumers);
        Assert.False(exports[1].IsGplOnly);
        Assert.Empty(exports[1].Consumers);

        Answer("O\tA\tIt comes from elsewhere.\n");
        Assert.Equal([new HmmTaint("O", "A", "It comes from elsewhere.")], Host.Taints());
    }

    [Fact]
    public async Task LoadsAndUnloads()
    {
        Wire.Answer(Operation.LoadModule, request => TestHost.Done(request));
        Wire.Fail(Operation.UnloadModule, Errno.EBUSY, "It is used by device x.");
        await Host.LoadModuleAsync("A,size=1MiB", force: true);

        var load = Wire.Last<LoadModuleRequest>(Operation.LoadModule);
        Assert.Equal(("A,size=1MiB", LoadFlags.Force), (load.Specification.ToString(), load.Flags));
        var busy = await Assert.ThrowsAsync<HmmException>(() => Host.UnloadModuleAsync("A"));
        Assert.Equal(Errno.EBUSY, busy.Errno);
        Assert.Contains("device x", busy.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<ArgumentException>(() => Host.LoadModuleAsync(new string('a', 448)));
    }

    [Fact]
    public void EndsATextThatABrokenHostDoesNot()
    {
        Wire.Answer(Operation.ReadModules, request => TestHost.Done(request, new ReadModulesReply { NextCursor = 1 }));
        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(Host.Modules).Errno);

        Wire.Answer(Operation.ReadModules, request => TestHost.Done(request, new ReadModulesReply { TextBytes = 1 }));
        Assert.Equal(Errno.EPROTO, Assert.Throws<HmmException>(Host.Modules).Errno);
    }

    /// <summary>Answers with these parts of a text, one a request.</summary>
    private void Answer(params string[] parts) => Wire.Answer(Operation.ReadModules, request =>
    {
        var cursor = System.Runtime.InteropServices.MemoryMarshal.Read<ReadModulesRequest>(request).Cursor;
        var text = Encoding.UTF8.GetBytes(parts[(int)cursor]);
        var body = new byte[ReadModulesReply.StructBytes - ReplyHeader.StructBytes + text.Length];
        var next = cursor + 1 < (ulong)parts.Length ? cursor + 1 : 0;
        BitConverter.TryWriteBytes(body, next);
        BitConverter.TryWriteBytes(body.AsSpan(8), text.Length);
        text.CopyTo(body.AsSpan(16));
        return TestHost.Done(request, body);
    });
}
