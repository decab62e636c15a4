// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text;
using Hmm.Core.Modules;
using Hmm.Core.Modules.Exports;
using Hmm.Core.Modules.Loading;
using Hmm.Host.Engine;

namespace Hmm.Host.Tests.Engine;

/// <summary>The lines that the host sends about modules, as docs/reference/uapi.md describes them.</summary>
public sealed class ModuleLinesTests
{
    private static readonly ModuleInfo s_module = new(
        "M",
        "/m/M.dll",
        "00ff",
        "GPL",
        "An\tAuthor",
        "Two\nlines",
        Version: null,
        Contract: 1,
        ModuleState.Live,
        Taint.OutOfTree | Taint.Unsigned,
        ["device a", "module B"],
        ["C"],
        [new ParameterInfo("size", ModuleParameterType.Size, "1MiB", "how large")],
        ["M.X"],
        ["Hmm.Core.Y"]);

    [Fact]
    public void AModuleIsABlock() => Assert.Equal(
        [
            "module\tM", "path\t/m/M.dll", "hash\t00ff", "license\tGPL", "author\tAn?Author", "description\tTwo?lines",
            "contract\t1", "state\tlive", "taint\tOE", "user\tdevice a", "user\tmodule B", "dependency\tC",
            "parameter\tsize\tsize\t1MiB\thow large", "export\tM.X", "use\tHmm.Core.Y",
        ],
        ModuleLines.Of(s_module));

    [Fact]
    public void AnInspectionSaysWhatLoadingWouldComeTo()
    {
        var lines = ModuleLines.Of(new ModuleInspection(s_module, ["D"], "It is refused.")).ToList();

        Assert.Contains("state\tnot-loaded", lines);
        Assert.Equal(["missing\tD", "refusal\tIt is refused."], lines[^2..]);
    }

    [Fact]
    public void AnExportHasTheColumnsOfSymversAndItsUsers()
    {
        var export = new Export("A.B()", "A", ExportClass.GplOnly, null, ["x", "y"], 0x1f, "A.B()", null);

        Assert.Equal(
            "0x0000001f\tA.B()\tA\tEXPORT_SYMBOL_GPL\tmodule:x,y\tM,N",
            ModuleLines.Of(new ExportUse(export, ["M", "N"])));
    }

    /// <summary>However the room falls on the lines, all of them come, whole, in order and once.</summary>
    [Fact]
    public void PartsJoinToTheWhole()
    {
        var lines = Enumerable.Range(0, 40).Select(i => new string((char)('a' + (i % 26)), i * 7 % 31)).ToList();
        var whole = string.Concat(lines.Select(line => line + "\n"));
        for (var room = 32; room < 700; room++)
        {
            var (text, cursor) = (new StringBuilder(), 0UL);
            do
            {
                var part = new byte[room];
                var bytes = ModuleLines.Write(lines, ref cursor, part);
                Assert.Equal((byte)'\n', part[bytes - 1]);
                text.Append(Encoding.UTF8.GetString(part, 0, bytes));
            }
            while (cursor != 0);
            Assert.Equal(whole, text.ToString());
        }
    }

    [Fact]
    public void ALineThatDoesNotFitIsCutBetweenCharacters()
    {
        var (part, cursor) = (new byte[9], 0UL);

        var bytes = ModuleLines.Write(["\u20ac\u20ac\u20ac\u20ac", "next"], ref cursor, part);
        Assert.Equal("\u20ac\u20ac\n", Encoding.UTF8.GetString(part, 0, bytes));
        Assert.Equal(1UL, cursor);
        bytes = ModuleLines.Write(["\u20ac\u20ac\u20ac\u20ac", "next"], ref cursor, part);
        Assert.Equal("next\n", Encoding.UTF8.GetString(part, 0, bytes));
        Assert.Equal(0UL, cursor);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(ulong.MaxValue)]
    public void ACursorBeyondTheEndReadsNothing(ulong cursor)
    {
        Assert.Equal(0, ModuleLines.Write(["only"], ref cursor, new byte[16]));
        Assert.Equal(0UL, cursor);
    }
}
