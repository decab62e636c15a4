// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Spaces;

/// <summary>Memory that the kernel pages: a mapped file, or anonymous memory with swap behind it.</summary>
internal sealed class KernelSpace : IBenchSpace
{
    private readonly KernelMapping _mapping; // immutable
    private readonly bool _flushes; // immutable

    private KernelSpace(KernelMapping mapping, bool flushes)
    {
        _mapping = mapping;
        _flushes = flushes;
    }

    /// <inheritdoc/>
    public nint Address => _mapping.Address;

    /// <inheritdoc/>
    public long Pages => (long)(_mapping.LengthBytes / PageWriter.PageBytes);

    /// <inheritdoc/>
    public ulong ResidentBytes => 0; // The group's own count stands for it.

    /// <inheritdoc/>
    public Statistics Statistics => default;

    /// <inheritdoc/>
    public int HostProcessId => 0;

    internal static KernelSpace OfFile(BenchPlan plan, MappingAdvice advice)
    {
        var access = plan.Writes ? FileAccess.ReadWrite : FileAccess.Read;
        using var file = File.OpenHandle(plan.FilePath, FileMode.Open, access, FileShare.ReadWrite);
        var mapping = KernelMapping.OfFile(file, (ulong)plan.SizeBytes, plan.Writes);
        if (advice != MappingAdvice.None)
        {
            mapping.Advise(advice);
        }

        return new KernelSpace(mapping, plan.Writes);
    }

    internal static KernelSpace Anonymous(BenchPlan plan) =>
        new(KernelMapping.Anonymous((ulong)plan.SizeBytes), flushes: false);

    /// <inheritdoc/>
    public void Flush()
    {
        if (_flushes)
        {
            _mapping.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _mapping.Dispose();
}
