// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Connection;
using Hmm.Linux;
using Hmm.Uapi;
using Microsoft.Extensions.DependencyInjection;

namespace Hmm.Client.Tests;

/// <summary>Alone, because some change the environment.</summary>
[Collection("Alone")]
public sealed class HostStartTests
{
    [Theory]
    [InlineData(0, "at least 2 MiB")]
    [InlineData(-1, "at least 2 MiB")]
    [InlineData((2 << 20) - 1, "at least 2 MiB")]
    [InlineData(long.MaxValue, "larger than")]
    public void RefusesBudgetsThatCannotBe(long bytes, string words)
    {
        var refused = Assert.Throws<ArgumentOutOfRangeException>(
            () => HmmHost.Start(new HmmHostOptions { BudgetBytes = bytes }));
        Assert.Equal(nameof(HmmHostOptions.BudgetBytes), refused.ParamName);
        Assert.Contains(words, refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TakesAQuarterOfTheMemoryByDefault()
    {
        var machine = SystemInfo.TotalMemoryBytes;
        var usable = SystemInfo.TryGetMemoryLimit(out var limit, out _) ? Math.Min(machine, limit) : machine;

        Assert.Equal((long)usable / 4, new HmmHostOptions().Validate());
        Assert.Equal(2 << 20, new HmmHostOptions { BudgetBytes = 2 << 20 }.Validate());
    }

    [Fact]
    public void RefusesDevicesThatCannotBe()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new HmmHostOptions { DeviceSizeBytes = 0 }.Validate());
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new HmmHostOptions { SpinTime = TimeSpan.FromMilliseconds(1.1) }.Validate());
        Assert.Throws<ArgumentException>(() => new HmmHostOptions { Devices = { " " } }.Validate());
    }

    [Fact]
    public void WritesTheOptionsAsACommandLine()
    {
        var options = new HmmHostOptions
        {
            DeviceFolder = "/data",
            DeviceSizeBytes = 1 << 30,
            Devices = { "compressed", "block,size=64GiB" },
        };

        Assert.Equal(
            ["--session-descriptor", "3", "--budget", "4194304"],
            HostProcess.Arguments(new HmmHostOptions(), 4 << 20));
        Assert.Equal(
            [
                "--session-descriptor", "3", "--budget", "4194304", "--device-folder", "/data",
                "--device-size", "1073741824", "--device", "compressed", "--device", "block,size=64GiB",
            ],
            HostProcess.Arguments(options, 4 << 20));
    }

    [Fact]
    public void FindsTheHostInItsPlaces()
    {
        using var program = new TemporaryFile([1]);
        var dll = program.Path + ".dll";
        File.WriteAllBytes(dll, [1]);
        try
        {
            Assert.Equal((program.Path, []), HostLocator.Find(program.Path));
            var (dotnet, arguments) = HostLocator.Find(dll);
            Assert.Equal("dotnet", Path.GetFileName(dotnet));
            Assert.True(File.Exists(dotnet));
            Assert.Equal(["exec", dll], arguments);

            WithVariable(program.Path, () => Assert.Equal(program.Path, HostLocator.Find(null).Program));
        }
        finally
        {
            File.Delete(dll);
        }
    }

    [Fact]
    public void SaysWhereItLookedForAHost()
    {
        AssertMissing(Assert.Throws<HmmException>(() => HostLocator.Find("/no/host.dll")), "/no/host.dll", "HostPath");
        WithVariable(
            "/no/other",
            () => AssertMissing(Assert.Throws<HmmException>(() => HostLocator.Find(null)), "/no/other", "HMM_HOST"));
        WithVariable(
            null,
            () => AssertMissing(Assert.Throws<HmmException>(() => HostLocator.Find(null)), "hmm-host", "Hmm.Host.dll"));
    }

    [Fact]
    public void SaysHowAHostEndedThatEndsAtOnce()
    {
        var refused = Assert.Throws<HmmException>(() => HmmHost.Start(new HmmHostOptions { HostPath = "/bin/false" }));

        Assert.Equal(Errno.ECONNRESET, refused.Errno);
        Assert.Contains("exit code 1", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RegistersOneHostForAContainer()
    {
        var services = new ServiceCollection();
        var configured = false;
        Assert.Same(services, services.AddHmm(options =>
        {
            configured = true;
            options.HostPath = "/bin/false";
        }));

        var descriptor = Assert.Single(services);
        Assert.Equal(typeof(HmmHost), descriptor.ServiceType);
        Assert.Equal(ServiceLifetime.Singleton, descriptor.Lifetime);
        Assert.False(configured);
        Assert.Throws<HmmException>(() => descriptor.ImplementationFactory!(null!));
        Assert.True(configured);
    }

    private static void AssertMissing(HmmException exception, params string[] words)
    {
        Assert.Equal(Errno.ENOENT, exception.Errno);
        Assert.All(words, word => Assert.Contains(word, exception.Message, StringComparison.Ordinal));
    }

    private static void WithVariable(string? value, Action test)
    {
        var before = Environment.GetEnvironmentVariable(HostLocator.Variable);
        Environment.SetEnvironmentVariable(HostLocator.Variable, value);
        try
        {
            test();
        }
        finally
        {
            Environment.SetEnvironmentVariable(HostLocator.Variable, before);
        }
    }
}
