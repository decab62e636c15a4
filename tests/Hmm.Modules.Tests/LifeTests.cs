// SPDX-License-Identifier: GPL-2.0-or-later
using System.Runtime.CompilerServices;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Loading;
using Hmm.Uapi;

namespace Hmm.Modules.Tests;

/// <summary>Init, exit, managed resources, use counts, unloading.</summary>
public sealed class LifeTests : IDisposable
{
    private const string Driver = """
        public sealed class Driver : IDeviceDriver
        {
            public string Name => "toy";
            public IReadOnlyList<ParameterInfo> Parameters => new ParameterInfo[0];
            public IDriverDevice CreateDevice(string name, ParameterValues parameters) =>
                throw new HmmException(Errno.ENODEV, "It is a toy.");
        }
        """;

    /// <summary>For calls that hang for good: long enough for those that do not, on a busy machine.</summary>
    private static readonly TimeSpan s_shortDeadline = TimeSpan.FromSeconds(1.5);

    private readonly LoaderFixture _fixture = new();

    public void Dispose() => _fixture.Dispose();

    [Fact]
    public void AnInitThatThrowsIsUndoneNewestFirst()
    {
        var path = _fixture.Compile("Broken", Source.Module("GPL", Driver, init: """
            context.OnExit("first", () => context.Log("undo first"));
            context.RegisterDriver(new Driver());
            context.OnExit("second", () => context.Log("undo second"));
            throw new HmmException(Errno.ENXIO, "There is no such toy.");
            """));

        var error = Assert.Throws<HmmException>(() => _fixture.Loader.Load(path));

        Assert.Equal(Errno.ENXIO, error.Errno);
        Assert.Contains(
            "The init of module Broken failed, and what it had acquired was undone: There is no such toy.",
            error.Message,
            StringComparison.Ordinal);
        Assert.Equal(["Broken: init", "Broken: undo second", "Broken: undo first"], _fixture.Log);
        Assert.Empty(_fixture.Loader.Modules);
        Assert.Empty(_fixture.Loader.Drivers.Snapshot());
    }

    [Fact]
    public void AnInitThatFailedCanBeTriedAgain()
    {
        var path = _fixture.Compile("Moody", Source.Module(
            "GPL",
            assembly: "[assembly: ModuleParameter(\"fail\", ModuleParameterType.Boolean, Default = \"false\")]",
            init: "if (context.Parameters.Boolean(\"fail\")) { throw new InvalidOperationException(\"in a mood\"); }"));

        var error = Assert.Throws<HmmException>(
            () => _fixture.Loader.Load(path, new Dictionary<string, string> { ["fail"] = "true" }));
        Assert.Equal(Errno.EINVAL, error.Errno);

        Assert.Equal(ModuleState.Live, _fixture.Loader.Load(path).State);
    }

    [Theory]
    [InlineData("public Entry2() => throw new HmmException(Errno.EIO, \"constructor\");", "constructor")]
    [InlineData("static Entry2() => throw new HmmException(Errno.EIO, \"static constructor\");", "static constructor")]
    public void AConstructorThatThrowsIsAnInitThatThrows(string constructor, string words)
    {
        var source = Source.Module("GPL").Replace(
            "public sealed class Entry : IModule\n{",
            $"public sealed class Entry2 : IModule {{ {constructor}",
            StringComparison.Ordinal);

        var error = Assert.Throws<HmmException>(() => _fixture.Load("Broken", source));

        Assert.Equal(Errno.EIO, error.Errno);
        Assert.Contains(words, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnUndoThatThrowsIsReportedAndTheRestIsUndone()
    {
        _fixture.Load("Clumsy", Source.Module("GPL", init: """
            context.OnExit("good", () => context.Log("undo good"));
            context.OnExit("bad", () => throw new InvalidOperationException("dropped it"));
            """));

        _fixture.Loader.Unload("Clumsy");

        Assert.Contains("Clumsy: Undoing 'bad' of module Clumsy failed: dropped it", _fixture.Log);
        Assert.Contains("Clumsy: undo good", _fixture.Log);
        Assert.Equal(Taint.Warning, _fixture.Loader.Taints.Current & Taint.Warning);
    }

    [Fact]
    public void AnExitThatThrowsIsReportedAndTheModuleGoes()
    {
        _fixture.Load("Clumsy", Source.Module(
            "GPL", init: "context.OnExit(\"good\", () => context.Log(\"undo "
                + "good\"));", exit: "throw new InvalidOperationException(\"no\");"));

        _fixture.Loader.Unload("Clumsy");

        Assert.Empty(_fixture.Loader.Modules);
        Assert.Contains("Clumsy: undo good", _fixture.Log);
        Assert.Contains("Clumsy: Its exit failed, and it was unloaded all the same: no", _fixture.Log);
    }

    [Fact]
    public void AnInitThatHangsIsReportedAndItsDriversAreWithdrawn()
    {
        using var fixture = new LoaderFixture(o => o with { CallDeadline = s_shortDeadline });
        var release = new ManualResetEventSlim();
        AppDomain.CurrentDomain.SetData("hang", release);
        var path = fixture.Compile("Stuck", Source.Module("GPL", Driver, init: """
            context.RegisterDriver(new Driver());
            context.OnExit("late", () => context.Log("undo late"));
            ((ManualResetEventSlim)AppDomain.CurrentDomain.GetData("hang")!).Wait();
            try { context.OnExit("too late", () => context.Log("undo at once")); } catch (HmmException e)
                { context.Log(e.Errno.ToString()); }
            """));

        var error = Assert.Throws<HmmException>(() => fixture.Loader.Load(path));

        Assert.Equal(Errno.ETIMEDOUT, error.Errno);
        Assert.Contains(
            "The init of module Stuck did not return within 1.5 s", error.Message, StringComparison.Ordinal);
        Assert.Equal(ModuleState.Failed, Assert.Single(fixture.Loader.Modules).State);
        Assert.Empty(fixture.Loader.Drivers.Snapshot());
        Assert.Equal(Taint.Warning, fixture.Loader.Taints.Current & Taint.Warning);
        Assert.Equal(Errno.EBUSY, Assert.Throws<HmmException>(() => fixture.Loader.Unload("Stuck")).Errno);
        Assert.Equal(Errno.EEXIST, Assert.Throws<HmmException>(() => fixture.Loader.Load(path)).Errno);

        // The thread was only abandoned: when it returns after all, it undoes what it had acquired.
        release.Set();
        Assert.True(
            SpinWait.SpinUntil(
                () => fixture.Log.Any(l => l.Contains("can be unloaded now", StringComparison.Ordinal)),
                TimeSpan.FromSeconds(10)));
        Assert.Contains("Stuck: undo at once", fixture.Log);
        Assert.Contains("Stuck: ENODEV", fixture.Log);
        Assert.Contains("Stuck: undo late", fixture.Log);
        fixture.Loader.Unload("Stuck");
        Assert.Empty(fixture.Loader.Modules);
    }

    [Fact]
    public void AnExitThatHangsLeavesAFailedModuleThatNobodyCanUse()
    {
        using var fixture = new LoaderFixture(o => o with { CallDeadline = s_shortDeadline });
        var release = new ManualResetEventSlim();
        AppDomain.CurrentDomain.SetData("hang exit", release);
        fixture.Load("Stuck", Source.Module(
            "GPL",
            Driver + "[ExportSymbol] public static class Lib { public static int F() => 1; }",
            init: "context.RegisterDriver(new Driver());",
            exit: "((ManualResetEventSlim)AppDomain.CurrentDomain.GetData(\"hang exit\")!).Wait();"));

        Assert.Equal(Errno.ETIMEDOUT, Assert.Throws<HmmException>(() => fixture.Loader.Unload("Stuck")).Errno);

        Assert.Equal(ModuleState.Failed, Assert.Single(fixture.Loader.Modules).State);
        Assert.Equal(
            Errno.ENOENT, Assert.Throws<HmmException>(() => fixture.Loader.AcquireDriver("toy", "device t0")).Errno);
        fixture.Refused(
            Errno.ENOENT, "User", Source.Module("GPL", "public class U { public int G() => Lib.F(); }"), "Stuck");
        release.Set();
    }

    [Fact]
    public void AModuleInUseCannotBeUnloadedAndTheUsersAreNamed()
    {
        _fixture.Load(
            "Lib",
            Source.Module(
                "GPL",
                Driver + "[ExportSymbol] public static class Lib { public static int F() => 1; }",
                init: "context.RegisterDriver(new Driver());"));
        _fixture.Load("User", Source.Module("GPL", "public class U { public int G() => Lib.F(); }"), "Lib");
        var lease = _fixture.Loader.AcquireDriver("toy", "device toy0");
        Assert.Equal("Lib", lease.Module);

        var error = Assert.Throws<HmmException>(() => _fixture.Loader.Unload("Lib"));
        Assert.Equal(Errno.EBUSY, error.Errno);
        Assert.Contains("it is used by device toy0, module User", error.Message, StringComparison.Ordinal);

        _fixture.Loader.Unload("User");
        Assert.Contains(
            "device toy0",
            Assert.Throws<HmmException>(() => _fixture.Loader.Unload("Lib")).Message,
            StringComparison.Ordinal);
        lease.Dispose();
        lease.Dispose();
        _fixture.Loader.Unload("Lib");

        Assert.Empty(_fixture.Loader.Modules);
        Assert.DoesNotContain(_fixture.Loader.Exports, e => e.Export.Owner == "Lib");
    }

    [Fact]
    public async Task ADriverIsNeverInUseOfAModuleThatIsGone()
    {
        var path = _fixture.Compile(
            "Busy", Source.Module("GPL", Driver, init: "context.RegisterDriver(new Driver());"));
        using var done = new CancellationTokenSource();
        var held = 0;
        var users = Enumerable.Range(0, 2).Select(user => Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                try
                {
                    using var lease = _fixture.Loader.AcquireDriver("toy", $"device toy{user}");
                    Interlocked.Increment(ref held);
                    Assert.Contains(_fixture.Loader.Modules, m => m.Name == "Busy" && m.State == ModuleState.Live);
                }
                catch (HmmException e) when (e.Errno is Errno.ENOENT or Errno.ENODEV)
                {
                    // The module is not there yet, or is going: both are answers.
                    Thread.Yield();
                }
            }
        })).ToArray();
        var refused = 0;
        for (var round = 0; round < 60; round++)
        {
            _fixture.Loader.Load(path);
            var before = Volatile.Read(ref held);
            SpinWait.SpinUntil(() => Volatile.Read(ref held) > before, TimeSpan.FromSeconds(10));
            for (var unloaded = false; !unloaded;)
            {
                try
                {
                    _fixture.Loader.Unload("Busy");
                    unloaded = true;
                }
                catch (HmmException e) when (e.Errno == Errno.EBUSY)
                {
                    refused++;
                }
            }
        }

        await done.CancelAsync();
        await Task.WhenAll(users);
        Assert.Empty(_fixture.Loader.Modules);
        Assert.True(held >= 60, $"the users came to use the driver {held} times, {refused} unloads were refused");
    }

    [Fact]
    public void AnUnloadedModuleLeavesMemory()
    {
        var context = LoadAndUnload();
        for (var i = 0; i < 50 && context.IsAlive; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.False(context.IsAlive);
    }

    [Fact]
    public void AModuleThatWasUnloadedCanBeLoadedAgain()
    {
        var path = _fixture.Compile("Again", Source.Module("GPL", "[ExportSymbol] public static class Lib { }"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(["Lib"], _fixture.Loader.Load(path).Exports);
            _fixture.Loader.Unload("Again");
        }
    }

    [Fact]
    public void AModuleIsLoadedOnce()
    {
        var path = _fixture.Compile("Once", Source.Module("GPL"));
        _fixture.Loader.Load(path);

        Assert.Equal(Errno.EEXIST, Assert.Throws<HmmException>(() => _fixture.Loader.Load(path)).Errno);
        Assert.Equal(Errno.ENOENT, Assert.Throws<HmmException>(() => _fixture.Loader.Unload("Never")).Errno);
    }

    [Fact]
    public void ADriversNameIsCheckedAndUnique()
    {
        _fixture.Load("First", Source.Module("GPL", Driver, init: "context.RegisterDriver(new Driver());"));
        var second = _fixture.Compile(
            "Second", Source.Module("GPL", Driver, init: "context.RegisterDriver(new Driver());"));
        var badly = _fixture.Compile(
            "Badly",
            Source.Module(
                "GPL",
                Driver.Replace("\"toy\"", "\"My Toy\"", StringComparison.Ordinal),
                init: "context.RegisterDriver(new Driver());"));

        var error = Assert.Throws<HmmException>(() => _fixture.Loader.Load(second));
        Assert.Equal(Errno.EEXIST, error.Errno);
        Assert.Contains("module First offers one of that name already", error.Message, StringComparison.Ordinal);
        Assert.Equal(Errno.EINVAL, Assert.Throws<HmmException>(() => _fixture.Loader.Load(badly)).Errno);
        Assert.Equal("First", Assert.Single(_fixture.Loader.Drivers.Snapshot()).Module);
    }

    [Fact]
    public void ParametersHaveTypesDefaultsAndDescriptions()
    {
        var path = _fixture.Compile("Tuned", Source.Module(
            "GPL",
            assembly: """
                [assembly: ModuleParameter("folder", ModuleParameterType.Text, Description = "where")]
                [assembly: ModuleParameter("size", ModuleParameterType.Size, Default = "64MiB")]
                [assembly: ModuleParameter("depth", ModuleParameterType.Integer, Default = "-3")]
                """,
            init: "var p = context.Parameters; context.Log(p.Text(\"folder\") + p.SizeBytes(\"size\") + "
                + "p.Integer(\"depth\"));"));

        _fixture.Loader.Load(path, new Dictionary<string, string> { ["folder"] = "/x ", ["size"] = "2GiB" });
        Assert.Contains("Tuned: /x 2147483648-3", _fixture.Log);
        _fixture.Loader.Unload("Tuned");

        void Fails(string words, Dictionary<string, string>? given)
        {
            var error = Assert.Throws<HmmException>(() => _fixture.Loader.Load(path, given));
            Assert.Equal(Errno.EINVAL, error.Errno);
            Assert.Contains(words, error.Message, StringComparison.Ordinal);
        }

        Fails("Module Tuned needs a value for 'folder': where", null);
        Fails(
            "Module Tuned has no parameter 'sise'; it has folder, size, depth",
            new() { ["folder"] = "/", ["sise"] = "1" });
        Fails(
            "'size' must be a size such as 4096, 64MiB or 2GiB, and '1.5GiB' is not",
            new() { ["folder"] = "/", ["size"] = "1.5GiB" });
        Fails("and '99999999999TiB' is not", new() { ["folder"] = "/", ["size"] = "99999999999TiB" });
        Fails("'depth' must be a whole number", new() { ["folder"] = "/", ["depth"] = "x" });
    }

    [Fact]
    public void InspectingRunsNothingAndTellsTheVerdict()
    {
        _fixture.Compile(
            "Lib", Source.Module("GPL", "[ExportSymbol] public static class Lib { public static int F() => 1; }"));
        var user = _fixture.Compile(
            "User", Source.Module("GPL", "public class U { public int G() => Lib.F(); }"), "Lib");
        var closed = _fixture.Compile(
            "Closed", Source.Module("Proprietary", "public class U { public CopyBatch? F; }"));

        Assert.Equal(["Lib"], _fixture.Loader.Inspect(user).Missing);
        Assert.Null(_fixture.Loader.Inspect(user).Refusal);
        Assert.Contains("CopyBatch (GPL-only)", _fixture.Loader.Inspect(closed).Refusal, StringComparison.Ordinal);
        Assert.Equal("A test module", _fixture.Loader.Inspect(closed).Module.Description);
        Assert.Empty(_fixture.Log);
        Assert.Empty(_fixture.Loader.Modules);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private WeakReference LoadAndUnload()
    {
        _fixture.Load("Short", Source.Module("GPL"));
        var context = new WeakReference(
            System.Runtime.Loader.AssemblyLoadContext.All.Single(c => c.Name == "module Short"));
        _fixture.Loader.Unload("Short");
        return context;
    }
}
