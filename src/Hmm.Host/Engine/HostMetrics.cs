// SPDX-License-Identifier: GPL-2.0-or-later
using System.Diagnostics.Metrics;
using Hmm.Core.Modules;
using Hmm.Core.Physical;

namespace Hmm.Host.Engine;

/// <summary>
/// The host's meter, "Hmm": what a monitoring system reads through <c>System.Diagnostics.Metrics</c>, for example with
/// dotnet-counters. <c>docs/reference/metrics.md</c> explains every instrument.
/// </summary>
/// <remarks>
/// Threads: any. Everything is observed when somebody asks and costs nothing otherwise; the fault path does not know of
/// it.
/// </remarks>
internal sealed class HostMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Hmm";

    private readonly Meter _meter = new(MeterName);
    private readonly HostEngine _engine; // immutable

    public HostMetrics(HostEngine engine)
    {
        _engine = engine;
        Gauge("hmm.sessions", "{session}", "Applications that are connected.", () => engine.Sessions.Count);
        Gauge("hmm.dram.limit", "By", "The DRAM budget.", () => engine.Manager.Budget.Limit << Pfn.Shift);
        Gauge("hmm.dram.used", "By", "DRAM that is taken of it.", () => engine.Manager.Budget.Reserved << Pfn.Shift);
        Gauge("hmm.taint", "{bit}", "Taints as Linux's bits; 0: none.", () => (long)engine.Modules.Taints.Current);
        _meter.CreateObservableGauge(
            "hmm.taint.reasons", TaintReasons, "{reason}", "1 for each taint and who brought it.");
        _meter.CreateObservableGauge("hmm.modules", Modules, "{module}", "1 for each module, loaded or failed.");
        _meter.CreateObservableCounter(
            "hmm.device.read",
            () => Devices(static device => device.Memory.PageMap.Copies.FramesRead << Pfn.Shift),
            "By", "Bytes that devices returned.");
        _meter.CreateObservableCounter(
            "hmm.device.written",
            () => Devices(static device => device.Memory.PageMap.Copies.FramesWritten << Pfn.Shift),
            "By", "Bytes that devices took.");
        _meter.CreateObservableCounter(
            "hmm.device.moved", Moved, "By", "Bytes that went from one device to another.");
        _meter.CreateObservableCounter(
            "hmm.device.errors", () => Devices(static device => device.Memory.PageMap.Copies.Errors),
            "{copy}", "Copies that failed.");
        _meter.CreateObservableGauge(
            "hmm.device.overdue", () => Devices(static device => device.Memory.PageMap.Copies.Overdue),
            "{copy}", "Copies that are past their deadline.");
    }

    /// <inheritdoc/>
    public void Dispose() => _meter.Dispose();

    private void Gauge(string name, string unit, string description, Func<long> observe) =>
        _meter.CreateObservableGauge(name, observe, unit, description);

    private IEnumerable<Measurement<long>> TaintReasons() => _engine.Modules.Taints.Reasons.Select(
        static reason => new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("taint", TaintLedger.Letters(reason.Taint)),
            new KeyValuePair<string, object?>("source", reason.Source)));

    private IEnumerable<Measurement<long>> Modules() => _engine.Modules.Modules.Select(
        static module => new Measurement<long>(
            1,
            new KeyValuePair<string, object?>("module", module.Name),
            new KeyValuePair<string, object?>("state", module.State.ToString().ToLowerInvariant()),
            new KeyValuePair<string, object?>("taint", TaintLedger.Letters(module.Taint))));

    private IEnumerable<Measurement<long>> Moved()
    {
        foreach (var (from, to) in _engine.Devices.Pairs())
        {
            var link = _engine.Manager.Placement.Peers.Between(from.Memory.PageMap, to.Memory.PageMap);
            yield return Moved(link.DirectFrames, from.Name, to.Name, "direct");
            yield return Moved(link.BouncedFrames, from.Name, to.Name, "bounced");
        }
    }

    private static Measurement<long> Moved(long frames, string from, string to, string way) => new(
        frames << Pfn.Shift,
        new KeyValuePair<string, object?>("from", from),
        new KeyValuePair<string, object?>("to", to),
        new KeyValuePair<string, object?>("way", way));

    private IEnumerable<Measurement<long>> Devices(Func<HostDevice, long> observe) =>
        _engine.Devices.Snapshot().Select(device => new Measurement<long>(
            observe(device), new KeyValuePair<string, object?>("device", device.Name)));
}
