// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Uapi;
using Hmm.Uapi.Messages;

namespace Hmm.Host.Tests.Sessions;

public sealed class ModuleOperationTests : SessionFixture
{
    [Theory]
    [InlineData(LoadFlags.None)]
    [InlineData(LoadFlags.Force)]
    public void LoadsAModule(LoadFlags flags)
    {
        Open();
        var longest = "Hmm.Modules.Long,name=" + new string('n', 425);
        var request = new LoadModuleRequest { Specification = FixedText.Create(longest), Flags = flags };

        Assert.Equal(Errno.None, Client.Call(Operation.LoadModule, request).Errno);
        Assert.Contains($"LoadModule {longest} {flags == LoadFlags.Force}", Operations.Calls);
    }

    [Fact]
    public void UnloadsAModuleOrSaysWhoUsesIt()
    {
        Open();
        var request = new UnloadModuleRequest { Name = FixedText.Create("Hmm.Modules.Block") };
        Operations.Failure = new HmmException(Errno.EBUSY, "It is used by device block0.");
        var busy = Client.Call(Operation.UnloadModule, request);

        Assert.Equal(Errno.EBUSY, busy.Errno);
        Assert.Equal("It is used by device block0.", busy.Text);
        Assert.Equal(Errno.None, Client.Call(Operation.UnloadModule, request).Errno);
        Assert.Contains("UnloadModule Hmm.Modules.Block", Operations.Calls);
    }

    [Fact]
    public void ReadsATextInParts()
    {
        Open();
        Operations.ModuleLines = [new string('a', 20_000), new string('b', 20_000), "\u00fc"];
        var request = new ReadModulesRequest { Kind = ModuleText.Module, Name = FixedText.Create("M") };
        var text = "";
        var parts = 0;
        do
        {
            var reply = Client.Call(Operation.ReadModules, request);
            Assert.True(Wire.TryReadPrefix(reply.Bytes, out ReadModulesReply page));
            Assert.Equal(reply.Bytes.Length - ReadModulesReply.StructBytes, (int)page.TextBytes);
            text += Encoding.UTF8.GetString(reply.Bytes.AsSpan(ReadModulesReply.StructBytes));
            request.Cursor = page.NextCursor;
            parts++;
        }
        while (request.Cursor != 0);

        Assert.Equal(2, parts);
        Assert.Equal(string.Concat(Operations.ModuleLines.Select(line => line + "\n")), text);
        Assert.Equal(["ReadModules Module M 0", "ReadModules Module M 1"], Reads());
    }

    [Fact]
    public void AnEmptyTextIsOneReply()
    {
        Open();
        var reply = Client.Call(Operation.ReadModules, new ReadModulesRequest { Kind = ModuleText.Taints });

        Assert.True(Wire.TryReadExact(reply.Bytes, out ReadModulesReply page));
        Assert.Equal((0u, 0UL), (page.TextBytes, page.NextCursor));
    }

    [Fact]
    public void KeepsModulesFromOthers()
    {
        Client.Hello(Features.FileRanges);

        Assert.Equal(Errno.EPERM, Client.Call(Operation.LoadModule, default(LoadModuleRequest)).Errno);
        Assert.Equal(Errno.EPERM, Client.Call(Operation.UnloadModule, default(UnloadModuleRequest)).Errno);
        Assert.Equal(Errno.EPERM, Client.Call(Operation.ReadModules, default(ReadModulesRequest)).Errno);
        Assert.DoesNotContain(Operations.Calls, call => call.Contains("Module", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(ModuleText.Modules)]
    [InlineData(ModuleText.Exports)]
    [InlineData(ModuleText.Taints)]
    public void RefusesANameWhereNoneBelongs(ModuleText kind)
    {
        Open();
        var request = new ReadModulesRequest { Kind = kind, Name = FixedText.Create("M") };

        Assert.Equal(Errno.EBADMSG, Client.Call(Operation.ReadModules, request).Errno);
        Client.AssertClosed();
    }

    [Theory]
    [InlineData(Operation.LoadModule, 16)]
    [InlineData(Operation.UnloadModule, 16)]
    [InlineData(Operation.ReadModules, 32)]
    public void RefusesATextThatIsNone(Operation operation, int offset)
    {
        Open();
        var message = operation switch
        {
            Operation.LoadModule => WireClient.Encode(operation, default(LoadModuleRequest)),
            Operation.UnloadModule => WireClient.Encode(operation, default(UnloadModuleRequest)),
            _ => WireClient.Encode(operation, new ReadModulesRequest { Kind = ModuleText.Module }),
        };
        message[offset] = 0xff;

        var reply = Client.CallBytes(message);
        Assert.Equal(Errno.EBADMSG, reply.Errno);
        Assert.Contains("447 bytes", reply.Text, StringComparison.Ordinal);
        Client.AssertClosed();
    }

    [Fact]
    public void AnswersOthersWhileAModulesInitRuns()
    {
        Open();
        Operations.MayFinish.Reset();
        var load = Client.Send(Operation.LoadModule, default(LoadModuleRequest));
        Eventually(() => Operations.Running == 1, "the load");

        Assert.Equal(1UL, Client.CreateRange());
        Operations.MayFinish.Set();
        Assert.Equal(load, Client.Receive().Header.Header.Tag);
    }

    private string[] Reads() =>
        [.. Operations.Calls.Where(call => call.StartsWith("ReadModules", StringComparison.Ordinal))];
}
