// SPDX-License-Identifier: MIT
using Hmm.Uapi;

namespace Hmm.Linux;

/// <summary>
/// Working memory of a codec, reused: a call rents one and returns it. As many are kept as calls usually run at once;
/// more are made when they are needed, and freed when they come back.
/// </summary>
/// <remarks>Threads: any, without a lock: a slot is taken by an exchange.</remarks>
internal sealed class CodecContexts : IDisposable
{
    // A host compresses on its reclaim thread or a few workers and decompresses where faults and completions run: more
    // than 8 at once are rare.
    private const int KeptMax = 8;

    private readonly nint[] _kept = new nint[KeptMax]; // Guarded by: atomic, each
    private readonly Func<nint> _create; // immutable
    private readonly Action<nint> _free; // immutable

    internal CodecContexts(Func<nint> create, Action<nint> free)
    {
        _create = create;
        _free = free;
    }

    /// <summary>Takes one for a call.</summary>
    /// <exception cref="HmmException">ENOMEM.</exception>
    internal nint Rent()
    {
        foreach (ref var slot in _kept.AsSpan())
        {
            var context = Volatile.Read(ref slot) == 0 ? 0 : Interlocked.Exchange(ref slot, 0);
            if (context != 0)
            {
                return context;
            }
        }

        var created = _create();
        return created != 0
            ? created
            : throw new HmmException(
                Errno.ENOMEM, "There is no memory for the codec's context; free memory or raise the limit.");
    }

    /// <summary>Gives one back.</summary>
    internal void Return(nint context)
    {
        foreach (ref var slot in _kept.AsSpan())
        {
            if (Volatile.Read(ref slot) == 0 && Interlocked.CompareExchange(ref slot, context, 0) == 0)
            {
                return;
            }
        }

        _free(context);
    }

    /// <summary>Frees those that are kept; none is rented.</summary>
    public void Dispose()
    {
        foreach (ref var slot in _kept.AsSpan())
        {
            var context = Interlocked.Exchange(ref slot, 0);
            if (context != 0)
            {
                _free(context);
            }
        }
    }
}
