// SPDX-License-Identifier: GPL-2.0-or-later
using System.IO.MemoryMappedFiles;
using Hmm.Cli.Bench.Patterns;
using Hmm.Cli.Bench.Running;
using Hmm.Uapi;

namespace Hmm.Cli.Bench.Spaces;

/// <summary>
/// A file as .NET maps it: <see cref="MemoryMappedFile"/>, which has no way to give the kernel any advice.
/// </summary>
internal sealed unsafe class FileViewSpace : IBenchSpace
{
    private readonly MemoryMappedFile _file; // immutable
    private readonly MemoryMappedViewAccessor _view; // immutable

    internal FileViewSpace(BenchPlan plan)
    {
        var access = plan.Writes ? MemoryMappedFileAccess.ReadWrite : MemoryMappedFileAccess.Read;
        var stream = new FileStream(
            plan.FilePath,
            FileMode.Open,
            plan.Writes ? FileAccess.ReadWrite : FileAccess.Read,
            FileShare.ReadWrite,
            bufferSize: 0);
        _file = MemoryMappedFile.CreateFromFile(
            stream, mapName: null, capacity: 0, access, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, plan.SizeBytes, access);
        Pages = plan.SizeBytes / PageWriter.PageBytes;
        byte* pointer = null;

        // Safe because the view is held until the pointer is given back.
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Address = (nint)pointer + (nint)_view.PointerOffset;
    }

    /// <inheritdoc/>
    public nint Address { get; }

    /// <inheritdoc/>
    public long Pages { get; }

    /// <inheritdoc/>
    public ulong ResidentBytes => 0; // The group's own count stands for it.

    /// <inheritdoc/>
    public Statistics Statistics => default;

    /// <inheritdoc/>
    public int HostProcessId => 0;

    /// <inheritdoc/>
    public void Flush() => _view.Flush();

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
    }
}
