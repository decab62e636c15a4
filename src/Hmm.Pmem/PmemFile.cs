// SPDX-License-Identifier: GPL-2.0-or-later
using Hmm.Linux;
using Hmm.Uapi;

namespace Hmm.Pmem;

/// <summary>The real file: held by this process alone, as long as it is open.</summary>
/// <remarks>Thread-safety: as <see cref="IPmemFile"/>; reads and writes from any thread.</remarks>
public sealed class PmemFile : IPmemFile
{
    private readonly HeldFile _file; // immutable

    private PmemFile(HeldFile file, string name)
    {
        _file = file;
        Name = name;
        LengthBytes = file.LengthBytes;
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public ulong LengthBytes { get; }

    /// <summary>Opens a file that exists.</summary>
    /// <exception cref="HmmException">
    /// ENOENT, EACCES, EISDIR. EBUSY: another process, which the sentence names, or this one, holds it.
    /// </exception>
    public static PmemFile Open(string path, bool writable = true)
    {
        var file = HeldFile.Open(path, writable);
        try
        {
            return new PmemFile(file, path);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>
    /// Creates a file with an empty store. It has its name only once it is whole, so a crash on the way leaves no file
    /// that looks like a damaged one.
    /// </summary>
    /// <exception cref="HmmException">EEXIST: something has the name. ENOSPC, EACCES, EINVAL: the size.</exception>
    public static PmemFile Create(string path, ulong lengthBytes, int kept, ulong timeNs)
    {
        var unfinished = $"{path}.{Environment.ProcessId}.new";
        var held = HeldFile.Create(unfinished);
        try
        {
            held.SetLength(lengthBytes);
            var file = new PmemFile(held, path);
            PmemStore.Format(file, kept, timeNs);
            File.Move(unfinished, path, overwrite: false);
            return file;
        }
        catch (Exception exception)
        {
            held.Dispose();
            File.Delete(unfinished);
            if (exception is IOException and not HmmException)
            {
                throw new HmmException(
                    Errno.EEXIST, $"\"{path}\" could not be named: {exception.Message}", exception);
            }

            throw;
        }
    }

    /// <inheritdoc cref="HeldFile.TryMap"/>
    public FileMapping? TryMap(bool synchronous) => _file.TryMap(synchronous);

    /// <inheritdoc/>
    public Errno Read(ulong offset, Span<byte> buffer) => _file.Read(offset, buffer);

    /// <inheritdoc/>
    public Errno Write(ulong offset, ReadOnlySpan<byte> buffer) => _file.Write(offset, buffer);

    /// <inheritdoc/>
    public Errno Sync() => _file.Sync();

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
