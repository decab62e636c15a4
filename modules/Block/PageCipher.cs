// SPDX-License-Identifier: GPL-2.0-or-later
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace Hmm.Modules.Block;

/// <summary>
/// AES-256-GCM for pages, with a key that is made here, lives in this process's memory and goes with it: what is left
/// on a disk is noise. The nonce is the number of the write, counted from 1 under this key, so none is used twice.
/// The tags stay in memory: whoever changes a page on the disk cannot make one that fits.
/// </summary>
/// <remarks>
/// Threads: any. An <see cref="AesGcm"/> serves one call at a time, so as many are kept as calls usually run at once.
/// </remarks>
internal sealed unsafe class PageCipher : IDisposable
{
    private const int KeyBytes = 32;
    private const int NonceBytes = 12;
    private const int PageBytes = 4096;

    private readonly byte[] _key; // pinned, so that the collector makes no copies; zeroed when this goes
    private readonly AesGcm?[] _idle; // Guarded by: atomic, each
    private ulong _writes; // Guarded by: atomic

    /// <summary>Makes a key of its own.</summary>
    public PageCipher()
    {
        _key = GC.AllocateArray<byte>(KeyBytes, pinned: true);
        RandomNumberGenerator.Fill(_key);
        _idle = new AesGcm?[Math.Max(8, 2 * Environment.ProcessorCount)];
        for (var i = 0; i < _idle.Length; i++)
        {
            _idle[i] = new AesGcm(_key, Seal.TagBytes);
        }
    }

    /// <summary>Encrypts a page where it stands.</summary>
    public void Encrypt(nint page, out Seal seal)
    {
        // Safe because the caller passes a whole frame of its buffer.
        var bytes = new Span<byte>((void*)page, PageBytes);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        seal = new Seal { Number = Interlocked.Increment(ref _writes) };
        MakeNonce(nonce, seal.Number);
        var aes = Rent();
        aes.Encrypt(nonce, bytes, bytes, ((Span<byte>)seal.Tag)[..Seal.TagBytes]);
        Return(aes);
    }

    /// <summary>Decrypts a page where it stands; false, and a page of no use: it is not what was encrypted.</summary>
    public bool TryDecrypt(nint page, in Seal seal)
    {
        // Safe because the caller passes a whole frame of its buffer.
        var bytes = new Span<byte>((void*)page, PageBytes);
        Span<byte> nonce = stackalloc byte[NonceBytes];
        MakeNonce(nonce, seal.Number);
        var aes = Rent();
        try
        {
            aes.Decrypt(nonce, bytes, (ReadOnlySpan<byte>)seal.Tag, bytes);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            return false;
        }
        finally
        {
            Return(aes);
        }
    }

    /// <summary>Forgets the key.</summary>
    public void Dispose()
    {
        foreach (var aes in _idle)
        {
            aes?.Dispose();
        }

        CryptographicOperations.ZeroMemory(_key);
    }

    private static void MakeNonce(Span<byte> nonce, ulong number)
    {
        nonce[..(NonceBytes - sizeof(ulong))].Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(nonce[(NonceBytes - sizeof(ulong))..], number);
    }

    private AesGcm Rent()
    {
        foreach (ref var slot in _idle.AsSpan())
        {
            if (Volatile.Read(ref slot) is not null && Interlocked.Exchange(ref slot, null) is { } aes)
            {
                return aes;
            }
        }

        return new AesGcm(_key, Seal.TagBytes);
    }

    private void Return(AesGcm aes)
    {
        foreach (ref var slot in _idle.AsSpan())
        {
            if (Volatile.Read(ref slot) is null && Interlocked.CompareExchange(ref slot, aes, null) is null)
            {
                return;
            }
        }

        aes.Dispose();
    }
}
