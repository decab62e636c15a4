// SPDX-License-Identifier: GPL-2.0-or-later
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;

namespace Hmm.Cli.Bench.Running;

/// <summary>
/// What one run measured: one JSON object on one line, each field explained in <c>docs/reference/bench.md</c>.
/// </summary>
internal sealed record BenchResult
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.AllowReadingFromString,
    }; // immutable

    public string Backend { get; init; } = "";

    public string Op { get; init; } = "";

    public int Threads { get; init; }

    public string Advice { get; init; } = "";

    public string Device { get; init; } = "";

    public long Size { get; init; }

    public long Budget { get; init; }

    public long Limit { get; init; }

    public ulong Seed { get; init; }

    [JsonPropertyName("read_ahead_kb")]
    public long ReadAheadKib { get; init; }

    [JsonPropertyName("cached0")]
    public double CachedBefore { get; init; }

    public double FillS { get; init; }

    public long WarmOps { get; init; }

    public long WarmWrites { get; init; }

    public double WarmS { get; init; }

    public long Ops { get; init; }

    public long Reads { get; init; }

    public long Writes { get; init; }

    public double Secs { get; init; }

    public double OpsS { get; init; }

    [JsonPropertyName("MB_s")]
    public double MegabytesS { get; init; }

    public double MeanUs { get; init; }

    [JsonPropertyName("p50_us")]
    public double P50Us { get; init; }

    [JsonPropertyName("p90_us")]
    public double P90Us { get; init; }

    [JsonPropertyName("p99_us")]
    public double P99Us { get; init; }

    [JsonPropertyName("p999_us")]
    public double P999Us { get; init; }

    public double MaxUs { get; init; }

    public double SlowFrac { get; init; }

    [JsonPropertyName("fault_p50_us")]
    public double FaultP50Us { get; init; }

    public double HitsBefore { get; init; }

    public double HitsDuring { get; init; }

    public double UserS { get; init; }

    public double SysS { get; init; }

    public double HostCpuS { get; init; }

    [JsonPropertyName("minflt")]
    public long MinorFaults { get; init; }

    [JsonPropertyName("majflt")]
    public long MajorFaults { get; init; }

    public long RdBytes { get; init; }

    public long WrBytes { get; init; }

    [JsonPropertyName("pgpgin_kb")]
    public long PagedInKib { get; init; }

    [JsonPropertyName("pgpgout_kb")]
    public long PagedOutKib { get; init; }

    [JsonPropertyName("pswpin")]
    public long SwappedIn { get; init; }

    [JsonPropertyName("pswpout")]
    public long SwappedOut { get; init; }

    public ulong Faults { get; init; }

    public ulong WpFaults { get; init; }

    public ulong DuplicateFaults { get; init; }

    public ulong FilledPages { get; init; }

    public ulong PrefetchedPages { get; init; }

    public ulong EvictedPages { get; init; }

    public ulong BytesIn { get; init; }

    public ulong BytesOut { get; init; }

    public ulong MemoryWaits { get; init; }

    /// <summary>The most that the kernel counted for the range's pages, looked at every 10 ms.</summary>
    public ulong ResidentPeak { get; init; }

    /// <summary>The most that the memory group held, with the processes' own memory.</summary>
    public long CgMax { get; init; }

    public double StealPct { get; init; }

    public double SyncS { get; init; }

    public double UnmapS { get; init; }

    public double VerifyS { get; init; }

    /// <summary>Values that were not as they must be: reads, and what the check after the run found.</summary>
    public long Bad { get; init; }

    public ulong Sink { get; init; }

    /// <summary>As one line.</summary>
    public override string ToString() => JsonSerializer.Serialize(this, Options);

    /// <summary>As a part of a larger document, with the same names.</summary>
    internal JsonNode ToNode() => JsonSerializer.SerializeToNode(this, Options)!;

    internal static BenchResult Parse(string line) => JsonSerializer.Deserialize<BenchResult>(line, Options)!;
}
