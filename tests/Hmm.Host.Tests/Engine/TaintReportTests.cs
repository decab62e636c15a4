// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.Metrics;
using Hmm.Core;
using Hmm.Core.Modules;
using Hmm.Host.Engine;

namespace Hmm.Host.Tests.Engine;

/// <summary>A taint shows in the meter, in the host's lines, and in the report of a fatal error.</summary>
[Collection("Descriptors")]
public sealed class TaintReportTests : IDisposable
{
    private static readonly string s_output = Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory);

    private readonly HostEngine _engine = new(new HostOptions
    {
        BudgetBytes = 16 << 20,
        Devices = ["memory,size=1MiB,name=ram"],
        ModuleFolder = Path.Combine(s_output, "../../Hmm.Host", Path.GetFileName(s_output), "modules"),
    });

    public void Dispose()
    {
        _engine.Dispose();
        ErrorReport.Taint = null;
    }

    [Fact]
    public void AHostWithItsOwnModulesIsNotTainted()
    {
        Assert.Equal("line", ErrorReport.OfLine("line"));
        Assert.Equal("Hmm.NET: corruption: broken [Not tainted]", ErrorReport.OfCorruption("broken"));
        var values = Observe();
        Assert.Equal(0, values["hmm.taint"].Single().Value);
        Assert.DoesNotContain("hmm.taint.reasons", values.Keys);
        Assert.Equal(16 << 20, values["hmm.dram.limit"].Single().Value);
        Assert.Equal(0, values["hmm.sessions"].Single().Value);
        Assert.Equal(
            "module=Hmm.Modules.Memory,state=live,taint=-", Assert.Single(values["hmm.modules"]).Tags);
        Assert.Equal("device=ram", Assert.Single(values["hmm.device.read"]).Tags);
    }

    [Fact]
    public void ATaintedHostSaysSoEverywhere()
    {
        _engine.Modules.Taints.Add(Taint.OutOfTree | Taint.Unsigned, "Other", "It comes from elsewhere.");

        Assert.Equal("line [Tainted: OE]", ErrorReport.OfLine("line"));
        Assert.Equal("Hmm.NET: corruption: broken [Tainted: OE]", ErrorReport.OfCorruption("broken"));
        var values = Observe();
        Assert.Equal((1 << 12) + (1 << 13), values["hmm.taint"].Single().Value);
        Assert.Equal(
            ["taint=O,source=Other", "taint=E,source=Other"], values["hmm.taint.reasons"].Select(value => value.Tags));
    }

    [Fact]
    public void BeforeThereIsAHostAReportSaysThat()
    {
        ErrorReport.Taint = null;

        Assert.Equal("Hmm.NET: corruption: broken [no host]", ErrorReport.OfCorruption("broken"));
        Assert.Equal("line", ErrorReport.OfLine("line"));
    }

    /// <summary>The page names every instrument, and no other.</summary>
    [Fact]
    public void ThePageHasEveryInstrument()
    {
        var folder = new DirectoryInfo(s_output);
        while (!File.Exists(Path.Combine(folder!.FullName, "docs/reference/metrics.md")))
        {
            folder = folder.Parent;
        }

        var page = File.ReadAllLines(Path.Combine(folder.FullName, "docs/reference/metrics.md"));
        var named = page.Where(line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(line => line.Split('`')[1]);
        Assert.Equal(Instruments().Order(), named.Order());
    }

    private static List<string> Instruments()
    {
        var names = new List<string>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, _) =>
            {
                if (instrument.Meter.Name == HostMetrics.MeterName)
                {
                    names.Add(instrument.Name);
                }
            },
        };
        listener.Start();
        return [.. names.Distinct()];
    }

    private static Dictionary<string, List<(long Value, string Tags)>> Observe()
    {
        var values = new Dictionary<string, List<(long Value, string Tags)>>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name == HostMetrics.MeterName)
                {
                    self.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) =>
        {
            if (!values.TryGetValue(instrument.Name, out var list))
            {
                values.Add(instrument.Name, list = []);
            }

            list.Add((value, string.Join(',', tags.ToArray().Select(tag => $"{tag.Key}={tag.Value}"))));
        });
        listener.Start();
        listener.RecordObservableInstruments();
        return values;
    }
}
