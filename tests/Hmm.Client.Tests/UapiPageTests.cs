// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Hmm.Uapi;

namespace Hmm.Client.Tests;

/// <summary>
/// docs/reference/uapi.md is the truth for clients in other languages: it and the code must say the
/// same.
/// </summary>
public sealed class UapiPageTests
{
    private static readonly string s_page = Repository.Read("docs/reference/uapi.md");

    public static TheoryData<Type> Structs() =>
        [.. typeof(Limits).Assembly.GetExportedTypes().Where(type => type.GetField("StructBytes") is not null)];

    public static TheoryData<Type> Enums() =>
        [.. typeof(Limits).Assembly.GetExportedTypes().Where(type => type.IsEnum && type != typeof(Errno))];

    [Theory]
    [MemberData(nameof(Structs))]
    public void HasEveryFieldAtItsOffset(Type type)
    {
        var size = (int)type.GetField("StructBytes")!.GetRawConstantValue()!;
        var rows = Repository.Table(Repository.Section(s_page, $"### {type.Name} ({size} bytes)"));
        var fields = type.GetFields(BindingFlags.Public | BindingFlags.Instance);
        var expected = fields.Select(field => new[]
        {
            field.GetCustomAttribute<FieldOffsetAttribute>()!.Value.ToString(CultureInfo.InvariantCulture),
            WireType(field.FieldType),
            field.Name,
        });

        Assert.Equal(expected, rows.Select(row => row[..3]));
        Assert.Equal(size, SizeOf(type));
        Assert.Equal(size, fields.Sum(field => SizeOf(field.FieldType)));
    }

    [Theory]
    [MemberData(nameof(Enums))]
    public void HasEveryValue(Type type)
    {
        var underlying = WireType(Enum.GetUnderlyingType(type));
        var rows = Repository.Table(Repository.Section(s_page, $"### {type.Name} ({underlying})"));
        var expected = Enum.GetValues(type).Cast<object>().Select(value => new[]
        {
            Convert.ToUInt64(value, CultureInfo.InvariantCulture).ToString(CultureInfo.InvariantCulture),
            value.ToString()!,
        });

        Assert.Equal(expected, rows.Select(row => row[..2]));
    }

    [Fact]
    public void HasEveryLimit()
    {
        var rows = Repository.Table(Repository.Section(s_page, "## Limits"));
        var constants = typeof(Limits).GetFields(BindingFlags.Public | BindingFlags.Static);
        var expected = constants.Select(constant => new[]
        {
            constant.Name,
            Convert.ToString(constant.GetRawConstantValue(), CultureInfo.InvariantCulture)!,
        });

        Assert.Equal(expected, rows.Select(row => row[..2]));
    }

    [Fact]
    public void HasEveryOperation()
    {
        var rows = Repository.Table(Repository.Section(s_page, "## Operations"));
        var operations = Enum.GetValues<Operation>()[1..];
        var expected = operations.Select(operation => new[] { $"{(int)operation}", $"{operation}" });

        Assert.Equal(expected, rows.Select(row => row[..2]));
    }

    [FactWithCompiler]
    public void HasAClientThatCompilesAndRuns()
    {
        var source = Path.Combine(Path.GetTempPath(), $"hmm-{Guid.NewGuid():N}.c");
        var program = Path.ChangeExtension(source, null);
        var start = s_page.IndexOf("```c\n", StringComparison.Ordinal) + 5;
        File.WriteAllText(source, s_page[start..s_page.IndexOf("```", start, StringComparison.Ordinal)]);
        try
        {
            Run("cc", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-o", program, source);
            using var host = new TestHost();
            Assert.Equal("range 1 had 5 faults\n", Run(program, host.SocketPath));
        }
        finally
        {
            File.Delete(source);
            File.Delete(program);
        }
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        Assert.True(process.WaitForExit(30_000), $"{program} does not end");
        Assert.True(process.ExitCode == 0, $"{program} ended with {process.ExitCode}: {error.Result}");
        return output;
    }

    private static string WireType(Type type) => type switch
    {
        _ when type == typeof(FixedName) => "name",
        _ when type == typeof(FixedText) => "text",
        _ when type == typeof(byte) => "u8",
        _ when type == typeof(ushort) => "u16",
        _ when type == typeof(uint) => "u32",
        _ when type == typeof(ulong) => "u64",
        _ when type == typeof(int) => "i32",
        { IsEnum: true } => WireType(Enum.GetUnderlyingType(type)),
        _ => type.Name,
    };

    private static int SizeOf(Type type) =>
        (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;
}
